"""Where the rows of a long table come from: batches by key, each read in a moment of its own.

No read lasts longer than one batch, so nothing keeps SQLite's log from being written back, and
nothing keeps PostgreSQL from cleaning up.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar

from db.session import AsyncSession, Database
from delivery.export.table import Rows

BATCH: Final = 2_000

Cursor = tuple[datetime, int]
"""Where a long table is read on: the time and id of the last row."""
Place = TypeVar("Place")


@dataclass(frozen=True, slots=True)
class Batch(Generic[Place]):
    """Rows, and where the next ones begin; `last` is None when there are no more."""

    rows: Rows
    last: Place | None


class Source(Protocol[Place]):
    """A table that is read in steps."""

    @property
    def headings(self) -> Sequence[str]:
        """What the columns are called."""

    async def batch(self, session: AsyncSession, after: Place | None) -> Batch[Place]:
        """Read up to `BATCH` rows behind a cursor."""


async def batches(database: Database, source: Source[Place]) -> AsyncIterator[Rows]:
    """Read a table to its end."""
    after: Place | None = None
    while True:
        async with database.read() as session:
            batch = await source.batch(session, after)
        if batch.rows:
            yield batch.rows
        if batch.last is None:
            return
        after = batch.last
