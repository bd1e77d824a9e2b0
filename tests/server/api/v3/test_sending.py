"""Sending and what comes of it, from the request to pulled receipts and counts (API-2, API-3)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from db import pull_setting, receipt, reply, submission
from db.pull import OF_REPLIES
from domain.carrier import Receipt, Reply
from domain.region import Region
from domain.serial_no import message_id_of
from tests import bulk, requesting, sending
from tests.bulk import Parts
from tests.sending import CARRIER
from tests.server.api.v3.conftest import ALL, Api, Sdk

PHONES = requesting.PHONES


@dataclass
class Shop:
    """An account with 1,000 units, an application, a signature and a template."""

    api: Api
    sdk: Sdk
    parts: Parts

    def fields(self, *phones: str, **changes: Any) -> dict[str, Any]:
        """Ask for a text to be sent."""
        return {
            "PhoneNumberSet": list(phones),
            "SmsSdkAppId": str(self.parts.app_id),
            "TemplateId": str(self.parts.template_id),
            "TemplateParamSet": ["A1", "Monday"],
            **changes,
        }

    def send(self, *phones: str, **changes: Any) -> list[dict[str, Any]]:
        """Send and give what became of each number."""
        found: list[dict[str, Any]] = self.sdk.ask("SendSms", **self.fields(*phones, **changes))[
            "SendStatusSet"
        ]
        return found

    async def deliver(self, *codes: str) -> None:
        """Let a carrier take what is queued and report these codes, in the order of messages."""
        database, now = self.api.console.database, self.api.clock.now
        async with database.write() as session:
            batch = await sending.taken(session, sending.request(now))
        batch.sort(key=lambda message: message.id)
        async with database.write() as session:
            answers = [sending.accepted(message) for message in batch]
            await submission.record(session, "one", CARRIER, answers, now)
        receipts = [
            Receipt(f"ref-{message.id}", code == "DELIVRD", code, now + timedelta(seconds=5))
            for message, code in zip(batch, codes, strict=True)
        ]
        async with database.write() as session:
            await receipt.apply(session, CARRIER, receipts, now + timedelta(seconds=5))

    def hours(self) -> dict[str, Any]:
        """Ask for the counts of today and yesterday, which the account has by Shanghai's clock."""
        now = self.api.clock.now + timedelta(hours=8)
        return {
            "SmsSdkAppId": str(self.parts.app_id),
            "BeginTime": f"{now - timedelta(days=1):%Y%m%d%H}",
            "EndTime": f"{now:%Y%m%d%H}",
            "Limit": 0,
            "Offset": 0,
        }


@pytest.fixture
async def shop(api: Api) -> Shop:
    """A shop whose program may do everything with SMS."""
    account = await bulk.add_account(api.console.database, api.clock.now, requesting.UIN)
    granted = api.clock.now - timedelta(hours=1)
    await bulk.grant(api.console.database, account.uin, 1_000, granted)
    parts = await bulk.add_parts(api.console.database, account.uin, api.clock.now)
    return Shop(api, await api.sdk(account, ALL), parts)


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


async def test_counts_are_those_of_the_console(shop: Shop) -> None:
    shop.send(*PHONES[:5], TemplateParamSet=["x" * 80, "y"])  # two segments each
    await shop.deliver("DELIVRD", "-1", "-1017", "-37", "-103")
    shop.send(PHONES[5], SignName="Nobody")
    assert shop.sdk.ask("SendStatusStatistics", **shop.hours()) == {
        "SendStatusStatistics": {"FeeCount": 10, "RequestCount": 6, "RequestSuccessCount": 5}
    }
    counted = shop.sdk.ask("CallbackStatusStatistics", **shop.hours())["CallbackStatusStatistics"]
    assert counted == {
        "InternalErrorCount": 1,
        "InvalidNumberCount": 1,
        "ShutdownErrorCount": 1,
        "BlackListCount": 1,
        "FrequencyLimitCount": 0,
        "CallbackCount": 5,
        "RequestSuccessCount": 5,
        "CallbackFailCount": 4,
        "CallbackSuccessCount": 1,
    }


COUNT_MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("SendStatusStatistics", {"BeginTime": "2026130100"}, "BeginTimeVerifyFail"),
    ("SendStatusStatistics", {"BeginTime": "2026-01-01"}, "BeginTimeVerifyFail"),
    ("SendStatusStatistics", {"BeginTime": "2026010124"}, "BeginTimeVerifyFail"),
    ("SendStatusStatistics", {"BeginTime": "0001010100"}, "BeginTimeVerifyFail"),
    ("SendStatusStatistics", {"EndTime": "9999123123"}, "EndTimeVerifyFail"),
    ("SendStatusStatistics", {"EndTime": "2000010100"}, "InvalidStartTime"),
    ("SendStatusStatistics", {"Limit": 1}, "LimitVerifyFail"),
    ("SendStatusStatistics", {"Offset": 1}, "OffsetVerifyFail"),
    (
        "SendStatusStatistics",
        {"BeginTime": "2026010100", "EndTime": "2026040300"},
        "EndTimeVerifyFail",
    ),
    (
        "CallbackStatusStatistics",
        {"BeginTime": "2026010100", "EndTime": "2026020200"},
        "EndTimeVerifyFail",
    ),
    ("SmsPackagesStatistics", {"EndTime": "2999010100"}, "EndTimeVerifyFail"),
    ("SmsPackagesStatistics", {"Limit": 501}, "LimitVerifyFail"),
    (
        "SmsPackagesStatistics",
        {"BeginTime": "2026010100", "EndTime": "2026010100"},
        "EndTimeVerifyFail",
    ),
]


async def test_each_mistake_of_a_time_has_its_code(shop: Shop) -> None:
    for action, changes, code in COUNT_MISTAKES:
        found, _ = shop.sdk.refused(action, **{**shop.hours(), **changes})
        assert (changes, found) == (changes, f"InvalidParameterValue.{code}")
    most = {"BeginTime": "2026010100", "EndTime": "2026020123"}
    assert shop.sdk.ask("CallbackStatusStatistics", **{**shop.hours(), **most})


async def test_packages_are_listed_by_when_they_came(shop: Shop) -> None:
    shop.send(PHONES[0])
    asked = {**shop.hours(), "Limit": 500}
    (package,) = shop.sdk.ask("SmsPackagesStatistics", **asked)["SmsPackagesStatisticsSet"]
    granted = int(shop.api.clock.now.timestamp()) - 3_600
    assert isinstance(package.pop("PackageId"), int)
    assert package == {
        "PackageCreateTime": granted,
        "PackageEffectiveTime": granted,
        "PackageExpiredTime": granted + 365 * 86_400,
        "PackageAmount": 1_000,
        "PackageType": 1,
        "CurrentUsage": 1,
    }
    for part in ({"Limit": 0}, {"Offset": 1}):
        answer = shop.sdk.ask("SmsPackagesStatistics", **{**asked, **part})
        assert answer == {"SmsPackagesStatisticsSet": []}


async def test_records_of_a_number_are_shown_with_values_starred_out(shop: Shop) -> None:
    begin = int(shop.api.clock.now.timestamp()) - 60
    app = {"SmsSdkAppId": str(shop.parts.app_id), "PhoneNumber": PHONES[0], "BeginTime": begin}

    def listed(**fields: Any) -> tuple[int, list[dict[str, Any]]]:
        answer = shop.sdk.ask("DescribeSendRecordList", **app, **fields)
        return answer["TotalCount"], answer["SendRecordSet"]

    shop.send(PHONES[0], TemplateId="999")
    for code in ("DELIVRD", "MK:0001"):
        shop.api.clock.advance(timedelta(minutes=1))
        shop.send(PHONES[0])
        await shop.deliver(code)
    shop.api.clock.advance(timedelta(minutes=1))
    total, records = listed()
    assert (total, [record["SendStatus"] for record in records]) == (3, [4, 2, 1])
    failed, delivered, refused = records
    text = "【Shop0】您的订单**将于******送达。"
    sent_at = begin + 60 + 60
    serial_no = delivered.pop("SerialNo")
    assert message_id_of(serial_no)
    assert delivered == {
        "PhoneNumber": PHONES[0],
        "SendStatus": 2,
        "RequestCode": "Ok",
        "StatusCode": "DELIVRD",
        "IsoCode": "CN",
        "Content": text,
        "SendTime": sent_at,
        "UserReceiveTime": sent_at + 5,
    }
    assert (failed["StatusCode"], failed["Content"], failed["UserReceiveTime"]) == (
        "MK:0001",
        text,
        0,
    )
    assert (refused["RequestCode"], refused["StatusCode"], refused["Content"]) == (
        "FailedOperation.TemplateUnapprovedOrNotExist",
        "",
        "",
    )
    assert listed(Limit=1, Offset=1) == (3, [{**delivered, "SerialNo": serial_no}])
    assert listed(Offset=1_000) == (3, [])
    for changes, code in (
        ({"BeginTime": begin - 72 * 3_600}, "BeginTimeVerifyFail"),
        ({"EndTime": begin - 1}, "EndTimeVerifyFail"),
        ({"EndTime": begin + 3_600}, "EndTimeVerifyFail"),
        ({"PhoneNumber": "1"}, "IncorrectPhoneNumber"),
        ({"Limit": 51}, "LimitVerifyFail"),
        ({"Limit": 0}, "LimitVerifyFail"),
        ({"Offset": 1_001}, "OffsetVerifyFail"),
    ):
        found, _ = shop.sdk.refused("DescribeSendRecordList", **{**app, **changes})
        assert (changes, found) == (changes, f"InvalidParameterValue.{code}")
