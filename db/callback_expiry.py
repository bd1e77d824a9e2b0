"""Dropping what could not be pushed for long: events that nobody will want any more.

What waits on a callback that pushes is never dropped, however old it says it is: carriers' clocks
go wrong. It is what nobody replayed, and what waits where nothing was pushed or changed meanwhile.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.callback import CALLBACK, EVENT
from db.callback_push import PUSH


async def expire(session: AsyncSession, before: datetime, limit: int) -> int:
    """Drop up to `limit` pushes and `limit` events of before; gives the larger number."""
    return max(
        await _expire_pushes(session, before, limit), await _expire_events(session, before, limit)
    )


async def _expire_pushes(session: AsyncSession, before: datetime, limit: int) -> int:
    columns = PUSH.c
    idle = (columns.created_at <= before) & columns.callback_id.in_(_idle(before))
    query = select(columns.id).where(or_(columns.parked_at <= before, idle)).limit(limit)
    connection = await session.connection()
    gone = (await connection.execute(query.order_by(columns.id))).scalars().all()
    if gone:
        await connection.execute(delete(EVENT).where(EVENT.c.push_id.in_(gone)))
        await connection.execute(delete(PUSH).where(columns.id.in_(gone)))
    return len(gone)


async def _expire_events(session: AsyncSession, before: datetime, limit: int) -> int:
    columns = EVENT.c
    query = (
        select(columns.id)
        .where(
            columns.callback_id.in_(_idle(before)),
            columns.push_id.is_(None),
            columns.at <= before,
        )
        .order_by(columns.id)
        .limit(limit)
    )
    connection = await session.connection()
    gone = (await connection.execute(query)).scalars().all()
    if gone:
        await connection.execute(delete(EVENT).where(columns.id.in_(gone)))
    return len(gone)


def _idle(before: datetime) -> ColumnElement[int]:
    columns = CALLBACK.c
    query = select(columns.id).where(
        columns.changed_at <= before,
        or_(columns.pushed_at.is_(None), columns.pushed_at <= before),
    )
    return query.scalar_subquery()
