"""Recipients of bulk tasks: the message rows that a check made, and the bad rows (BLK-3)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import orjson
from sqlalchemy import delete, func, insert, select
from sqlmodel import SQLModel, col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db import task_number
from db.message import MessageRow
from db.page import Key, Order, Slice
from db.task import BulkTaskRow, RowErrorRow
from domain.errors import Code
from domain.message import MessageStatus
from domain.recipient import shown
from domain.region import Region
from domain.task import TaskStatus

ERASED_AT_ONCE: Final = 5_000
_VALUE_MOST: Final = 200
MAINLAND: Final = "CN"


class Batch(Protocol):
    """What some rows were; a row's number is what the sheet shows, or its place among all."""

    @property
    def recipients(self) -> Sequence[tuple[int, str, str, list[str], int, int]]:
        """Row, E.164 number, ISO country, variable values, characters, segments."""

    @property
    def errors(self) -> Sequence[tuple[int, str, str, str, str]]:
        """Row, column, code, value, message."""

    @property
    def duplicates(self) -> Sequence[tuple[int, int, str]]:
        """Row, the row that had the same number and content first, and the number."""


async def add(session: AsyncSession, task: BulkTaskRow, batch: Batch, now: datetime) -> None:
    """Store what a batch holds: messages that wait for the task to send, and bad rows."""
    await _insert(session, MessageRow, _messages(task, batch, now))
    await _insert(session, RowErrorRow, _row_errors(task.id, batch))


async def _insert(session: AsyncSession, model: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    if rows:
        # Core, not the unit of work: a file has up to a million rows.
        await (await session.connection()).execute(insert(model), rows)


def _messages(task: BulkTaskRow, batch: Batch, now: datetime) -> list[dict[str, Any]]:
    shared = {
        "account_uin": task.account_uin,
        "task_id": task.id,
        "app_id": task.app_id,
        "template_id": task.template_id,
        "signature_id": task.signature_id,
        "region": task.region,
        "sms_type": task.sms_type,
        "state": MessageStatus.QUEUED,
        "attempts": 0,
        "created_at": now,
    }
    return [
        {
            **shared,
            "row_number": row,
            "phone": phone,
            "country": country,
            "params": orjson.dumps(params).decode(),
            "characters": characters,
            "segments": segments,
        }
        for row, phone, country, params, characters, segments in batch.recipients
    ]


def _row_errors(task_id: int, batch: Batch) -> list[dict[str, Any]]:
    bad = [
        {
            "task_id": task_id,
            "row": row,
            "column_name": column,
            "code": Code(code),
            "value": value[:_VALUE_MOST],
            "message": message,
        }
        for row, column, code, value, message in batch.errors
    ]
    repeated = [
        {
            "task_id": task_id,
            "row": row,
            "column_name": "",
            "code": Code.TAKEN,
            "value": phone,
            "message": f"row {row} repeats row {earlier}, number and content: it is sent once",
        }
        for row, earlier, phone in batch.duplicates
    ]
    return sorted(bad + repeated, key=lambda found: int(str(found["row"])))


async def erase(session: AsyncSession, task_id: int, *, errors: bool = True) -> int:
    """Delete some thousand recipients of a task, then bad rows, then numbers it remembers.

    0 says that nothing is left. In bounded steps, because a million rows in one transaction would
    keep every writer waiting.
    """
    kinds: list[tuple[Any, Any]] = [(col(MessageRow.id), col(MessageRow.task_id))]
    if errors:
        kinds.append((col(RowErrorRow.id), col(RowErrorRow.task_id)))
    for identity, owner in kinds:
        some = select(identity).where(owner == task_id).limit(ERASED_AT_ONCE)
        statement = delete(identity.class_).where(identity.in_(some))
        gone: int = (await session.exec(statement)).rowcount
        if gone:
            return gone
    return await task_number.erase(session, task_id)


def recipients(
    task_id: int, status: TaskStatus, state: MessageStatus | None
) -> SelectOfScalar[MessageRow]:
    """Say which recipients a list shows; pages and counts share it."""
    query = select_rows(MessageRow).where(MessageRow.task_id == task_id)
    states = _stored(status, state)
    return query if states is None else query.where(col(MessageRow.state).in_(states))


def _stored(status: TaskStatus, state: MessageStatus | None) -> list[MessageStatus] | None:
    if state is None:
        return None
    return [stored for stored in MessageStatus if shown(status, stored) is state]


async def page(
    session: AsyncSession, query: SelectOfScalar[MessageRow], *, first: int, after: Key | None
) -> Slice[MessageRow]:
    """List recipients in the order of their file."""
    identity = col(MessageRow.id)
    return await pages.keyset(
        session, query, Order(identity, identity, descending=False), first=first, after=after
    )


def row_errors(task_id: int) -> SelectOfScalar[RowErrorRow]:
    """Say which bad rows a list shows."""
    return select_rows(RowErrorRow).where(RowErrorRow.task_id == task_id)


async def row_error_page(
    session: AsyncSession, query: SelectOfScalar[RowErrorRow], *, first: int, after: Key | None
) -> Slice[RowErrorRow]:
    """List bad rows in the order of their file."""
    order = Order(col(RowErrorRow.row), col(RowErrorRow.id), descending=False)
    return await pages.keyset(session, query, order, first=first, after=after)


async def in_doubt(session: AsyncSession, task_ids: Collection[int]) -> dict[int, int]:
    """Count, of each task, messages that were sent and never answered; one statement for all.

    It reads these alone: each task's stand together in the index of task and state.
    """
    query = (
        select_rows(MessageRow.task_id, func.count())
        .where(col(MessageRow.task_id).in_(task_ids), MessageRow.state == MessageStatus.UNKNOWN)
        .group_by(col(MessageRow.task_id))
    )
    return {task_id: number for task_id, number in await session.exec(query) if task_id}


async def countries(session: AsyncSession, task: BulkTaskRow) -> list[tuple[str, int, int]]:
    """Give (country, recipients, segments) of a task, most recipients first."""
    if task.region is Region.MAINLAND:
        return [(MAINLAND, task.recipients, task.segments)] if task.recipients else []
    number, segments = func.count(), func.sum(MessageRow.segments)
    query = (
        select_rows(MessageRow.country, number, segments)
        .where(MessageRow.task_id == task.id)
        .group_by(col(MessageRow.country))
        .order_by(number.desc(), col(MessageRow.country))
    )
    return [(row[0], int(row[1]), int(row[2])) for row in await session.exec(query)]
