"""Who may call: keys, users and signatures, over HTTP with the provider's SDK (API-2, ACC-5)."""

from datetime import timedelta

import pytest

import db
from tests.server.api.v3.client import ALL, Api, Sdk

NUMBERS = {"PhoneNumberSet": ["+8613800138000"]}


def asked(sdk: Sdk) -> str:
    """Parse a number, which takes no data of anybody's; give "Ok" or the refusal's code."""
    try:
        (info,) = sdk.ask("DescribePhoneNumberInfo", **NUMBERS)["PhoneNumberInfoSet"]
    except Exception as error:  # noqa: BLE001 - the SDK's own, which has a code
        code: str = error.get_code()  # type: ignore[attr-defined]  # - as above
        return code
    found: str = info["Code"]
    return found


async def test_a_program_is_its_user(api: Api) -> None:
    account = await api.console.add_account()
    assert asked(await api.sdk(account, ALL)) == "Ok"
    assert asked(await api.sdk(account, name="nobody")) == "AuthFailure.UnauthorizedOperation"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_both_methods_of_the_sdk_are_understood(api: Api, method: str) -> None:
    sdk = await api.sdk(await api.console.add_account(), ALL, method=method)
    assert sdk.ask("DescribePhoneNumberInfo", PhoneNumberSet=["+8613800138000", "x y&z=1"]) == {
        "PhoneNumberInfoSet": [
            {
                "Code": "Ok",
                "Message": "Describe success",
                "NationCode": "86",
                "SubscriberNumber": "13800138000",
                "PhoneNumber": "+8613800138000",
                "IsoCode": "CN",
                "IsoName": "China",
            },
            {
                "Code": "FailedOperation.PhoneNumberParseFail",
                "Message": 'mobile number "x y&z=1" is not a mobile number: write 11 digits of '
                "Mainland China, or country code and number such as +85266661234",
                "NationCode": "",
                "SubscriberNumber": "",
                "PhoneNumber": "x y&z=1",
                "IsoCode": "DEF",
                "IsoName": "Default",
            },
        ]
    }


async def test_the_root_user_needs_no_policy(api: Api) -> None:
    account = await api.console.add_account()
    assert asked(Sdk(api.port, await api.pair(account))) == "Ok"


async def test_a_password_that_is_to_be_changed_concerns_no_program(api: Api) -> None:
    user = await api.user(await api.console.add_account(), ALL)
    pair = await api.pair(user)
    async with api.console.database.write() as session:
        (await session.merge(user)).must_reset = True
    assert asked(Sdk(api.port, pair)) == "Ok"


async def test_keys_and_users_that_are_not_in_use_are_refused(api: Api) -> None:
    user = await api.user(await api.console.add_account(), ALL)
    used, unused = await api.pair(user), await api.pair(user, "inactive")
    assert asked(Sdk(api.port, used)) == "Ok"
    assert asked(Sdk(api.port, unused)) == "AuthFailure.SecretIdNotFound"
    assert asked(Sdk(api.port, ("AKID" + "x" * 32, used[1]))) == "AuthFailure.SecretIdNotFound"
    assert asked(Sdk(api.port, (used[0], unused[1]))) == "AuthFailure.SignatureFailure"

    async with api.console.database.write() as session:
        (await session.merge(user)).disabled = True
    assert asked(Sdk(api.port, used)) == "AuthFailure.SecretIdNotFound"


async def test_a_key_is_refused_from_the_moment_it_is_deleted(api: Api) -> None:
    pair = await api.pair(await api.user(await api.console.add_account(), ALL))
    assert asked(Sdk(api.port, pair)) == "Ok"
    async with api.console.database.write() as session:
        await db.access_key.remove(session, pair[0])
    assert asked(Sdk(api.port, pair)) == "AuthFailure.SecretIdNotFound"


@pytest.mark.parametrize(("minutes", "code"), [(-6, "AuthFailure.SignatureExpire"), (-4, "Ok")])
async def test_a_request_of_another_time_is_refused(api: Api, minutes: int, code: str) -> None:
    _, sdk = await api.organization()
    api.clock.advance(timedelta(minutes=minutes))
    assert asked(sdk) == code


async def test_a_temporary_key_is_none_of_ours(api: Api) -> None:
    pair = await api.pair(await api.user(await api.console.add_account(), ALL))
    sdk = Sdk(api.port, (*pair, "token"))  # type: ignore[arg-type]  # - the SDK's third part
    assert asked(sdk) == "AuthFailure.TokenFailure"


async def test_a_policy_that_is_taken_away_is_in_force_with_the_next_request(api: Api) -> None:
    account = await api.console.add_account()
    user = await api.user(account, ALL)
    sdk = Sdk(api.port, await api.pair(user))
    assert asked(sdk) == "Ok"
    async with api.console.database.write() as session:
        (attachment,) = await db.attachment.of_members(
            session, account.uin, [db.attachment.user_member(user.uin)]
        )
        await session.delete(attachment)
        await db.account.bump_policy_version(session, account.uin)
    assert asked(sdk) == "AuthFailure.UnauthorizedOperation"


async def test_unsigned_payloads_are_taken_as_the_protocol_has_them(api: Api) -> None:
    _, sdk = await api.organization()
    sdk.client.profile.unsignedPayload = True
    assert asked(sdk) == "Ok"
