"""Dropping what nobody pulls: what is too old, beyond a number, or of a queue that is off."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, Table, delete, func, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db.pull import QUEUE, REPLY, STATUS
from db.pull_setting import records


class Due(NamedTuple):
    """A queue that has something to drop; with `beyond` all of it up to that id."""

    queue_id: int
    app_id: int
    beyond: int


async def queues(session: AsyncSession, after: int, limit: int) -> Sequence[tuple[int, int]]:
    """Give id and application of queues behind the one `after`."""
    columns = QUEUE.c
    query = select(columns.id, columns.app_id).where(columns.id > after)
    found = await (await session.connection()).execute(query.order_by(columns.id).limit(limit))
    return [(queue_id, app_id) for queue_id, app_id in found]


async def due(  # noqa: PLR0913, PLR0917 - which queue, and what it may keep
    session: AsyncSession, queue_id: int, app_id: int, before: datetime, most: int, limit: int
) -> Due | None:
    """Say whether a queue holds more than `most`, or among its first `limit` what is too old."""
    connection = await session.connection()
    table = records(app_id)
    own = table.c.queue_id == queue_id
    newest = select(table.c.id).where(own).order_by(table.c.id.desc()).offset(most).limit(1)
    beyond: int | None = (await connection.execute(newest)).scalar()
    first = select(table.c.at).where(own).order_by(table.c.id).limit(limit).subquery()
    oldest = (await connection.execute(select(func.min(first.c.at)))).scalar()
    if beyond is None and (oldest is None or oldest >= before):
        return None
    return Due(queue_id, app_id, beyond or 0)


async def drop(
    session: AsyncSession, wanted: Due, before: datetime, now: datetime, limit: int
) -> int:
    """Drop what is due among a queue's first `limit` records, and count it in the queue.

    What somebody takes at the same time is left to them.
    """
    table = records(wanted.app_id)
    first = (
        select(table.c.id)
        .where(table.c.queue_id == wanted.queue_id)
        .order_by(table.c.id)
        .limit(limit)
    )
    chosen = select(table.c.id).where(
        table.c.id.in_(first), or_(table.c.id <= wanted.beyond, table.c.at < before)
    )
    gone = await _delete(session, table, chosen)
    if gone:
        own = update(QUEUE).where(QUEUE.c.id == wanted.queue_id)
        counted = own.values(dropped=QUEUE.c.dropped + gone, dropped_at=now)
        await (await session.connection()).execute(counted)
    return gone


async def clear(session: AsyncSession, limit: int) -> int:
    """Drop up to `limit` statuses, and replies, of queues that are off; gives the larger number."""
    gone = 0
    for table in (STATUS, REPLY):
        left = await _left(session, table)
        if left is not None:
            chosen = select(table.c.id).where(table.c.queue_id == left).limit(limit)
            gone = max(gone, await _delete(session, table, chosen.order_by(table.c.id)))
    return gone


async def _left(session: AsyncSession, table: Table) -> int | None:
    """Give a queue that is no more and has records; steps from one queue to the next."""
    first = select(func.min(table.c.queue_id).label("id"))
    found = first.cte("found", recursive=True)
    following = select(func.min(table.c.queue_id)).where(table.c.queue_id > found.c.id)
    found = found.union_all(select(following.scalar_subquery()).where(found.c.id.is_not(None)))
    query = select(func.min(found.c.id)).where(found.c.id.not_in(select(QUEUE.c.id)))
    queue_id: int | None = (await (await session.connection()).execute(query)).scalar()
    return queue_id


async def _delete(session: AsyncSession, table: Table, chosen: Select[tuple[int]]) -> int:
    connection = await session.connection()
    ids = (await connection.execute(chosen.with_for_update(skip_locked=True))).scalars().all()
    if ids:
        await connection.execute(delete(table).where(table.c.id.in_(ids)))
    return len(ids)
