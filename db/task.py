"""Bulk tasks (BLK): what is sent to many, and how far it has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel, col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import claim_lock, task_group
from db import job as jobs
from db import page as pages
from db.dialect import BigId, choice
from db.job import JobKind
from db.page import Key, Order, Slice
from domain import task as rules
from domain import task_form
from domain.errors import Code, Refused
from domain.recipient import RecipientSource
from domain.region import Region, SmsType
from domain.task import TaskEvent, TaskStatus, UnknownPolicy


class BulkTaskRow(SQLModel, table=True):
    """One bulk task.

    While its recipients are checked, `check_job` names the job that does it, `rows_seen` of
    `rows_total` rows of the source are done, and `recipients` to `characters` count what is
    committed; a checked file is gone. `reserved_units` (Mainland) and `quota_day` (Global, whose
    day's messages are taken) are set by the consent; once `settled_at` is set, they and
    `fee_micros` are what sending really took. `accepted` and `refused` count recipients that were
    submitted and that never were; `delivered` and `failed` count receipts, so the rest of
    `accepted` waits for one.
    """

    __tablename__ = "bulk_task"
    __table_args__ = (
        Index("ix_bulk_task_list", "account_uin", "created_at", "id"),
        Index("ix_bulk_task_status", "status", "app_id"),
        # A deleted draft's id must not name another task later.
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    app_id: int = Field(foreign_key="application.id", index=True, sa_type=BigId)
    region: Region = Field(sa_type=choice(Region))
    sms_type: SmsType = Field(sa_type=choice(SmsType))
    template_id: int = Field(foreign_key="template.id", index=True, sa_type=BigId)
    signature_id: int | None = Field(
        default=None, foreign_key="signature.id", index=True, sa_type=BigId
    )
    name: str = Field(max_length=120)
    status: TaskStatus = Field(sa_type=choice(TaskStatus))
    unknown_policy: UnknownPolicy = Field(
        default=UnknownPolicy.RESEND,
        sa_type=choice(UnknownPolicy),
        sa_column_kwargs={"server_default": UnknownPolicy.RESEND.value},
    )
    scheduled_at: datetime | None = None
    created_at: datetime
    created_by: int = Field(sa_type=BigId)
    deleted_at: datetime | None = None

    source: RecipientSource | None = Field(default=None, sa_type=choice(RecipientSource))
    file_key: str | None = Field(default=None, max_length=200)
    file_name: str | None = Field(default=None, max_length=255)
    file_bytes: int | None = Field(default=None, sa_type=BigId)
    check_job: int | None = Field(default=None, sa_type=BigId)
    rows_seen: int = 0
    rows_total: int = 0
    recipients: int = 0
    rejected: int = 0
    duplicates: int = 0
    segments: int = Field(default=0, sa_type=BigId)
    characters: int = Field(default=0, sa_type=BigId)
    problem: str | None = Field(default=None, max_length=1_000)

    reserved_units: int = Field(default=0, sa_type=BigId)
    fee_micros: int = Field(default=0, sa_type=BigId)
    quota_day: str | None = Field(default=None, max_length=10)
    consented_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    settled_at: datetime | None = None
    accepted: int = 0
    refused: int = 0
    delivered: int = 0
    failed: int = 0


class RowErrorRow(SQLModel, table=True):
    """One thing wrong with one row of a task's recipient file (BLK-3)."""

    __tablename__ = "task_row_error"
    __table_args__ = (Index("ix_task_row_error_row", "task_id", "row", "id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    task_id: int = Field(foreign_key="bulk_task.id", sa_type=BigId)
    row: int
    column_name: str = Field(max_length=200)
    code: Code = Field(sa_type=choice(Code))
    value: str = Field(max_length=200)
    message: str = Field(max_length=1_000)


class TaskFailureRow(SQLModel, table=True):
    """How many of a task's messages ended with one outcome code (BLK-8)."""

    __tablename__ = "task_failure"

    task_id: int = Field(
        primary_key=True,
        foreign_key="bulk_task.id",
        sa_type=BigId,
        sa_column_kwargs={"autoincrement": False},
    )
    code: str = Field(primary_key=True, max_length=64)
    count: int = Field(sa_type=BigId)


@dataclass(frozen=True, slots=True)
class Listing:
    """Which tasks a list shows: the owner's, narrowed by what is given (BLK-7)."""

    owner: int
    region: Region | None = None
    statuses: Sequence[TaskStatus] = ()
    app_id: int | None = None
    template_id: int | None = None
    search: str = ""
    created_from: datetime | None = None
    created_until: datetime | None = None

    def query(self) -> SelectOfScalar[BulkTaskRow]:
        """Put the conditions together; pages and counts share them."""
        query = _of(self.owner)
        conditions: list[Any] = []
        if self.region:
            conditions.append(BulkTaskRow.region == self.region)
        if self.statuses:
            conditions.append(col(BulkTaskRow.status).in_(self.statuses))
        if self.app_id is not None:
            conditions.append(BulkTaskRow.app_id == self.app_id)
        if self.template_id is not None:
            conditions.append(BulkTaskRow.template_id == self.template_id)
        if self.search:
            conditions.append(col(BulkTaskRow.name).icontains(self.search, autoescape=True))
        if self.created_from:
            conditions.append(col(BulkTaskRow.created_at) >= self.created_from)
        if self.created_until:
            conditions.append(col(BulkTaskRow.created_at) < self.created_until)
        return query.where(*conditions)


def _of(owner: int) -> SelectOfScalar[BulkTaskRow]:
    return select(BulkTaskRow).where(
        BulkTaskRow.account_uin == owner, col(BulkTaskRow.deleted_at).is_(None)
    )


async def app_of(session: AsyncSession, owner: int, task_id: int) -> int | None:
    """Give the application of one of the owner's tasks, which permissions are granted on."""
    query = select(BulkTaskRow.app_id).where(
        BulkTaskRow.id == task_id,
        BulkTaskRow.account_uin == owner,
        col(BulkTaskRow.deleted_at).is_(None),
    )
    return (await session.exec(query)).first()


async def owned(session: AsyncSession, owner: int, task_id: int) -> BulkTaskRow | None:
    """Find one task of this owner."""
    return (await session.exec(_of(owner).where(BulkTaskRow.id == task_id))).first()


async def changing(session: AsyncSession, owner: int, task_id: int) -> BulkTaskRow:
    """Find one task and hold it until the transaction ends; raises Refused."""
    await claim_lock.take(session, task_id)
    query = _of(owner).where(BulkTaskRow.id == task_id).with_for_update()
    row = (await session.exec(query)).first()
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such bulk task", "id")
    return row


async def held(session: AsyncSession, task_id: int) -> BulkTaskRow | None:
    """Find a task whoever owns it and hold it; for the work behind the schema, deleted ones too."""
    query = select(BulkTaskRow).where(BulkTaskRow.id == task_id).with_for_update()
    return (await session.exec(query)).first()


async def page(
    session: AsyncSession, listing: Listing, *, first: int, after: Key | None
) -> Slice[BulkTaskRow]:
    """List tasks page by page, newest first."""
    order = Order(col(BulkTaskRow.created_at), col(BulkTaskRow.id), descending=True)
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def count(session: AsyncSession, listing: Listing) -> int:
    """Count what the list shows in all."""
    return await pages.count(session, listing.query())


async def add(session: AsyncSession, row: BulkTaskRow) -> BulkTaskRow:
    """Store a new draft."""
    session.add(row)
    await session.flush()
    return row


def move(row: BulkTaskRow, event: TaskEvent) -> None:
    """Take a step; raises Refused naming both states when it is illegal."""
    row.status = rules.step(row.status, event)


async def failures(session: AsyncSession, task_id: int) -> Sequence[TaskFailureRow]:
    """List why messages of a task failed, most frequent first (BLK-8)."""
    query = select(TaskFailureRow).where(TaskFailureRow.task_id == task_id)
    return (
        await session.exec(
            query.order_by(col(TaskFailureRow.count).desc(), col(TaskFailureRow.code))
        )
    ).all()


async def remove(session: AsyncSession, row: BulkTaskRow, now: datetime) -> None:
    """Hide a draft from its account and have it erased; raises Refused once it was consented to."""
    task_form.check_delete(row.status)
    row.deleted_at = now
    await jobs.add(session, JobKind.ERASE_TASK, row.id, due_at=now, now=now)


async def purge(session: AsyncSession, task_id: int) -> None:
    """Delete a hidden task for good, after its recipients and bad rows."""
    await task_group.clear(session, task_id)
    await session.exec(
        delete(BulkTaskRow).where(
            col(BulkTaskRow.id) == task_id, col(BulkTaskRow.deleted_at).is_not(None)
        )
    )
