"""What is entered as customers, and how a beginning of a number is looked for (CUS-2, CUS-3)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import customer, customer_group, number, number_list
from domain.customer import Span, spans
from domain.errors import Code, Problem, Refused
from domain.number import Number
from domain.region import Region, SmsType

PHONES = st.one_of(
    st.from_regex(r"\+861[3-9][0-9]{9}", fullmatch=True),
    st.from_regex(r"\+(?!86)[1-9][0-9]{6,14}", fullmatch=True),
)


def found(part: str, phone: str, region: Region | None = None) -> bool:
    """Say whether a search finds a number."""
    return any(span.holds(phone) for span in spans(part, region))


@pytest.mark.parametrize(
    ("part", "phone", "expected"),
    [
        ("138", "+8613800138000", True),
        ("0138", "+8613800138000", True),
        ("+86 138", "+8613800138000", True),
        ("0086138", "+8613800138000", True),
        ("86138", "+8613800138000", True),
        ("１３８-0013", "+8613800138000", True),
        ("139", "+8613800138000", False),
        ("138", "+13802345678", True),  # as well a number of Ohio
        ("+138", "+13802345678", True),
        ("+138", "+8613800138000", False),
        ("852", "+85266661234", True),
        ("00852", "+85266661234", True),
        ("\uff0b852 6666", "+85266661234", True),
        ("0852", "+85266661234", False),
        ("85266661234", "+85266661234", True),
        ("852666612345", "+85266661234", False),
        ("99", "+99890123456", True),
        ("998", "+99890123456", True),
        ("999", "+99890123456", False),
        ("", "+99890123456", True),
        (" ", "+8613800138000", True),
    ],
)
def test_a_beginning_finds_numbers_however_it_is_written(
    part: str, phone: str, *, expected: bool
) -> None:
    assert found(part, phone) is expected


@pytest.mark.parametrize("part", ["abc", "138x", "+", "00", "1" * 21, "13 8#", "1" * 65])
def test_what_begins_no_number_is_refused(part: str) -> None:
    with pytest.raises(Refused) as refused:
        spans(part, None)
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == (Code.INVALID, ("search",))
    assert problem.message.endswith("is no beginning of a mobile number: enter its first digits")


@given(phone=PHONES, length=st.integers(2, 16), region=st.sampled_from([None, *Region]))
def test_a_search_finds_what_begins_so_and_is_of_the_region(
    phone: str, length: int, region: Region | None
) -> None:
    own = Region.MAINLAND if phone.startswith("+86") else Region.GLOBAL
    assert found(phone[:length], phone, region) is (region in {None, own})
    assert found("", phone, region) is (region in {None, own})


@given(part=st.from_regex(r"\+?[0-9]{1,14}", fullmatch=True), phone=PHONES)
def test_a_search_finds_nothing_else(part: str, phone: str) -> None:
    begins = phone.startswith("+" + part.removeprefix("+").removeprefix("00"))
    bare = part.removeprefix("0")
    if bare.startswith("1"):
        begins = begins or phone.startswith(f"+86{bare}")
    if part.startswith("0") and not part.startswith("00"):
        begins = bare.startswith("1") and phone.startswith(f"+86{bare}")
    try:
        assert found(part, phone) is begins
    except Refused:
        assert part.removeprefix("+") == "00"


@given(
    part=st.from_regex(r"(\+|00)?[1-9][0-9]{0,12}", fullmatch=True),
    region=st.sampled_from([None, *Region]),
)
def test_spans_ascend_and_do_not_meet(part: str, region: Region | None) -> None:
    listed = spans(part, region)
    for earlier, later in pairwise(listed):
        assert earlier.end is not None
        assert earlier.end <= later.start
    assert all(span.end is None or span.start < span.end for span in listed)


def test_the_region_is_in_the_number() -> None:
    assert spans("", Region.MAINLAND) == [Span("+86", "+87")]
    assert spans("", Region.GLOBAL) == [Span("+", "+86"), Span("+87", None)]
    assert spans("138", Region.MAINLAND) == [Span("+86138", "+86139")]
    assert spans("138", Region.GLOBAL) == [Span("+138", "+139")]
    assert spans("199", None) == [Span("+199", "+2"), Span("+86199", "+862")]
    assert spans("99", None) == [Span("+99", None)]
    for text in ("13800138000", "85266661234", "+12025550123", "+88213123456"):
        read = number.anywhere(text)
        assert isinstance(read, Number)
        assert found("", read.e164, read.region)


def test_a_bare_number_of_north_america_is_told_how_to_be_written() -> None:
    """CUS-2: it looks like a mistyped number of Mainland China, and is not guessed."""
    read = number.anywhere("12125551234")
    assert isinstance(read, Problem)
    assert read.message == (
        'mobile number "12125551234" is not a mobile number: '
        "write 11 digits of Mainland China, or +12125551234 if its country code is 1"
    )
    assert isinstance(number.anywhere("+12125551234"), Number)


def test_every_line_that_is_no_number_is_named() -> None:
    entries = number_list.read("13800138000\n12\n85266661234\nnobody", None, 100)
    with pytest.raises(Refused) as refused:
        customer.check_entries(entries)
    way = "write 11 digits of Mainland China, or country code and number such as +85266661234"
    assert [(each.code, each.field, each.message) for each in refused.value.problems] == [
        (Code.INVALID, ("numbers",), f'line 2: mobile number "12" is not a mobile number: {way}'),
        (
            Code.INVALID,
            ("numbers",),
            f'line 4: mobile number "nobody" is not a mobile number: {way}',
        ),
    ]
    customer.check_entries([entries[0], entries[2]])


@pytest.mark.parametrize(
    ("count", "code", "message"),
    [
        (0, Code.REQUIRED, "ids is empty: name 1 to 100 customers"),
        (101, Code.TOO_LARGE, "ids has 101 entries: name at most 100 at once"),
    ],
)
def test_up_to_a_hundred_customers_are_changed_at_once(
    count: int, code: Code, message: str
) -> None:
    with pytest.raises(Refused) as refused:
        customer.check_ids(count)
    (problem,) = refused.value.problems
    assert (problem.code, problem.field, problem.message) == (code, ("ids",), message)
    customer.check_ids(1)
    customer.check_ids(100)


def test_nobody_comes_to_marketing_by_another_group() -> None:
    customer.check_type("VIP", SmsType.MARKETING, SmsType.MARKETING)
    with pytest.raises(Refused) as refused:
        customer.check_type("VIP", SmsType.MARKETING, SmsType.REGULAR)
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == (Code.MISMATCH, ("group_id",))
    assert problem.message == (
        'customer group "VIP" is for marketing messages, not for regular ones: '
        "choose a group of that type"
    )


def test_a_group_has_a_name_of_64_characters_at_most() -> None:
    assert customer_group.draft(SmsType.REGULAR, f" {'x' * 64}\n").name == "x" * 64
    for name, code in (("x" * 65, Code.TOO_LONG), (" ", Code.REQUIRED), ("a\nb", Code.INVALID)):
        with pytest.raises(Refused) as refused:
            customer_group.draft(SmsType.REGULAR, name, "new_group", "name")
        (problem,) = refused.value.problems
        assert (problem.code, problem.field) == (code, ("new_group", "name"))


def test_exactly_one_group_is_named() -> None:
    customer_group.check_choice(existing=True, new=False)
    customer_group.check_choice(existing=False, new=True)
    with pytest.raises(Refused, match="no customer group is named") as refused:
        customer_group.check_choice(existing=False, new=False)
    assert refused.value.problems[0].field == ("group_id",)
    with pytest.raises(Refused, match="both groupId and newGroup are given") as refused:
        customer_group.check_choice(existing=True, new=True)
    assert refused.value.problems[0].field == ("new_group",)
