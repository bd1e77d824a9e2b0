"""The simulator carrier's own ledger: what an SMSC would remember when the console is killed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Index, delete, func, literal, select, text, true, update
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db.batch import given
from db.dialect import insert

_OWED: Final = text("delivered_at IS NULL AND due_at IS NOT NULL")


class SimulatedSubmissionRow(SQLModel, table=True):
    """One message as the simulated carrier knows it.

    `times` counts accepted submissions (0 after a throttled one). `done_at` is when the handset
    got it, `due_at` when its receipt is to be sent (again), None when it never will be;
    `delivered_at` is when the receipt was acknowledged.
    """

    __tablename__ = "simulated_submission"
    __table_args__ = (
        Index("ix_simulated_submission_due", "due_at", sqlite_where=_OWED, postgresql_where=_OWED),
    )

    reference: str = Field(primary_key=True, max_length=40)
    phone: str = Field(max_length=20)
    times: int
    code: str = Field(max_length=64)
    reply: str = Field(default="", max_length=100)
    submitted_at: datetime = Field(index=True)
    done_at: datetime | None = None
    due_at: datetime | None = None
    delivered_at: datetime | None = None


_TABLE: Final = SimulatedSubmissionRow.metadata.tables["simulated_submission"]


class Submission(NamedTuple):
    """One submission; what the columns of the same names say."""

    reference: str
    phone: str
    times: int
    code: str
    reply: str
    done_at: datetime | None


class Due(NamedTuple):
    """A receipt to send."""

    reference: str
    phone: str
    code: str
    reply: str
    done_at: datetime


async def known(session: AsyncSession, references: Collection[str]) -> frozenset[str]:
    """Say which of these have been submitted before."""
    query = select(_TABLE.c.reference).where(_TABLE.c.reference.in_(references))
    return frozenset((await (await session.connection()).execute(query)).scalars())


async def submit(session: AsyncSession, submissions: Collection[Submission], now: datetime) -> None:
    """Write submissions down; one that is known counts once more."""
    if not submissions:
        return
    columns = [_TABLE.c[name] for name in Submission._fields]
    table = given(session, columns, submissions)
    # Without a WHERE, SQLite takes ON CONFLICT for a join's ON.
    rows = select(table, table.c.done_at, literal(now, _TABLE.c.submitted_at.type)).where(true())
    names = (*Submission._fields, "due_at", "submitted_at")
    statement = insert(session, _TABLE).from_select(names, rows)
    counted = statement.on_conflict_do_update(
        index_elements=[_TABLE.c.reference],
        set_={
            "times": _TABLE.c.times + statement.excluded.times,
            "done_at": func.coalesce(_TABLE.c.done_at, statement.excluded.done_at),
            "due_at": func.coalesce(_TABLE.c.due_at, statement.excluded.due_at),
        },
    )
    await (await session.connection()).execute(counted)


async def next_due(session: AsyncSession) -> datetime | None:
    """Say when the next receipt is to be sent."""
    query = select(func.min(_TABLE.c.due_at)).where(
        _TABLE.c.delivered_at.is_(None), _TABLE.c.due_at.is_not(None)
    )
    found: datetime | None = (await (await session.connection()).execute(query)).scalar()
    return found


async def take_due(
    session: AsyncSession, now: datetime, limit: int, again_at: datetime
) -> Sequence[Due]:
    """Take receipts to send now, the oldest first; unless acknowledged they are due `again_at`."""
    columns = _TABLE.c
    picked = (
        select(columns.reference)
        .where(columns.delivered_at.is_(None), columns.due_at <= now)
        .order_by(columns.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    statement = (
        update(_TABLE)
        .where(columns.reference.in_(select(picked.c.reference)))
        .values(due_at=again_at)
        .returning(*(columns[name] for name in Due._fields))
    )
    return [Due(*row) for row in (await (await session.connection()).execute(statement)).all()]


async def done(session: AsyncSession, references: Collection[str], now: datetime) -> Sequence[Due]:
    """Give those of these references whose fate is final, whether or not a receipt told it."""
    columns = _TABLE.c
    query = select(*(columns[name] for name in Due._fields)).where(
        columns.reference.in_(references), columns.done_at <= now
    )
    return [Due(*row) for row in (await (await session.connection()).execute(query)).all()]


async def acknowledge(session: AsyncSession, references: Collection[str], now: datetime) -> None:
    """Note that receipts have arrived; they are not sent again."""
    if not references:
        return
    table = given(session, [_TABLE.c.reference], ((reference,) for reference in references))
    statement = update(_TABLE).where(_TABLE.c.reference == table.c.reference)
    await (await session.connection()).execute(statement.values(delivered_at=now))


async def duplicates(session: AsyncSession) -> int:
    """Count submissions beyond the first of each message."""
    query = select(func.sum(_TABLE.c.times - 1)).where(_TABLE.c.times > 1)
    return int((await (await session.connection()).execute(query)).scalar() or 0)


async def purge(session: AsyncSession, before: datetime) -> None:
    """Forget what was submitted before a time."""
    statement = delete(_TABLE).where(_TABLE.c.submitted_at < before)
    await (await session.connection()).execute(statement)
