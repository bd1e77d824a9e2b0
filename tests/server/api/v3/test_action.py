"""Every action: it takes what the SDK can send, and does nothing without a grant (CAM-10)."""

import time
from datetime import timedelta
from typing import Any

import pytest
from tencentcloud.sms.v20210111 import models

from graph.errors import Forbidden
from graph.grant import Grant
from policies.actions import CATALOGUE, Access
from server.api.v3.table import OPERATIONS
from tests.access import KEY_CREATE, Company, allow, deny
from tests.server.api.v3.client import ALL, LIMITED, NEWER, READ_ONLY, Api, Sdk
from tests.server.api.v3.test_signature import form as signature
from tests.server.api.v3.test_template import form as template

DENIED = "AuthFailure.UnauthorizedOperation"
SPAN = {"BeginTime": "2026010100", "EndTime": "2026010123"}
BY_NUMBER = {"PhoneNumber": "+8613800138000", "BeginTime": 1, "Limit": 10, "Offset": 0}


def samples(app: str) -> dict[str, dict[str, Any]]:
    """Give each action parameters it takes; `app` is the SDK AppID of an application."""
    of_app = {"SmsSdkAppId": app}
    numbers = {"PhoneNumberSet": ["+8613800138000"]}
    abroad = {"PhoneNumber": "+85266661234", "TemplateId": "1"}
    counted = {**of_app, **SPAN, "Limit": 0, "Offset": 0}
    return {
        "SendSms": {**of_app, **numbers, "TemplateId": "1", "SignName": "云"},
        "SendMultiGlobalSms": {**of_app, "MultiSmsInfoSet": [abroad]},
        "AddSmsSign": signature(),
        "ModifySmsSign": {**signature(), "SignId": 1},
        "DeleteSmsSign": {"SignId": 1},
        "DescribeSmsSignList": {"International": 0},
        "AddSmsTemplate": template(),
        "ModifySmsTemplate": {**template(), "TemplateId": 1},
        "DeleteSmsTemplate": {"TemplateId": 1},
        "DescribeSmsTemplateList": {"International": 0},
        "PullSmsSendStatus": {**of_app, "Limit": 10},
        "PullSmsReplyStatus": {**of_app, "Limit": 10},
        "PullSmsSendStatusByPhoneNumber": {**of_app, **BY_NUMBER},
        "PullSmsReplyStatusByPhoneNumber": {**of_app, **BY_NUMBER},
        "SendStatusStatistics": counted,
        "CallbackStatusStatistics": counted,
        "SmsPackagesStatistics": counted,
        "DescribePhoneNumberInfo": numbers,
        "DescribeSendRecordList": {
            **of_app,
            "PhoneNumber": "+8613800138000",
            "BeginTime": int(time.time()) - 3_600,
        },
    }


def test_every_action_has_a_sample() -> None:
    assert set(samples("1")) == set(OPERATIONS)


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - NEWER))
def test_an_action_takes_exactly_what_the_sdk_can_send(name: str) -> None:
    sent = {field.removeprefix("_") for field in vars(getattr(models, f"{name}Request")())}
    taken = {field.alias for field in OPERATIONS[name].parameters.model_fields.values()}
    assert taken == sent


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_action_is_decided_under_its_published_name(name: str) -> None:
    assert OPERATIONS[name].action is CATALOGUE[f"sms:{name}"]


async def test_without_a_grant_no_action_does_anything(api: Api) -> None:
    account = await api.console.add_account()
    app, sdk = await api.app(account), await api.sdk(account)
    before = await api.console.digest()
    for name, fields in samples(app).items():
        code, message = sdk.refused(name, **fields)
        assert (name, code) == (name, DENIED)
        assert message.startswith(f"name/sms:{name} is not allowed")
    assert await api.console.digest() == before


async def test_the_read_only_preset_reads_and_changes_nothing(api: Api) -> None:
    account = await api.console.add_account()
    app, sdk = await api.app(account), await api.sdk(account, READ_ONLY)
    before = await api.console.digest()
    for name, fields in samples(app).items():
        if OPERATIONS[name].action.access is Access.WRITE:
            assert (name, sdk.refused(name, **fields)[0]) == (name, DENIED)
        else:
            assert sdk.ask(name, **fields)
    assert await api.console.digest() == before


async def test_a_grant_is_asked_for_again_where_something_is_changed(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy taken away after the first decision and before the change is in force."""

    async def taken_away(grant: Grant, *_: object, **__: object) -> None:
        raise Forbidden("taken away meanwhile", action=grant.action.name)

    account, sdk = await api.organization()
    app = await api.app(account)
    monkeypatch.setattr(Grant, "renew", taken_away)
    before = await api.console.digest()
    for name, fields in samples(app).items():
        if OPERATIONS[name].action.access is Access.WRITE and not name.startswith("Modify"):
            assert sdk.refused(name, **fields) == (DENIED, "taken away meanwhile")
    assert await api.console.digest() == before


async def program(api: Api, company: Company, name: str, *statements: dict[str, Any]) -> Sdk:
    """Make a sub-account with a policy of its own, and a key, as an administrator does."""
    policy = await company.policy(name, *statements)
    person = await company.person(name, policy)
    made = await company.done(KEY_CREATE, input={"userId": person.id})
    return Sdk(api.port, (made["accessKey"]["secretId"], made["secretKey"]))


async def test_a_policy_of_ones_own_grants_what_it_says(api: Api) -> None:
    """CAM-4 to CAM-7: server actions have no application level, so `*` is their resource."""
    company = await Company.of(api.console)
    app = await api.app(company.account)
    fields = samples(app)

    reader = await program(api, company, "reader", allow("name/sms:SendStatus*"))
    assert reader.ask("SendStatusStatistics", **fields["SendStatusStatistics"])
    code, _ = reader.refused("CallbackStatusStatistics", **fields["CallbackStatusStatistics"])
    assert code == DENIED

    spelled = await program(api, company, "spelled", allow("name/SMS: SendStatusStatistics "))
    assert spelled.ask("SendStatusStatistics", **fields["SendStatusStatistics"])

    narrow = await program(api, company, "narrow", allow("name/sms:*", company.app(app)))
    code, _ = narrow.refused("SendStatusStatistics", **fields["SendStatusStatistics"])
    assert code == DENIED

    most = await program(
        api, company, "most", allow("name/sms:*"), deny("name/sms:DescribePhoneNumberInfo")
    )
    assert most.ask("SendStatusStatistics", **fields["SendStatusStatistics"])
    code, _ = most.refused("DescribePhoneNumberInfo", **fields["DescribePhoneNumberInfo"])
    assert code == DENIED


async def test_a_condition_on_the_address_holds_for_programs(api: Api) -> None:
    company = await Company.of(api.console)
    here = {"ip_equal": {"qcs:ip": ["127.0.0.0/8"]}}
    elsewhere = {"ip_equal": {"qcs:ip": ["192.0.2.0/24"]}}
    fields = samples("1")["DescribePhoneNumberInfo"]
    near = await program(api, company, "near", allow("name/sms:*", condition=here))
    assert near.ask("DescribePhoneNumberInfo", **fields)
    far = await program(api, company, "far", allow("name/sms:*", condition=elsewhere))
    assert far.refused("DescribePhoneNumberInfo", **fields)[0] == DENIED


async def test_the_applications_of_others_are_not_there(api: Api) -> None:
    _, sdk = await api.organization()
    other = await api.app(await api.console.add_account())
    before = await api.console.digest()
    for name, fields in samples(other).items():
        if "SmsSdkAppId" in fields:
            code, _ = sdk.refused(name, **fields)
            assert (name, code) == (name, "InvalidParameterValue.SdkAppIdNotExist")
    assert await api.console.digest() == before


async def test_an_account_calls_an_action_as_often_as_it_may(api: Api) -> None:
    account, sdk = await api.organization()
    second = await api.sdk(account, ALL, name="second")
    other = (await api.organization())[1]
    sdk.ask(LIMITED, International=0)
    for place in range(19):
        (sdk, second)[place % 2].ask(LIMITED, International=0)
    assert second.refused(LIMITED, International=0) == (
        "RequestLimitExceeded",
        f"at most 20 {LIMITED} requests a second: ask less often",
    )
    other.ask(LIMITED, International=0)
    api.clock.advance(timedelta(milliseconds=51))
    sdk.ask(LIMITED, International=0)
