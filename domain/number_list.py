"""Lists of numbers that people paste: what stands where, and which of it is a number."""

from dataclasses import dataclass
from typing import Final

from domain import number
from domain.errors import Code, Problem, Refused
from domain.number import Number
from domain.region import Region

SHOWN_MOST: Final = 100
_SHORTEST: Final = 7  # groups of one number, as in "138 0013 8000", are shorter than any number


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its line from 1, what stands there (100 characters of it), what that is."""

    line: int
    value: str
    found: Number | Problem


def read(text: str, region: Region | None, limit: int, field: str = "numbers") -> list[Entry]:
    """Read a pasted list of at most `limit` entries; raises Refused when it is empty or longer.

    Without a region, numbers may be of any, as `number.anywhere` reads them.

    Entries stand one a line, or between commas, semicolons, tabs, or blanks, as long as the blanks
    are not those inside a number. What is no number of the region is an entry with its problem.
    """
    entries: list[Entry] = []
    for line, raw in number.split_list(text, limit, field):
        whole = _entry(line, raw, region)
        pieces = raw.split(maxsplit=limit)
        if isinstance(whole.found, Number) or min(map(len, pieces)) < _SHORTEST:
            pieces = [raw]
        if len(entries) + len(pieces) > limit:
            message = f"{field} has more than {limit} entries: split the list"
            raise Refused.one(Code.LIMIT_EXCEEDED, message, field)
        entries += [whole] if len(pieces) == 1 else [_entry(line, one, region) for one in pieces]
    if not entries:
        message = f"{field} is empty: enter 1 to {limit} mobile numbers, one a line"
        raise Refused.one(Code.REQUIRED, message, field)
    return entries


def _entry(line: int, raw: str, region: Region | None) -> Entry:
    found = number.parse(raw, region) if region is not None else number.anywhere(raw)
    return Entry(line, raw[:SHOWN_MOST], found)
