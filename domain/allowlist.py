"""The allowlist of an application: pasted lists of numbers, answered row by row (CFG-4)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain import number_list
from domain.errors import Code, Problem, Refused
from domain.number import Number
from domain.number_list import Entry

ROWS_MOST: Final = 1_000
IDS_MOST: Final = 300

_MISSING: Final = "it is not on the list"


class RowStatus(StrEnum):
    """What became of one row."""

    ADDED = "added"
    REMOVED = "removed"
    DUPLICATE = "duplicate"
    MISSING = "missing"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Row:
    """One row with what became of it; `number` is E.164, None where there is none."""

    line: int
    value: str
    number: str | None
    status: RowStatus
    message: str = ""


def read(text: str) -> list[Entry]:
    """Read a pasted list of up to 1,000 numbers of any region; raises Refused."""
    return number_list.read(text, None, ROWS_MOST)


def numbers(entries: Sequence[Entry]) -> list[Number]:
    """Give each number once, in their order."""
    found = (entry.found for entry in entries if isinstance(entry.found, Number))
    return list({number.e164: number for number in found}.values())


def added(entries: Sequence[Entry], new: Collection[str]) -> list[Row]:
    """Answer each row of a list whose numbers were added, but those that were there before."""
    return _rows(entries, new, RowStatus.ADDED, RowStatus.DUPLICATE, "it is on the list already")


def removed(entries: Sequence[Entry], gone: Collection[str]) -> list[Row]:
    """Answer each row of a list whose numbers were removed, but those that were not there."""
    return _rows(entries, gone, RowStatus.REMOVED, RowStatus.MISSING, _MISSING)


def removed_ids(
    ids: Sequence[str], phones: Sequence[str | None], gone: Collection[str]
) -> list[Row]:
    """Answer each id by its place in the list; `phones` are the numbers behind them."""
    first: dict[str, int] = {}
    rows = []
    for place, (value, phone) in enumerate(zip(ids, phones, strict=True), 1):
        status, message = RowStatus.MISSING, _MISSING
        if value in first:
            status, message = RowStatus.DUPLICATE, f"it repeats id {first[value]}"
        elif phone in gone:
            status, message = RowStatus.REMOVED, ""
        first.setdefault(value, place)
        rows.append(Row(place, value[: number_list.SHOWN_MOST], phone, status, message))
    return rows


def check_choice(text: str | None, ids: Sequence[str] | None) -> None:
    """Raise Refused unless either numbers or 1 to 300 ids say what to remove."""
    if (text is None) == (ids is None):
        message = "name what to remove by numbers or by ids, one of the two"
        raise Refused.one(Code.REQUIRED, message, "numbers")
    if ids is not None and not ids:
        raise Refused.one(Code.REQUIRED, f"ids is empty: name 1 to {IDS_MOST} rows", "ids")
    if ids is not None and len(ids) > IDS_MOST:
        message = f"ids has {len(ids)} entries: remove at most {IDS_MOST} at once"
        raise Refused.one(Code.LIMIT_EXCEEDED, message, "ids")


def _rows(
    entries: Sequence[Entry], done: Collection[str], yes: RowStatus, no: RowStatus, why: str
) -> list[Row]:
    first: dict[str, int] = {}
    rows = []
    for entry in entries:
        if isinstance(entry.found, Problem):
            message = entry.found.message
            rows.append(Row(entry.line, entry.value, None, RowStatus.INVALID, message))
            continue
        phone = entry.found.e164
        status, message = (yes, "") if phone in done else (no, why)
        if phone in first:
            status, message = RowStatus.DUPLICATE, f"it repeats line {first[phone]}"
        first.setdefault(phone, entry.line)
        rows.append(Row(entry.line, entry.value, phone, status, message))
    return rows
