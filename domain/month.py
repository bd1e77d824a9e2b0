"""Calendar months, as statistics by month are asked for and shown (STA-7)."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from domain.errors import Code, Refused
from domain.text import quoted

MONTHS_MOST: Final = 24
_SHAPE: Final = re.compile(r"(2[0-9]{3})-(0[1-9]|1[0-2])")


class Month(NamedTuple):
    """A month of the calendar; of which zone is said by whoever counts."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> "Month":
        """Give the month a day lies in."""
        return cls(day.year, day.month)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return self.next.first - timedelta(days=1)

    @property
    def next(self) -> "Month":
        """The month behind it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02}"


def months(first: str, last: str) -> Sequence[Month]:
    """Give the months from `first` to `last`, both written "2026-03" and both included.

    Raises Refused when one is no month of the years 2000 to 2998, or they are more than 24.
    """
    begin, end = _read(first, "from"), _read(last, "to")
    number = (end.year - begin.year) * 12 + end.month - begin.month + 1
    if number < 1:
        message = f'"{end}" lies before "{begin}": give the later month as "to"'
        raise Refused.one(Code.OUT_OF_RANGE, message, "to")
    if number > MONTHS_MOST:
        message = f'"{begin}" to "{end}" is {number} months: ask for at most {MONTHS_MOST} at once'
        raise Refused.one(Code.OUT_OF_RANGE, message, "to")
    found = [begin]
    while found[-1] != end:
        found.append(found[-1].next)
    return found


def _read(text: str, field: str) -> Month:
    match = _SHAPE.fullmatch(text.strip())
    if match is None or match[1] == "2999":
        message = f'{field} {quoted(text)} is not a month: write year and month, such as "2026-03"'
        raise Refused.one(Code.INVALID, message, field)
    return Month(int(match[1]), int(match[2]))
