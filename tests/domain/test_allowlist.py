"""Pasted lists for the allowlist, of numbers of any region (CFG-4)."""

import pytest

from domain import allowlist
from domain.allowlist import IDS_MOST, ROWS_MOST, RowStatus
from domain.errors import Code, Problem, Refused
from domain.number import Number, anywhere, part


@pytest.mark.parametrize(
    ("written", "e164", "country"),
    [
        ("13800138000", "+8613800138000", "CN"),
        ("0086 138-0013-8000", "+8613800138000", "CN"),
        ("１３８００１３８０００", "+8613800138000", "CN"),
        ("85266661234", "+85266661234", "HK"),
        ("+852 6666 1234", "+85266661234", "HK"),
        ("0065 8123 4567", "+6581234567", "SG"),
        ("+1 201 555 0123", "+12015550123", "US"),
        ("001 201 555 0123", "+12015550123", "US"),
    ],
)
def test_a_number_of_any_region_is_understood(written: str, e164: str, country: str) -> None:
    found = anywhere(written)
    assert isinstance(found, Number)
    assert (found.e164, found.country) == (e164, country)


@pytest.mark.parametrize(
    "written", ["12015550123", "12800138000", "8610", "+86 138", "abc", "", "9" * 70]
)
def test_what_is_none_is_told_how_numbers_are_written(written: str) -> None:
    found = anywhere(written)
    assert isinstance(found, Problem)
    assert found.code is Code.INVALID
    assert "11 digits of Mainland China" in found.message


@pytest.mark.parametrize(
    ("typed", "folded"),
    [("+86138", "86138"), ("１３８ 00", "13800"), ("0013", "0013"), ("", ""), ("abc", "abc")],
)
def test_a_part_of_a_number_is_folded(typed: str, folded: str) -> None:
    assert part(typed) == folded


def test_each_row_is_answered_in_its_order() -> None:
    entries = allowlist.read("13800138000\n138, +86 138 0013 8000\n\n85266661234")
    assert [each.e164 for each in allowlist.numbers(entries)] == ["+8613800138000", "+85266661234"]
    rows = allowlist.added(entries, {"+8613800138000"})
    assert [(row.line, row.value, row.number, row.status) for row in rows] == [
        (1, "13800138000", "+8613800138000", RowStatus.ADDED),
        (2, "138", None, RowStatus.INVALID),
        (2, "+86 138 0013 8000", "+8613800138000", RowStatus.DUPLICATE),
        (4, "85266661234", "+85266661234", RowStatus.DUPLICATE),
    ]
    assert (rows[0].message, rows[2].message) == ("", "it repeats line 1")
    assert rows[3].message == "it is on the list already"
    gone = allowlist.removed(entries, {"+85266661234"})
    assert [row.status for row in gone] == [
        RowStatus.MISSING,
        RowStatus.INVALID,
        RowStatus.DUPLICATE,
        RowStatus.REMOVED,
    ]


def test_ids_are_answered_by_their_place() -> None:
    rows = allowlist.removed_ids(
        ["a", "b", "a"], ["+8613800138000", None, "+8613800138000"], {"+8613800138000"}
    )
    assert [(row.line, row.value, row.status) for row in rows] == [
        (1, "a", RowStatus.REMOVED),
        (2, "b", RowStatus.MISSING),
        (3, "a", RowStatus.DUPLICATE),
    ]


def test_a_list_is_bounded_and_not_empty() -> None:
    assert len(allowlist.read("\n".join(["13800138000"] * ROWS_MOST))) == ROWS_MOST
    for text, code in (
        ("\n".join(["1"] * (ROWS_MOST + 1)), Code.LIMIT_EXCEEDED),
        (" \n", Code.REQUIRED),
    ):
        with pytest.raises(Refused) as refusal:
            allowlist.read(text)
        assert [(each.code, each.field) for each in refusal.value.problems] == [
            (code, ("numbers",))
        ]


@pytest.mark.parametrize(
    ("text", "ids", "refusal"),
    [
        ("1", None, None),
        (None, ["a"] * IDS_MOST, None),
        (None, None, (Code.REQUIRED, ("numbers",))),
        ("1", ["a"], (Code.REQUIRED, ("numbers",))),
        (None, [], (Code.REQUIRED, ("ids",))),
        (None, ["a"] * (IDS_MOST + 1), (Code.LIMIT_EXCEEDED, ("ids",))),
    ],
)
def test_a_removal_names_numbers_or_ids(
    text: str | None, ids: list[str] | None, refusal: tuple[Code, tuple[str, ...]] | None
) -> None:
    if refusal is None:
        allowlist.check_choice(text, ids)
        return
    with pytest.raises(Refused) as refused:
        allowlist.check_choice(text, ids)
    assert [(each.code, each.field) for each in refused.value.problems] == [refusal]
