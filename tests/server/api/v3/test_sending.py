"""Sending and what comes of it, from the request to pulled receipts and counts (API-2, API-3)."""

from datetime import timedelta
from typing import Any

from db import pull_setting, reply
from db.pull import OF_REPLIES
from domain.carrier import Reply
from domain.region import Region
from domain.serial_no import message_id_of
from tests import bulk, requesting, sending
from tests.sending import CARRIER
from tests.server.api.v3.shop import PHONES, Shop


async def test_each_number_is_answered_and_what_fails_fails_alone(shop: Shop) -> None:
    sent, failed = shop.send(
        "13800000000", "+8610", SignName="Shop0", SessionContext="order 7", ExtendCode="12"
    )
    (message, record) = await requesting.kept(shop.api.console.database)
    assert message_id_of(sent.pop("SerialNo")) == message.id
    assert sent == {
        "PhoneNumber": "+8613800000000",
        "Fee": 1,
        "SessionContext": "order 7",
        "Code": "Ok",
        "Message": "send success",
        "IsoCode": "CN",
    }
    assert failed == {
        "SerialNo": "",
        "PhoneNumber": "+8610",
        "Fee": 0,
        "SessionContext": "",
        "Code": "InvalidParameterValue.IncorrectPhoneNumber",
        "Message": "the number is no mobile number: write + country code and number",
        "IsoCode": "",
    }
    assert (message.state, record.state) == ("queued", "refused")
    assert await bulk.balance(shop.api.console.database, requesting.UIN, shop.api.clock.now) == 999


NUMBER_CODES: dict[str, tuple[dict[str, Any], str]] = {
    "no such signature": (
        {"SignName": "Nobody"},
        "FailedOperation.SignatureIncorrectOrUnapproved",
    ),
    "no such template": ({"TemplateId": "999"}, "FailedOperation.TemplateUnapprovedOrNotExist"),
    "too few values": (
        {"TemplateParamSet": ["A1"]},
        "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
    ),
    "no values": (
        {"TemplateParamSet": None},
        "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
    ),
    "a link": (
        {"TemplateParamSet": ["http://a.test", "b"]},
        "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
    ),
    "too long": (
        {"TemplateParamSet": ["x" * 400, "y" * 400]},
        "InvalidParameterValue.ContentLengthLimit",
    ),
    "a number from elsewhere": (
        {"PhoneNumberSet": ["+85266661234"]},
        "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone",
    ),
}
REQUEST_CODES: dict[str, tuple[dict[str, Any], str]] = {
    "no such application": ({"SmsSdkAppId": "1"}, "InvalidParameterValue.SdkAppIdNotExist"),
    "no application": ({"SmsSdkAppId": "shop"}, "InvalidParameterValue"),
    "no template": ({"TemplateId": "shop"}, "InvalidParameterValue"),
    "nobody": ({"PhoneNumberSet": []}, "MissingParameter.EmptyPhoneNumberSet"),
    "too many": ({"PhoneNumberSet": PHONES[:201]}, "LimitExceeded.PhoneNumberCountLimit"),
    "both regions": (
        {"PhoneNumberSet": [PHONES[0], "+85266661234"]},
        "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber",
    ),
}


async def test_each_mistake_has_its_code_and_only_those_of_numbers_are_kept(shop: Shop) -> None:
    for what, (changes, code) in NUMBER_CODES.items():
        (status,) = shop.send(PHONES[0], **changes)
        assert (what, status["Code"], status["SerialNo"]) == (what, code, "")
    assert len(await requesting.kept(shop.api.console.database)) == len(NUMBER_CODES)
    before = await shop.api.console.digest()
    for what, (changes, code) in REQUEST_CODES.items():
        found, message = shop.sdk.refused("SendSms", **shop.fields(PHONES[0], **changes))
        assert (what, found) == (what, code)
        assert message
    assert await shop.api.console.digest() == before


async def test_each_global_number_has_a_template_of_its_own(shop: Shop) -> None:
    abroad = await bulk.add_parts(
        shop.api.console.database, requesting.UIN, shop.api.clock.now, Region.GLOBAL
    )
    info = {"TemplateId": str(abroad.template_id), "TemplateParamSet": ["A1", "Monday"]}
    app = {"SmsSdkAppId": str(abroad.app_id)}
    one = {**info, "PhoneNumber": "+85266661234", "SessionContext": "x"}
    two = {**info, "PhoneNumber": "+447400123456", "TemplateId": "999"}
    sent, failed = shop.sdk.ask("SendMultiGlobalSms", **app, MultiSmsInfoSet=[one, two])[
        "SendMultiStatusSet"
    ]
    assert (sent["Code"], sent["IsoCode"], sent["SessionContext"]) == ("Ok", "HK", "x")
    assert failed["Code"] == "FailedOperation.TemplateUnapprovedOrNotExist"

    code, _ = shop.sdk.refused("SendMultiGlobalSms", **app, MultiSmsInfoSet=[])
    assert code == "InvalidParameterValue.MultiSmsInfoSetEmpty"
    home = {**info, "PhoneNumber": PHONES[0]}
    code, _ = shop.sdk.refused("SendMultiGlobalSms", **app, MultiSmsInfoSet=[home])
    assert code == "UnsupportedOperation.ContainDomesticPhoneNumber"
    code, message = shop.sdk.refused("SendMultiGlobalSms", **app, MultiSmsInfoSet=[{}])
    assert (code, message.split(" ")[0]) == ("MissingParameter", "MultiSmsInfoSet.0.PhoneNumber")


async def test_receipts_are_pulled_once_and_looked_up_as_often_as_wanted(shop: Shop) -> None:
    app = {"SmsSdkAppId": str(shop.parts.app_id)}
    async with shop.api.console.database.write() as session:
        await pull_setting.switch(
            session, requesting.UIN, shop.parts.app_id, on=True, now=shop.api.clock.now
        )
    first, second = shop.send(*PHONES[:2], SessionContext="order 7")
    assert shop.sdk.ask("PullSmsSendStatus", **app, Limit=100) == {"PullSmsSendStatusSet": []}
    await shop.deliver("DELIVRD", "MK:0001")

    at = int(shop.api.clock.now.timestamp()) + 5
    delivered = {
        "UserReceiveTime": at,
        "CountryCode": "86",
        "SubscriberNumber": PHONES[0].removeprefix("+86"),
        "PhoneNumber": PHONES[0],
        "SerialNo": first["SerialNo"],
        "ReportStatus": "SUCCESS",
        "Description": "DELIVRD",
        "SessionContext": "order 7",
    }
    assert shop.sdk.ask("PullSmsSendStatus", **app, Limit=1) == {
        "PullSmsSendStatusSet": [delivered]
    }
    (failed,) = shop.sdk.ask("PullSmsSendStatus", **app, Limit=100)["PullSmsSendStatusSet"]
    assert (failed["SerialNo"], failed["ReportStatus"], failed["Description"]) == (
        second["SerialNo"],
        "FAIL",
        "MK:0001",
    )
    assert shop.sdk.ask("PullSmsSendStatus", **app, Limit=100) == {"PullSmsSendStatusSet": []}

    shop.api.clock.advance(timedelta(seconds=10))
    asked = {**app, "PhoneNumber": PHONES[0], "BeginTime": at - 60, "Limit": 10, "Offset": 0}
    for _ in range(2):
        found = shop.sdk.ask("PullSmsSendStatusByPhoneNumber", **asked)
        assert found == {"PullSmsSendStatusSet": [delivered]}
    code, message = shop.sdk.refused(
        "PullSmsSendStatusByPhoneNumber", **{**asked, "EndTime": at - 61}
    )
    assert code == "InvalidParameterValue.EndTimeVerifyFail"
    assert message.startswith("EndTime: ")
    code, _ = shop.sdk.refused("PullSmsSendStatusByPhoneNumber", **{**asked, "PhoneNumber": "x"})
    assert code == "InvalidParameterValue.IncorrectPhoneNumber"
    code, _ = shop.sdk.refused("PullSmsSendStatusByPhoneNumber", **{**asked, "Offset": 1})
    assert code == "InvalidParameterValue.OffsetVerifyFail"
    for limit in (0, 101):
        code, _ = shop.sdk.refused("PullSmsSendStatus", **app, Limit=limit)
        assert code == "InvalidParameterValue.LimitVerifyFail"


async def test_replies_are_pulled_once_and_looked_up_as_often_as_wanted(shop: Shop) -> None:
    app = {"SmsSdkAppId": str(shop.parts.app_id)}
    shop.send(PHONES[0], ExtendCode="12")
    await shop.deliver("DELIVRD")
    now = shop.api.clock.now
    (message,) = await requesting.kept(shop.api.console.database)
    said = Reply(PHONES[0], "thanks", now, reference=f"ref-{message.id}")
    async with shop.api.console.database.write() as session:
        await pull_setting.switch(session, requesting.UIN, OF_REPLIES, on=True, now=now)
        await reply.add(session, CARRIER, [said], sending.OPT_OUT)

    shown = {
        "ExtendCode": "12",
        "CountryCode": "86",
        "PhoneNumber": PHONES[0],
        "SignName": "Shop0",
        "ReplyContent": "thanks",
        "ReplyTime": int(now.timestamp()),
        "SubscriberNumber": PHONES[0].removeprefix("+86"),
    }
    pulled = shop.sdk.ask("PullSmsReplyStatus", **app, Limit=100)
    assert pulled == {"PullSmsReplyStatusSet": [shown]}
    assert shop.sdk.ask("PullSmsReplyStatus", **app, Limit=100) == {"PullSmsReplyStatusSet": []}
    shop.api.clock.advance(timedelta(seconds=10))
    asked = {**app, "PhoneNumber": PHONES[0], "BeginTime": 1, "Limit": 10, "Offset": 0}
    for _ in range(2):
        found = shop.sdk.ask("PullSmsReplyStatusByPhoneNumber", **asked)
        assert found == {"PullSmsReplyStatusSet": [shown]}
