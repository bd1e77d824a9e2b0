"""Customers' rules (CUS-2, CUS-3): what is entered, and how a part of a number is looked for."""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from domain import number
from domain.errors import Code, Problem, Refused
from domain.number_list import Entry
from domain.region import Region, SmsType
from domain.text import quoted

ENTERED_AT_ONCE: Final = 100
CHANGED_AT_ONCE: Final = 100
MAINLAND: Final = "+86"
"""What every number of Mainland China begins with, and no other; the region is in the number."""

_PLUS: Final = ("+", "\uff0b")
_DIGITS: Final = re.compile(r"[0-9]{1,20}")


class EnteredStatus(StrEnum):
    """What became of one entered number."""

    ADDED = "added"
    REPEATED = "repeated"
    MEMBER = "member"


class Span(NamedTuple):
    """Numbers from `start` up to, and without, `end`, as texts sort; None is no bound."""

    start: str
    end: str | None

    def holds(self, phone: str) -> bool:
        """Say whether a number lies in it."""
        return self.start <= phone and (self.end is None or phone < self.end)


def check_entries(entries: Iterable[Entry]) -> None:
    """Raise Refused naming every line that is no number, so that nothing is half entered."""
    problems = [
        Problem(entry.found.code, f"line {entry.line}: {entry.found.message}", ("numbers",))
        for entry in entries
        if isinstance(entry.found, Problem)
    ]
    if problems:
        raise Refused(*problems)


def check_ids(count: int) -> None:
    """Raise Refused unless 1 to 100 customers are named."""
    if not count:
        message = f"ids is empty: name 1 to {CHANGED_AT_ONCE} customers"
        raise Refused.one(Code.REQUIRED, message, "ids")
    if count > CHANGED_AT_ONCE:
        message = f"ids has {count} entries: name at most {CHANGED_AT_ONCE} at once"
        raise Refused.one(Code.TOO_LARGE, message, "ids")


def check_type(group: str, of_group: SmsType, wanted: SmsType) -> None:
    """Raise Refused unless a group is for the messages its new members are kept for.

    Nobody becomes a recipient of marketing by being put into another group.
    """
    if of_group is not wanted:
        message = (
            f"customer group {quoted(group)} is for {of_group} messages, not for {wanted} ones: "
            "choose a group of that type"
        )
        raise Refused.one(Code.MISMATCH, message, "group_id")


def spans(part: str, region: Region | None) -> Sequence[Span]:
    """Give where numbers lie that begin with `part` and are of a region, in ascending order.

    The beginning is written as people write numbers: digits alone begin a Mainland number (138) or
    a country code (852), and after + or 00 a country code. No part and no region is everything.
    Raises Refused about `search` when the part is none of a number.
    """
    allowed = {None: [Span("+", None)], Region.MAINLAND: [_span(MAINLAND)]}.get(region)
    if allowed is None:
        mainland = _span(MAINLAND)
        allowed = [Span("+", mainland.start), Span(mainland.end or "", None)]
    wanted = [_span(prefix) for prefix in _prefixes(part)]
    return [both for one in wanted for other in allowed if (both := _common(one, other))]


def _prefixes(part: str) -> list[str]:
    if not part.strip():
        return ["+"]
    digits = number.part(part)
    abroad = part.strip().startswith(_PLUS) or digits.startswith("00")
    digits = digits.removeprefix("00")
    if not _DIGITS.fullmatch(digits):
        message = (
            f"search {quoted(part)} is no beginning of a mobile number: enter its first digits"
        )
        raise Refused.one(Code.INVALID, message, "search")
    if abroad:
        return [f"+{digits}"]
    # Only Mainland numbers are written without their code, with or without the trunk 0.
    bare = digits.removeprefix("0")
    prefixes = [f"+{digits}"] if bare == digits else []
    return prefixes + ([f"{MAINLAND}{bare}"] if bare.startswith("1") else [])


def _span(prefix: str) -> Span:
    # The next text that begins otherwise; after +9, +99 there is none, as all begin with digits.
    rest = prefix.rstrip("9")
    end = f"{rest[:-1]}{int(rest[-1]) + 1}" if rest[-1].isdigit() else None
    return Span(prefix, end)


def _common(one: Span, other: Span) -> Span | None:
    start = max(one.start, other.start)
    ends = [end for end in (one.end, other.end) if end is not None]
    end = min(ends, default=None)
    return None if end is not None and start >= end else Span(start, end)
