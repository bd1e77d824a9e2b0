"""Pasted lists of numbers, read entry by entry (BLO-1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Code, Problem, Refused
from domain.number_list import SHOWN_MOST, read
from domain.region import Region

MAINLAND = Region.MAINLAND


def found(text: str, region: Region = MAINLAND) -> list[tuple[int, str, str]]:
    """Give line, value, and number or code of each entry."""
    return [
        (entry.line, entry.value, entry.found.code)
        if isinstance(entry.found, Problem)
        else (entry.line, entry.value, entry.found.e164)
        for entry in read(text, region, 1_000)
    ]


@pytest.mark.parametrize(
    "written",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "+86 13800138000",
        "0086 138 0013 8000",
        "8613800138000",
        "１３８００１３８０００",
        "＋86　138　0013　8000",
    ],
)
def test_a_number_is_understood_however_it_is_written(written: str) -> None:
    assert found(written) == [(1, written, "+8613800138000")]


@pytest.mark.parametrize("between", ["\n", "\r\n", ",", "，", "、", ";", "；", "\t", " ", "　"])
def test_numbers_are_told_apart_however_they_are_separated(between: str) -> None:
    numbers = ["13800138000", "+8613800138001", "008613800138002"]
    assert [number for _, _, number in found(between.join(numbers))] == [
        "+8613800138000",
        "+8613800138001",
        "+8613800138002",
    ]


def test_what_is_no_number_is_an_entry_of_its_own_line() -> None:
    text = "13800138000\n\n 1380013800 , 85266661234\n138 0013 800\n13800138001 1380013800x"
    assert found(text) == [
        (1, "13800138000", "+8613800138000"),
        (3, "1380013800", Code.INVALID),
        (3, "85266661234", Code.MISMATCH),
        (4, "138 0013 800", Code.INVALID),
        (5, "13800138001", "+8613800138001"),
        (5, "1380013800x", Code.INVALID),
    ]


def test_numbers_of_elsewhere_are_read_by_their_region() -> None:
    assert found("85266661234 14155552671\n13800138000", Region.GLOBAL) == [
        (1, "85266661234", "+85266661234"),
        (1, "14155552671", "+14155552671"),
        (2, "13800138000", Code.MISMATCH),
    ]


@pytest.mark.parametrize("text", ["", " \n\t,\n", "，；"])
def test_an_empty_list_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read(text, MAINLAND, 5)
    assert [(each.code, each.message) for each in refused.value.problems] == [
        (Code.REQUIRED, "numbers is empty: enter 1 to 5 mobile numbers, one a line")
    ]


@pytest.mark.parametrize("between", ["\n", ",", " "])
def test_a_list_has_a_limit(between: str) -> None:
    assert len(read(between.join(["13800138000"] * 5), MAINLAND, 5)) == 5
    with pytest.raises(Refused) as refused:
        read(between.join(["13800138000"] * 6), MAINLAND, 5)
    assert [(each.code, each.field, each.message) for each in refused.value.problems] == [
        (Code.LIMIT_EXCEEDED, ("numbers",), "numbers has more than 5 entries: split the list")
    ]


def test_long_rubbish_is_shown_in_part() -> None:
    ((_, value, code),) = found("x" * 10_000)
    assert (value, code) == ("x" * SHOWN_MOST, Code.INVALID)


@given(st.text(max_size=400))
def test_whatever_is_pasted_is_answered_in_bounds(text: str) -> None:
    try:
        entries = read(text, MAINLAND, 20)
    except Refused:
        return
    assert 1 <= len(entries) <= 20
    lines = [entry.line for entry in entries]
    assert lines == sorted(lines)
    assert all(entry.value and len(entry.value) <= SHOWN_MOST for entry in entries)
