"""Version 2019-07-11 of the server API, as the SDK of that version speaks it (API-2)."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tencentcloud.sms.v20190711 import models as older_models

from db import pull_setting, reply
from db.pull import OF_REPLIES
from domain.carrier import Reply
from server.api.v3.older import NEWER_ACTIONS, parameters
from server.api.v3.table import OPERATIONS
from tests import requesting, sending
from tests.sending import CARRIER
from tests.server.api.v3.client import ALL, Sdk
from tests.server.api.v3.shop import PHONES, Shop
from tests.server.api.v3.test_signature import form as signature
from tests.server.api.v3.test_template import form as template

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
async def older(shop: Shop) -> Sdk:
    """The shop's program, which speaks the older version."""
    account = shop.account
    pair = await shop.api.pair(await shop.api.user(account, ALL, name="older"))
    return Sdk(shop.api.port, pair, is_older=True)


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - NEWER_ACTIONS))
def test_an_action_takes_whatever_the_older_sdk_can_send(name: str) -> None:
    request = getattr(older_models, f"{name}Request")()
    sent = {field.removeprefix("_"): None for field in vars(request)}
    taken = {field.alias for field in OPERATIONS[name].parameters.model_fields.values()}
    assert set(parameters(sent)) <= taken


def local(seconds: int) -> str:
    """Write a time as the older version does."""
    return datetime.fromtimestamp(seconds, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


async def test_a_message_is_followed_under_the_older_names(shop: Shop, older: Sdk) -> None:
    app, now = {"SmsSdkAppid": str(shop.parts.app_id)}, int(shop.api.clock.now.timestamp())
    async with shop.api.console.database.write() as session:
        for queue in (shop.parts.app_id, OF_REPLIES):
            await pull_setting.switch(
                session, requesting.UIN, queue, on=True, now=shop.api.clock.now
            )
    (sent,) = older.ask(
        "SendSms",
        **app,
        PhoneNumberSet=PHONES[:1],
        TemplateID=str(shop.parts.template_id),
        Sign="Shop0",
        TemplateParamSet=["A1", "Monday"],
        SessionContext="order 7",
    )["SendStatusSet"]
    assert (sent["Code"], sent["SessionContext"]) == ("Ok", "order 7")
    await shop.deliver("DELIVRD")
    (message,) = await requesting.kept(shop.api.console.database)
    said = Reply(PHONES[0], "thanks", shop.api.clock.now, reference=f"ref-{message.id}")
    async with shop.api.console.database.write() as session:
        await reply.add(session, CARRIER, [said], sending.OPT_OUT)

    status = {
        "UserReceiveTime": local(now + 5),
        "UserReceiveUnixTime": now + 5,
        "NationCode": "86",
        "PurePhoneNumber": PHONES[0],
        "PhoneNumber": PHONES[0].removeprefix("+86"),
        "SerialNo": sent["SerialNo"],
        "ReportStatus": "SUCCESS",
        "Description": "DELIVRD",
    }
    answer = {
        "ExtendCode": "",
        "NationCode": "86",
        "PhoneNumber": PHONES[0],
        "Sign": "Shop0",
        "ReplyContent": "thanks",
        "ReplyTime": local(now),
        "ReplyUnixTime": now,
    }
    assert older.ask("PullSmsSendStatus", **app, Limit=9) == {"PullSmsSendStatusSet": [status]}
    assert older.ask("PullSmsReplyStatus", **app, Limit=9) == {"PullSmsReplyStatusSet": [answer]}
    shop.api.clock.advance(timedelta(seconds=10))
    asked = {**app, "PhoneNumber": PHONES[0], "Limit": 9, "Offset": 0}
    times = {"SendDateTime": now - 60, "EndDateTime": now + 10}
    found = older.ask("PullSmsSendStatusByPhoneNumber", **asked, **times)
    assert found == {"PullSmsSendStatusSet": [status]}
    found = older.ask("PullSmsReplyStatusByPhoneNumber", **asked, **times)
    assert found == {"PullSmsReplyStatusSet": [answer]}


async def test_hours_are_numbers_and_packages_have_none(shop: Shop, older: Sdk) -> None:
    app, now = {"SmsSdkAppid": str(shop.parts.app_id)}, int(shop.api.clock.now.timestamp())
    hour = int(f"{shop.api.clock.now.astimezone(SHANGHAI):%Y%m%d%H}")
    span = {**app, "StartDateTime": hour, "EndDataTime": hour, "Limit": 0, "Offset": 0}
    assert older.ask("SendStatusStatistics", **span) == {
        "SendStatusStatistics": {"FeeCount": 0, "RequestCount": 0, "RequestSuccessCount": 0}
    }
    assert older.ask("CallbackStatusStatistics", **span)["CallbackStatusStatistics"]
    (package,) = older.ask("SmsPackagesStatistics", **app, Limit=9, Offset=0)[
        "SmsPackagesStatisticsSet"
    ]
    granted, expires = now - 3_600, now - 3_600 + 365 * 86_400
    package.pop("PackageId")
    assert package == {
        "PackageCreateTime": local(granted),
        "PackageCreateUnixTime": granted,
        "PackageEffectiveTime": local(granted),
        "PackageEffectiveUnixTime": granted,
        "PackageExpiredTime": local(expires),
        "PackageExpiredUnixTime": expires,
        "AmountOfPackage": 1_000,
        "TypeOfPackage": 1,
        "CurrentUsage": 0,
    }


async def test_signatures_and_templates_have_the_older_fields(older: Sdk) -> None:
    fields: dict[str, Any] = signature()
    fields["UsedMethod"] = fields.pop("SignPurpose")
    made = older.ask("AddSmsSign", **fields)["AddSignStatus"]
    assert made == {"SignId": made["SignId"], "SignApplyId": str(made["SignId"])}
    changed = older.ask("ModifySmsSign", SignId=made["SignId"], **fields)
    assert changed == {"ModifySignStatus": made}
    (shown,) = older.ask("DescribeSmsSignList", SignIdSet=[made["SignId"]], International=0)[
        "DescribeSignListStatusSet"
    ]
    assert shown["StatusCode"] == 1

    key = int(older.ask("AddSmsTemplate", **template())["AddTemplateStatus"]["TemplateId"])
    (listed,) = older.ask("DescribeSmsTemplateList", TemplateIdSet=[key], International=0)[
        "DescribeTemplateStatusSet"
    ]
    assert (listed["TemplateId"], listed["TemplateName"]) == (key, "Sign-in")


async def test_a_field_is_given_under_one_name(older: Sdk) -> None:
    code, message = older.refused("SendSms", PhoneNumberSet=["1"], TemplateID="1")
    assert (code, message) == (
        "MissingParameter",
        "SmsSdkAppId is missing: this action needs it",
    )
    with pytest.raises(Exception, match='"SmsSdkAppId" is given under two names'):
        older.client.call_json("SendSms", {"SmsSdkAppid": "1", "SmsSdkAppId": "1"})
