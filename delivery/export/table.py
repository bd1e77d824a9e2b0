"""A table to be written: its columns, and its rows as they come."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.cell import Cell

Rows = Sequence[Sequence[Cell]]


class TooManyRowsError(Exception):
    """A table has more rows than it may be written with."""


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and batches of rows; times are shown in `zone`, which their headings name."""

    headings: Sequence[str]
    batches: AsyncIterator[Rows]
    zone: ZoneInfo


def in_zone(heading: str, zone: ZoneInfo) -> str:
    """Name the column of a time."""
    return f"{heading} ({zone.key})"


def local(at: datetime, zone: ZoneInfo) -> datetime:
    """Give a time as clocks show it there."""
    return at.astimezone(zone).replace(tzinfo=None)


async def at_once(rows: Rows) -> AsyncIterator[Rows]:
    """Give a small table as its only batch."""
    yield rows


async def at_most(limit: int, batches: AsyncIterator[Rows]) -> AsyncIterator[Rows]:
    """Pass batches on; raises TooManyRowsError once they hold more than `limit` rows."""
    count = 0
    async for rows in batches:
        count += len(rows)
        if count > limit:
            raise TooManyRowsError
        yield rows
