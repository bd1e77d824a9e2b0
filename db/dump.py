"""Dumps of records: what was ordered, how far it is, and the file in the store (STA-8)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import job as jobs
from db import page as pages
from db import quota as quotas
from db.dialect import BigId, choice
from db.job import JobKind
from db.page import Key, Order, Slice
from domain.dump import DumpEvent, DumpKind, DumpStatus, step
from domain.errors import Code, Refused
from domain.message import MessageStatus
from domain.quota import DUMPS
from domain.region import Region

_READY: Final = text("status = 'ready'")
# What a partial index covers; a query has to repeat these words for the index to be used.
LEFT: Final = text("key IS NOT NULL AND status IN ('cancelled', 'failed', 'expired')")
PHONE_MOST: Final = 20


class DumpRow(SQLModel, table=True):
    """One dump: records of `region` from `start` until before `end`, as far as filters let.

    `rows` counts what is written so far. `size` and `sha256` are of the whole archive under `key`;
    `key` is set before the first byte is written, so that no byte is ever without a row.
    """

    __tablename__ = "dump"
    __table_args__ = (
        Index(None, "account_uin", "id"),
        Index("ix_dump_expires_at", "expires_at", sqlite_where=_READY, postgresql_where=_READY),
        Index("ix_dump_left", "ended_at", sqlite_where=LEFT, postgresql_where=LEFT),
        Index("ix_dump_ended_at", "ended_at"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    kind: DumpKind = Field(sa_type=choice(DumpKind))
    status: DumpStatus = Field(default=DumpStatus.WAITING, sa_type=choice(DumpStatus))
    region: Region = Field(sa_type=choice(Region))
    start: datetime
    end: datetime
    phone: str | None = Field(default=None, max_length=PHONE_MOST)
    app_id: int | None = Field(default=None, sa_type=BigId)
    template_id: int | None = Field(default=None, sa_type=BigId)
    task_id: int | None = Field(default=None, sa_type=BigId)
    state: MessageStatus | None = Field(default=None, sa_type=choice(MessageStatus))
    created_at: datetime
    created_by: int = Field(sa_type=BigId)
    rows: int = Field(default=0, sa_type=BigId)
    key: str | None = Field(default=None, max_length=200)
    size: int | None = Field(default=None, sa_type=BigId)
    sha256: str | None = Field(default=None, max_length=64)
    problem: str | None = Field(default=None, max_length=200)
    ready_at: datetime | None = None
    expires_at: datetime | None = None
    ended_at: datetime | None = None


async def order(session: AsyncSession, row: DumpRow) -> DumpRow:
    """Keep an order, and ask for the work; gives the row with its id."""
    session.add(row)
    await session.flush()
    now = row.created_at
    await jobs.add(session, JobKind.DUMP_RECORDS, row.id, due_at=now, now=now)
    return row


def listing(owner: int, statuses: Sequence[DumpStatus]) -> SelectOfScalar[DumpRow]:
    """Say which dumps a list shows; no statuses are all of them."""
    query = select(DumpRow).where(DumpRow.account_uin == owner)
    return query.where(col(DumpRow.status).in_(statuses)) if statuses else query


async def page(
    session: AsyncSession, query: SelectOfScalar[DumpRow], *, first: int, after: Key | None
) -> Slice[DumpRow]:
    """List dumps, the newest first."""
    identity = col(DumpRow.id)
    return await pages.keyset(session, query, Order(identity, identity), first=first, after=after)


async def owned(session: AsyncSession, owner: int, dump_id: int) -> DumpRow | None:
    """Find one dump of this account."""
    query = select(DumpRow).where(DumpRow.account_uin == owner, DumpRow.id == dump_id)
    return (await session.exec(query)).first()


async def get(session: AsyncSession, dump_id: int) -> DumpRow | None:
    """Find a dump, whosever it is; for the work on it only."""
    return (await session.exec(select(DumpRow).where(DumpRow.id == dump_id))).first()


async def hold(session: AsyncSession, dump_id: int) -> DumpRow | None:
    """Find a dump and keep others from changing it until the transaction ends."""
    query = select(DumpRow).where(DumpRow.id == dump_id).with_for_update()
    return (await session.exec(query)).first()


async def cancel(session: AsyncSession, owner: int, dump_id: int, now: datetime) -> DumpRow:
    """Give a dump up, or throw a ready one away; raises Refused. Its file goes soon after."""
    row = await hold(session, dump_id)
    if row is None or row.account_uin != owner:
        raise Refused.one(Code.NOT_FOUND, "there is no such dump", "id")
    await end(session, row, DumpEvent.CANCEL, now)
    return row


async def end(session: AsyncSession, row: DumpRow, event: DumpEvent, now: datetime) -> None:
    """Take the step of a held row that ends it, and give its place in the quota back."""
    row.status = step(row.status, event)
    row.ended_at = now
    await quotas.give_back(session, row.account_uin, DUMPS)
    await session.flush()
