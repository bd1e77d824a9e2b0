"""The simulator carrier's own ledger: what an SMSC would remember when the console is killed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Index, bindparam, text, update
from sqlmodel import Field, SQLModel, col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

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


async def known(session: AsyncSession, references: Iterable[str]) -> frozenset[str]:
    """Say which of these have been submitted before."""
    query = select(SimulatedSubmissionRow.reference).where(
        col(SimulatedSubmissionRow.reference).in_(list(references))
    )
    return frozenset((await session.exec(query)).all())


async def submit(session: AsyncSession, rows: Sequence[SimulatedSubmissionRow]) -> None:
    """Write submissions down; one that is known counts once more."""
    if not rows:
        return
    table = SimulatedSubmissionRow.metadata.tables["simulated_submission"]
    statement = insert(session, table)
    counted = statement.on_conflict_do_update(
        index_elements=[table.c.reference],
        set_={
            "times": table.c.times + statement.excluded.times,
            "done_at": func.coalesce(table.c.done_at, statement.excluded.done_at),
            "due_at": func.coalesce(table.c.due_at, statement.excluded.due_at),
        },
    )
    values: list[dict[str, Any]] = [row.model_dump(exclude={"delivered_at"}) for row in rows]
    await (await session.connection()).execute(counted, values)


async def next_due(session: AsyncSession) -> datetime | None:
    """Say when the next receipt is to be sent."""
    query = select(func.min(SimulatedSubmissionRow.due_at)).where(
        col(SimulatedSubmissionRow.delivered_at).is_(None),
        col(SimulatedSubmissionRow.due_at).is_not(None),
    )
    return (await session.exec(query)).one()


async def take_due(
    session: AsyncSession, now: datetime, limit: int, again_at: datetime
) -> Sequence[SimulatedSubmissionRow]:
    """Take receipts to send now, the oldest first; unless acknowledged they are due `again_at`."""
    row = SimulatedSubmissionRow
    picked = (
        select(row)
        .where(col(row.delivered_at).is_(None), col(row.due_at) <= now)
        .order_by(col(row.due_at), col(row.reference))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = (await session.exec(picked)).all()
    await postpone(session, {found.reference: again_at for found in rows})
    return rows


async def postpone(session: AsyncSession, due: Mapping[str, datetime]) -> None:
    """Set when receipts are due again."""
    await _update(session, "due_at", due)


async def acknowledge(session: AsyncSession, references: Iterable[str], now: datetime) -> None:
    """Note that receipts have arrived; they are not sent again."""
    await _update(session, "delivered_at", dict.fromkeys(references, now))


async def duplicates(session: AsyncSession) -> int:
    """Count submissions beyond the first of each message."""
    query = select(func.sum(SimulatedSubmissionRow.times - 1)).where(
        col(SimulatedSubmissionRow.times) > 1
    )
    return int((await session.exec(query)).one() or 0)


async def purge(session: AsyncSession, before: datetime) -> None:
    """Forget what was submitted before a time."""
    await session.exec(
        delete(SimulatedSubmissionRow).where(col(SimulatedSubmissionRow.submitted_at) < before)
    )


async def _update(session: AsyncSession, column: str, values: Mapping[str, datetime]) -> None:
    if not values:
        return
    table = SimulatedSubmissionRow.metadata.tables["simulated_submission"]
    statement = update(table).where(table.c.reference == bindparam("ref"))
    rows = [{"ref": reference, "to": to} for reference, to in sorted(values.items())]
    await (await session.connection()).execute(statement.values({column: bindparam("to")}), rows)
