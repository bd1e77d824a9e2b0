"""What is pushed of receipts and replies, field by field (CFG-2, RPL-1, API-3)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import callback
from domain.callback import ReplyEvent, StatusEvent
from domain.errors import Code, Refused

AT = datetime(2026, 3, 2, 16, 30, 5, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def status(phone: str = "+8613800138000", code: str = "DELIVRD") -> StatusEvent:
    return StatusEvent(
        account_uin=1,
        app_id=2,
        message_id=77,
        phone=phone,
        delivered=code == "DELIVRD",
        code=code,
        at=AT,
    )


def test_a_receipt_of_success_is_told_in_the_time_of_the_account() -> None:
    assert status().payload(SHANGHAI, AT) == {
        "user_receive_time": "2026-03-03 00:30:05",
        "nationcode": "86",
        "mobile": "13800138000",
        "report_status": "SUCCESS",
        "errmsg": "DELIVRD",
        "description": "delivered to the handset",
        "sid": "5000:177246900577",
    }


def test_a_receipt_of_failure_is_told_with_the_carriers_code_and_its_meaning() -> None:
    shown = status("+447700900123", "MK:1008").payload(ZoneInfo("UTC"), AT)
    assert shown["user_receive_time"] == "2026-03-02 16:30:05"
    assert (shown["nationcode"], shown["mobile"]) == ("44", "7700900123")
    assert (shown["report_status"], shown["errmsg"]) == ("FAIL", "MK:1008")
    assert "MK:1008" in shown["description"]


def test_a_reply_is_told_with_the_signature_it_answers() -> None:
    reply = ReplyEvent(
        account_uin=1,
        app_id=1,
        message_id=77,
        phone="+8613800138000",
        text="好的",
        signature_id=5,
        at=AT,
    )
    assert reply.payload("Shop") == {
        "nationcode": "86",
        "mobile": "13800138000",
        "text": "好的",
        "sign": "Shop",
        "time": 1772469005,
    }


def test_the_extend_code_is_told_only_where_there_is_one() -> None:
    reply = ReplyEvent(
        account_uin=1,
        app_id=1,
        message_id=7,
        phone="+1",
        text="",
        signature_id=None,
        at=AT,
        extend="12",
    )
    assert reply.payload("")["extend"] == "12"


@given(
    region=st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)),
)
def test_the_country_code_is_told_apart_as_the_numbering_plan_does(region: str) -> None:
    number = phonenumbers.example_number(region)
    assert number is not None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    shown = status(e164).payload(SHANGHAI, AT)
    assert shown["nationcode"] == str(number.country_code)
    assert f"+{shown['nationcode']}{shown['mobile']}" == e164


@given(digits=st.text("0123456789", max_size=15))
def test_no_digit_of_any_number_is_lost(digits: str) -> None:
    shown = status(f"+{digits}").payload(SHANGHAI, AT)
    assert shown["nationcode"] + shown["mobile"] == digits


def test_an_account_waits_five_seconds_between_two_tests() -> None:
    callback.check_test(None, AT)
    callback.check_test(AT - timedelta(seconds=5), AT)
    with pytest.raises(Refused, match="every 5 s at most") as refusal:
        callback.check_test(AT - timedelta(seconds=4.9), AT)
    assert refusal.value.problems[0].code is Code.TOO_MANY_ATTEMPTS


@given(phone=st.text(max_size=20))
def test_a_number_as_it_was_given_is_told_whatever_it_is(phone: str) -> None:
    """CFG-2: one status that cannot be told would keep all behind it from being pushed."""
    shown = status(phone).payload(SHANGHAI, AT)
    assert phone.removeprefix("+") == shown["nationcode"] + shown["mobile"]
