"""Which workers are alive: each writes down that it is, so that others take over when it stops."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Field, SQLModel, col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import insert


class WorkerRow(SQLModel, table=True):
    """One worker process, until it stops or its work has been taken over."""

    __tablename__ = "worker"

    id: str = Field(primary_key=True, max_length=64)
    seen_at: datetime = Field(index=True)


async def beat(session: AsyncSession, worker_id: str, now: datetime) -> None:
    """Say that a worker is alive."""
    statement = insert(session, WorkerRow).values(id=worker_id, seen_at=now)
    await session.exec(
        statement.on_conflict_do_update(index_elements=[col(WorkerRow.id)], set_={"seen_at": now})
    )


async def silent(session: AsyncSession, since: datetime) -> Sequence[WorkerRow]:
    """List workers that have not been heard of since a time."""
    return (await session.exec(select(WorkerRow).where(col(WorkerRow.seen_at) <= since))).all()


async def take_over(session: AsyncSession, row: WorkerRow, now: datetime) -> bool:
    """Claim the work of a silent worker; True for one caller only.

    Its row stays until `remove`, so when the caller dies meanwhile another one takes over.
    """
    statement = (
        update(WorkerRow)
        .where(col(WorkerRow.id) == row.id, col(WorkerRow.seen_at) == row.seen_at)
        .values(seen_at=now)
    )
    return bool((await session.exec(statement)).rowcount)


async def remove(session: AsyncSession, worker_id: str) -> None:
    """Forget a worker whose work is done or taken over."""
    await session.exec(delete(WorkerRow).where(col(WorkerRow.id) == worker_id))
