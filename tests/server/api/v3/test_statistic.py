"""Counts, packages and records over the server API (API-2, STA-1, STA-2, PKG-1)."""

from datetime import timedelta
from typing import Any

from domain.serial_no import message_id_of
from tests.server.api.v3.shop import PHONES, Shop


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
    ("SendStatusStatistics", {"BeginTime": "1999123123"}, "BeginTimeVerifyFail"),
    ("SendStatusStatistics", {"EndTime": "3000010100"}, "EndTimeVerifyFail"),
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
    code, _ = shop.sdk.refused("SmsPackagesStatistics", **{**asked, "EndTime": None})
    assert code == "MissingParameter"
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
