"""The outbox: what a transaction wants done afterwards, so that nothing is lost in between."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel, col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId, choice, insert


class JobKind(StrEnum):
    """What a job does with its subject."""

    CHECK_RECIPIENTS = "check_recipients"
    """Check the recipient file of a bulk task."""
    START_TASK = "start_task"
    """Begin a scheduled bulk task, whose time has come."""
    SETTLE_TASK = "settle_task"
    """Return what a stopped bulk task did not need, once the fate of its messages is known."""
    ERASE_TASK = "erase_task"
    """Remove a deleted bulk task with its recipients and its file."""
    NOTIFY = "notify"
    """Try once to send a notification."""
    IMPORT_CUSTOMERS = "import_customers"
    """Add the numbers of an uploaded form to a customer group."""
    ERASE_CUSTOMER_GROUP = "erase_customer_group"
    """Remove a deleted customer group with its customers."""
    DUMP_RECORDS = "dump_records"
    """Write the records of a long time into a file."""


class JobRow(SQLModel, table=True):
    """One job; its workflow has the same id, so starting it again changes nothing."""

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "ix_job_due_at",
            "due_at",
            sqlite_where=text("started_at IS NULL"),
            postgresql_where=text("started_at IS NULL"),
        ),
        Index("ix_job_finished_at", "finished_at"),
        # An id names a workflow, so none may come back after its row is gone.
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    kind: JobKind = Field(sa_type=choice(JobKind))
    subject_id: int = Field(index=True, sa_type=BigId)
    due_at: datetime
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


async def add(
    session: AsyncSession, kind: JobKind, subject_id: int, *, due_at: datetime, now: datetime
) -> int:
    """Ask for a job at a time; gives its id."""
    row = JobRow(kind=kind, subject_id=subject_id, due_at=due_at, created_at=now)
    session.add(row)
    await session.flush()
    return row.id


async def add_all(
    session: AsyncSession,
    kind: JobKind,
    subject_ids: Sequence[int],
    *,
    due_at: datetime,
    now: datetime,
) -> None:
    """Ask for the same of many subjects at a time."""
    rows = [
        {"kind": kind, "subject_id": subject_id, "due_at": due_at, "created_at": now}
        for subject_id in subject_ids
    ]
    if rows:
        await session.exec(insert(session, JobRow), params=rows)


async def due(session: AsyncSession, now: datetime, limit: int) -> Sequence[JobRow]:
    """List jobs whose time has come and whose workflow may not exist yet, oldest first."""
    query = (
        select(JobRow)
        .where(col(JobRow.started_at).is_(None), col(JobRow.due_at) <= now)
        .order_by(col(JobRow.due_at), col(JobRow.id))
        .limit(limit)
    )
    return (await session.exec(query)).all()


async def started(session: AsyncSession, ids: Sequence[int], now: datetime) -> None:
    """Note that the workflows of these jobs exist."""
    statement = update(JobRow).where(col(JobRow.id).in_(ids), col(JobRow.started_at).is_(None))
    await session.exec(statement.values(started_at=now))


async def finished(session: AsyncSession, job_id: int, now: datetime) -> None:
    """Note that a job is done."""
    statement = update(JobRow).where(col(JobRow.id) == job_id)
    await session.exec(statement.values(finished_at=now))


async def withdraw(session: AsyncSession, kind: JobKind, subject_id: int) -> None:
    """Take back what was asked for and has not begun."""
    await session.exec(
        delete(JobRow).where(
            col(JobRow.kind) == kind,
            col(JobRow.subject_id) == subject_id,
            col(JobRow.started_at).is_(None),
        )
    )


async def forget(session: AsyncSession, before: datetime, limit: int) -> list[int]:
    """Delete up to `limit` jobs that were done before a time; gives their ids."""
    query = (
        select(JobRow.id)
        .where(col(JobRow.finished_at) < before)
        .order_by(col(JobRow.finished_at))
        .limit(limit)
    )
    ids = list((await session.exec(query)).all())
    if ids:
        await session.exec(delete(JobRow).where(col(JobRow.id).in_(ids)))
    return ids
