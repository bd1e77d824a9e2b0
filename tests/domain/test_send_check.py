"""What decides about a send before any list is asked: total, in its order, and bounded (API-1)."""

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import send_check, send_code, template
from domain.number import Number
from domain.outcome import outcomes
from domain.package import allot
from domain.region import IdentityKind, Region, SmsType
from domain.send import GlobalMessage, SendRefused, SendResult
from domain.send_check import Approved, Sender
from domain.send_code import Scope, lookup, send_codes
from domain.template import FULL_TEXT_MOST

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
SHANGHAI = Sender(IdentityKind.ORGANIZATION, ZoneInfo("Asia/Shanghai"))
ORDER = Approved(7, Region.MAINLAND, SmsType.REGULAR, template.compile("Order {1} on {2}"))
texts = st.text(st.characters(), max_size=30)


def messages(*phones: str, params: tuple[str, ...] = ("1", "2")) -> list[GlobalMessage]:
    return [GlobalMessage(phone=phone, template_id=7, params=params) for phone in phones]


class TestCodes:
    """The table of answers."""

    def test_it_agrees_with_the_table_of_outcomes(self) -> None:
        """A record explains a code from there, an answer from here."""
        known = outcomes()
        for each in send_codes().values():
            if each.code != send_code.OK:
                assert (known[each.code].legacy or 1007) == each.legacy, each.code
        assert lookup("Ok").legacy == 0

    def test_every_code_of_a_check_is_about_what_it_refuses(self) -> None:
        of_numbers = (
            send_check.BAD_SIGNATURE,
            send_check.BAD_TEMPLATE,
            send_check.BAD_NUMBER,
            send_check.WRONG_COUNT,
            send_check.TOO_LONG,
            send_check.NOT_PERMITTED,
            send_check.NOT_NOW,
            send_check.NO_BALANCE,
            send_check.NO_QUOTA,
        )
        assert {lookup(code).scope for code in of_numbers} == {Scope.NUMBER}
        of_requests = (send_check.NO_APPLICATION, send_check.DISABLED, send_check.MIXED)
        assert {lookup(code).scope for code in of_requests} == {Scope.REQUEST}

    def test_finer_codes_are_told_as_the_published_one(self) -> None:
        published = "FailedOperation.PhoneNumberInBlacklist"
        assert lookup(f"{published}.Unsubscribed").code == published
        assert lookup("never heard of").code == "InternalError.OtherError"

    def test_a_result_explains_itself(self) -> None:
        result = SendResult(code="Ok", phone="+8613800138000")
        assert (result.ok, result.message) == (True, "send success")
        refused = SendResult(code=send_check.NO_BALANCE, phone="+8613800138000")
        assert (refused.ok, refused.message) == (
            False,
            "the packages hold too few units: buy a package",
        )

    @pytest.mark.parametrize("each", send_codes().values(), ids=lambda each: each.code)
    def test_texts_are_one_lower_case_line(self, each: send_code.SendCode) -> None:
        assert each.message == each.message.strip()
        assert "\n" not in each.message
        assert each.message[0].islower() or each.message.startswith(("SMS", "Global", "a "))


class TestNumbers:
    """All of one region, and at most 200."""

    def test_the_region_is_that_of_any_number(self) -> None:
        items = send_check.read(messages("12345", "13800138000"), only_global=False)
        assert send_check.region_of(items) is Region.MAINLAND
        assert send_check.region_of(send_check.read(messages("x"), only_global=False)) is None

    @pytest.mark.parametrize(
        ("phones", "only_global", "code"),
        [
            ([], False, send_check.NO_NUMBER),
            (["1"] * 201, False, send_check.TOO_MANY),
            (["13800138000", "+85266660001"], False, send_check.MIXED),
            (["13800138000"], True, "UnsupportedOperation.ContainDomesticPhoneNumber"),
        ],
    )
    def test_what_cannot_be_sent_together(
        self, phones: list[str], only_global: bool, code: str
    ) -> None:
        with pytest.raises(SendRefused) as refused:
            send_check.read(messages(*phones), only_global=only_global)
        assert refused.value.code == code

    @given(st.lists(texts, min_size=1, max_size=5))
    def test_no_text_breaks_the_reader_and_records_can_hold_it(self, phones: list[str]) -> None:
        read = [send_check.read(messages(phone), only_global=False)[0] for phone in phones]
        for item in read:
            assert len(item.phone) <= 20
            assert item.phone.isascii()
            assert isinstance(item.number, Number) or item.phone.isprintable()


class TestTexts:
    """Template, region, variables, length: the first that is wrong decides."""

    @given(st.lists(texts, max_size=4))
    def test_a_text_that_passes_can_be_sent_and_is_billed(self, params: list[str]) -> None:
        found = send_check.text_of("Shop", ORDER, Region.MAINLAND, params)
        if found.code is None:
            assert found.whole == f"【Shop】Order {params[0]} on {params[1]}"
            assert 1 <= found.segments <= found.characters <= FULL_TEXT_MOST
        else:
            assert found.whole == ""
            assert lookup(found.code).scope is Scope.NUMBER

    def test_the_first_fault_decides(self) -> None:
        def code(found: Approved | None, region: Region, *params: str) -> str | None:
            return send_check.text_of("Shop", found, region, params).code

        assert code(None, Region.MAINLAND) == send_check.BAD_TEMPLATE
        assert code(ORDER, Region.GLOBAL, "x") == (
            "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone"
        )
        assert code(ORDER, Region.MAINLAND, "x") == send_check.WRONG_COUNT
        long, link = "x" * 501, "http://a.cn/b"
        assert code(ORDER, Region.MAINLAND, long, link) == send_check.WRONG_LENGTH
        assert code(ORDER, Region.MAINLAND, link, "") == send_check.WITH_LINK
        assert code(ORDER, Region.MAINLAND, "x", "") == send_check.WRONG_FORMAT
        assert code(ORDER, Region.MAINLAND, "x" * 490, "y") == send_check.TOO_LONG
        assert code(ORDER, Region.MAINLAND, "x", "y") is None

    @given(st.lists(st.text(max_size=700), max_size=20), st.integers(0, 10))
    def test_a_refused_record_can_be_rendered_and_is_bounded(
        self, params: list[str], variables: int
    ) -> None:
        kept = send_check.kept_params(params, variables)
        assert len(kept) == variables
        assert sum(map(len, kept)) <= FULL_TEXT_MOST
        assert "\x00" not in "".join(kept)

    @pytest.mark.parametrize(("hour", "code"), [(7, send_check.NOT_NOW), (8, None), (21, None)])
    def test_marketing_waits_for_the_day(self, hour: int, code: str | None) -> None:
        at = datetime(2026, 3, 2, hour, 59, tzinfo=SHANGHAI.zone).astimezone(UTC)
        assert send_check.sender_code(SHANGHAI, SmsType.MARKETING, at) == code
        assert send_check.sender_code(SHANGHAI, SmsType.REGULAR, at) is None

    def test_an_individual_sends_no_marketing_at_any_time(self) -> None:
        person = Sender(IdentityKind.INDIVIDUAL, SHANGHAI.zone)
        assert send_check.sender_code(person, SmsType.MARKETING, NOON) == send_check.NOT_PERMITTED


@given(
    needs=st.lists(st.integers(1, 8), max_size=20), held=st.lists(st.integers(0, 20), max_size=6)
)
def test_units_are_allotted_whole_and_never_twice(needs: list[int], held: list[int]) -> None:
    """PKG-4: what is taken is what packages hold, and a message has all it needs or nothing."""
    taken = allot(list(enumerate(needs)), list(enumerate(held)))
    of_message, of_package = Counter[int](), Counter[int]()
    for message, package, units in taken:
        assert units > 0
        of_message[message] += units
        of_package[package] += units
    assert all(of_message[message] == needs[message] for message in of_message)
    assert all(units <= held[package] for package, units in of_package.items())
    left = sum(held) - of_message.total()
    assert left >= 0
    short = [units for message, units in enumerate(needs) if message not in of_message]
    # Whoever went without would not have had enough even from all that is left over.
    assert all(units > left for units in short)
    # What expires first is used up first.
    used = sorted(of_package)
    assert all(of_package[package] == held[package] for package in used[:-1])
