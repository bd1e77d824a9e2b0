"""The months of the message table on PostgreSQL: made ahead, and detached when they are old.

Migration 0002 partitions it by the month of `created_at` in UTC. SQLite has one table, and there
nothing here is called.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Self

from sqlalchemy import Row, text
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.message import FINAL

AHEAD: Final = 3
_DEFAULT: Final = "message_default"
_ONE_AT_A_TIME: Final = 0x6D6F6E74  # any number: workers take turns by it
# Everybody waits behind whoever waits for such a lock, so it is had soon or not at all.
_SOON: Final = "SET LOCAL lock_timeout = '2s'"
_ATTACHED: Final = """
SELECT child.relname FROM pg_inherits
JOIN pg_class parent ON parent.oid = inhparent JOIN pg_class child ON child.oid = inhrelid
WHERE parent.oid = to_regclass('message') AND parent.relkind = 'p' ORDER BY child.relname
"""


class Month(NamedTuple):
    """A calendar month in UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, at: datetime) -> Self:
        """Give the month of a moment."""
        at = at.astimezone(UTC)
        return cls(at.year, at.month)

    def plus(self, months: int) -> "Month":
        """Give the month so many later; earlier where `months` is negative."""
        years, month = divmod(self.month - 1 + months, 12)
        return Month(self.year + years, month + 1)

    @property
    def start(self) -> str:
        """Its first moment, as PostgreSQL reads it."""
        return f"{self.year:04}-{self.month:02}-01T00:00:00Z"

    @property
    def table(self) -> str:
        """The name of its part of the message table."""
        return f"message_{self.year:04}_{self.month:02}"


async def attached(session: AsyncSession) -> Sequence[str]:
    """List the parts of the message table; none where it is not partitioned."""
    return [name for (name,) in await _run(session, _ATTACHED)]


async def missing(session: AsyncSession, now: datetime) -> Sequence[Month]:
    """List the months, this one and `AHEAD` more, that have no part yet."""
    there = await attached(session)
    wanted = [Month.of(now).plus(ahead) for ahead in range(AHEAD + 1)]
    return [month for month in wanted if there and month.table not in there]


async def make(session: AsyncSession, month: Month) -> bool:
    """Make the part of a month; False when another worker is at it or has done it.

    Messages that arrived before it was made are in the default part and move. Raises the driver's
    error when the table is too busy to be had within two seconds.
    """
    if not await _begin(session) or month.table in await attached(session):
        return False
    span = f"created_at >= '{month.start}' AND created_at < '{month.plus(1).start}'"
    strays = f"SELECT 1 FROM {_DEFAULT} WHERE {span} LIMIT 1"  # noqa: S608 - a month's own dates
    # Made apart and attached: creating it in place would lock out every reader meanwhile.
    await _run(
        session,
        f"CREATE TABLE {month.table} (LIKE message INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
    )
    if await _run(session, strays):
        # Whoever waits for a row that moves would find it gone, and change nothing.
        await _run(session, "LOCK TABLE message IN ACCESS EXCLUSIVE MODE")
        await _run(
            session,
            f"WITH gone AS (DELETE FROM {_DEFAULT} WHERE {span} RETURNING *)"  # noqa: S608 - a month's own dates
            f" INSERT INTO {month.table} SELECT * FROM gone",
        )
    await _run(
        session,
        f"ALTER TABLE message ATTACH PARTITION {month.table}"
        f" FOR VALUES FROM ('{month.start}') TO ('{month.plus(1).start}')",
    )
    return True


async def old(session: AsyncSession, now: datetime, months: int) -> Sequence[str]:
    """List the parts of months that ended before the last `months` whole ones, oldest first."""
    kept = Month.of(now).plus(-months).table
    return [name for name in await attached(session) if name != _DEFAULT and name < kept]


async def in_work(session: AsyncSession, part: str) -> bool:
    """Say whether anything may still happen to a message of a part; may read all of it."""
    final = ", ".join(f"'{state}'" for state in sorted(FINAL))
    query = f"SELECT 1 FROM {part} WHERE state NOT IN ({final}) LIMIT 1"  # noqa: S608 - of the catalog and the states
    return bool(await _run(session, query))


async def detach(session: AsyncSession, part: str) -> bool:
    """Take a part out of the message table; it stays a table of its own, for the operator.

    False when another worker is at it or has done it; raises the driver's error when the table is
    too busy.
    """
    if not await _begin(session) or part not in await attached(session):
        return False
    await _run(session, f"ALTER TABLE message DETACH PARTITION {part}")
    return True


async def _begin(session: AsyncSession) -> bool:
    await _run(session, _SOON)
    taken = await _run(session, f"SELECT pg_try_advisory_xact_lock({_ONE_AT_A_TIME})")
    return bool(taken[0][0])


async def _run(session: AsyncSession, statement: str) -> Sequence[Row[Any]]:
    result = await (await session.connection()).execute(text(statement))
    return result.all() if result.returns_rows else []
