"""Queues of statuses and replies that a program pulls, each record given once (API-3).

A queue is there while pulling is on. Its records are written in the transaction of what they tell
of, and deleted in the one that gives them, so none is lost, made up or given twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Index, Row, Select, Table, UniqueConstraint, delete, select
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db import message_context
from db.batch import given
from db.dialect import BigId, insert
from db.message import CODE_MOST
from db.message import TABLE as MESSAGE
from db.signature import SignatureRow
from domain.callback import ReplyEvent, StatusEvent
from domain.pull import PulledReply, PulledStatus

OF_REPLIES: Final = 0
"""Stands for the application of an account's queue of replies, which is of all of them."""

# What is left of a queue that was switched off must not come into the next one.
_IDS: Final = {"sqlite_autoincrement": True}


class PullQueueRow(SQLModel, table=True):
    """The queue of an application's statuses, or with `OF_REPLIES` of an account's replies.

    `dropped` counts what was never given: too many or too old; `dropped_at` is when that last was.
    """

    __tablename__ = "pull_queue"
    __table_args__ = (UniqueConstraint("account_uin", "app_id"), _IDS)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    app_id: int = Field(index=True, sa_type=BigId)
    since: datetime
    dropped: int = Field(default=0, sa_type=BigId)
    dropped_at: datetime | None = None


class PullStatusRow(SQLModel, table=True):
    """One status that was not given yet, in the order of ids; `at` is when it happened.

    What is left of a queue that was switched off has none any more, and is dropped in steps.
    """

    __tablename__ = "pull_status"
    __table_args__ = (Index(None, "queue_id", "id"), _IDS)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    queue_id: int = Field(sa_type=BigId)
    message_id: int = Field(sa_type=BigId)
    phone: str = Field(max_length=20)
    delivered: bool
    code: str = Field(max_length=CODE_MOST)
    at: datetime


class PullReplyRow(SQLModel, table=True):
    """One reply that was not given yet; `app_id` is that of the message it answers."""

    __tablename__ = "pull_reply"
    __table_args__ = (Index(None, "queue_id", "id"), Index(None, "queue_id", "app_id", "id"), _IDS)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    queue_id: int = Field(sa_type=BigId)
    app_id: int = Field(sa_type=BigId)
    message_id: int = Field(sa_type=BigId)
    signature_id: int | None = Field(default=None, sa_type=BigId)
    phone: str = Field(max_length=20)
    text: str = Field(max_length=1_000)
    at: datetime


QUEUE: Final = PullQueueRow.metadata.tables["pull_queue"]
STATUS: Final = PullStatusRow.metadata.tables["pull_status"]
REPLY: Final = PullReplyRow.metadata.tables["pull_reply"]
SIGNATURE: Final = SignatureRow.metadata.tables["signature"]
_STATUS_COLUMNS: Final = tuple(column for column in STATUS.c if column.name != "id")
_REPLY_COLUMNS: Final = tuple(column for column in REPLY.c if column.name != "id")


async def add_statuses(session: AsyncSession, queued: Iterable[tuple[int, StatusEvent]]) -> None:
    """Put statuses into their queues, in this order."""
    rows = [
        (queue_id, event.message_id, event.phone, event.delivered, event.code, event.at)
        for queue_id, event in queued
    ]
    await _add(session, STATUS, _STATUS_COLUMNS, rows)


async def add_replies(session: AsyncSession, queued: Iterable[tuple[int, ReplyEvent]]) -> None:
    """Put replies into their queues, in this order."""
    rows = [
        (
            queue_id,
            event.app_id,
            event.message_id,
            event.signature_id,
            event.phone,
            event.text,
            event.at,
        )
        for queue_id, event in queued
    ]
    await _add(session, REPLY, _REPLY_COLUMNS, rows)


async def statuses(session: AsyncSession, app_id: int, limit: int) -> Sequence[PulledStatus]:
    """Take up to `limit` statuses off an application's queue, oldest first.

    Nothing while pulling is off. They are gone once the caller's transaction ends; what another
    caller takes at the same time is passed over.
    """
    queue = select(QUEUE.c.id).where(QUEUE.c.app_id == app_id)
    query = select(STATUS).where(STATUS.c.queue_id.in_(queue))
    rows = await _take(session, STATUS, query, limit)
    ids = [row.message_id for row in rows]
    made = await created(session, ids)
    contexts = await message_context.among(session, ids)
    return [
        PulledStatus(
            message_id=row.message_id,
            # The month of the message may be gone; its number names it anyway.
            created_at=made.get(row.message_id, row.at),
            phone=row.phone,
            delivered=row.delivered,
            code=row.code,
            at=row.at,
            session_context=known.session_context
            if (known := contexts.get(row.message_id))
            else "",
        )
        for row in rows
    ]


async def replies(
    session: AsyncSession, account_uin: int, app_id: int, limit: int
) -> Sequence[PulledReply]:
    """Take up to `limit` replies to an application's messages off the account's queue."""
    queue = select(QUEUE.c.id).where(
        QUEUE.c.account_uin == account_uin, QUEUE.c.app_id == OF_REPLIES
    )
    query = select(REPLY).where(REPLY.c.queue_id.in_(queue), REPLY.c.app_id == app_id)
    rows = await _take(session, REPLY, query, limit)
    signs = await _signs(session, {row.signature_id for row in rows if row.signature_id})
    contexts = await message_context.among(session, [row.message_id for row in rows])
    return [
        PulledReply(
            app_id=row.app_id,
            message_id=row.message_id,
            phone=row.phone,
            text=row.text,
            sign=signs.get(row.signature_id, ""),
            extend=known.extend if (known := contexts.get(row.message_id)) else "",
            at=row.at,
        )
        for row in rows
    ]


async def _take(
    session: AsyncSession, table: Table, query: Select[Any], limit: int
) -> Sequence[Row[Any]]:
    connection = await session.connection()
    chosen = query.order_by(table.c.id).limit(limit).with_for_update(skip_locked=True)
    rows: Sequence[Row[Any]] = (await connection.execute(chosen)).all()
    if rows:
        ids = [row.id for row in rows]
        await connection.execute(delete(table).where(table.c.id.in_(ids)))
    return rows


async def created(session: AsyncSession, ids: Sequence[int]) -> Mapping[int, datetime]:
    """Give when messages were created, by their ids; those whose month is gone are missing."""
    if not ids:
        return {}
    query = select(MESSAGE.c.id, MESSAGE.c.created_at).where(MESSAGE.c.id.in_(ids))
    return {row[0]: row[1] for row in await (await session.connection()).execute(query)}


async def _signs(session: AsyncSession, ids: Iterable[int]) -> Mapping[int | None, str]:
    if not ids:
        return {}
    query = select(SIGNATURE.c.id, SIGNATURE.c.content).where(SIGNATURE.c.id.in_(ids))
    return {row[0]: row[1] for row in await (await session.connection()).execute(query)}


async def _add(
    session: AsyncSession, table: Table, columns: Sequence[Any], rows: Sequence[Sequence[Any]]
) -> None:
    if not rows:
        return
    # The place of each is handed over as an id, so that ids are given in this order.
    numbered = [(place, *row) for place, row in enumerate(rows)]
    values = given(session, (table.c.id, *columns), numbered)
    names = [column.name for column in columns]
    ordered = select(*(values.c[name] for name in names)).order_by(values.c.id)
    await (await session.connection()).execute(insert(session, table).from_select(names, ordered))
