"""Whether an application's statuses or an account's replies are pulled, and what waits (API-3)."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Table, delete, func, select
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import insert
from db.pull import OF_REPLIES, QUEUE, REPLY, STATUS, PullQueueRow
from domain.pull import WAITING_MOST

COUNTED_MOST: Final = WAITING_MOST


class Standing(NamedTuple):
    """What waits in a queue, counted up to `COUNTED_MOST`, and when the first of it happened."""

    waiting: int
    oldest_at: datetime | None


def records(app_id: int) -> Table:
    """Name the table of a queue's records."""
    return REPLY if app_id == OF_REPLIES else STATUS


async def find(session: AsyncSession, owner: int, app_id: int) -> PullQueueRow | None:
    """Find the queue of an application, or with `OF_REPLIES` of an account; None while it is off.

    Another account's is not found.
    """
    query = select_rows(PullQueueRow).where(
        PullQueueRow.account_uin == owner, PullQueueRow.app_id == app_id
    )
    return (await session.exec(query)).first()


async def switch(
    session: AsyncSession, owner: int, app_id: int, *, on: bool, now: datetime
) -> PullQueueRow | None:
    """Switch a queue on or off; what waits in one that is switched off is never given."""
    if on:
        row = insert(session, QUEUE).values(account_uin=owner, app_id=app_id, since=now, dropped=0)
        await (await session.connection()).execute(row.on_conflict_do_nothing())
        return await find(session, owner, app_id)
    gone = delete(QUEUE).where(QUEUE.c.account_uin == owner, QUEUE.c.app_id == app_id)
    await (await session.connection()).execute(gone)
    return None


async def standing(session: AsyncSession, queue: PullQueueRow) -> Standing:
    """Say what waits."""
    table = records(queue.app_id)
    connection = await session.connection()
    waiting = select(table.c.id, table.c.at).where(table.c.queue_id == queue.id)
    counted = select(func.count()).select_from(waiting.limit(COUNTED_MOST).subquery())
    first = (await connection.execute(waiting.order_by(table.c.id).limit(1))).first()
    return Standing((await connection.execute(counted)).scalar_one(), first.at if first else None)


async def erase(session: AsyncSession, owner: int, app_id: int) -> None:
    """Delete the queue of an application that is gone for good, and replies to its messages.

    What waited in its queue is dropped in steps, as after switching off.
    """
    connection = await session.connection()
    await connection.execute(delete(QUEUE).where(QUEUE.c.app_id == app_id))
    queue = select(QUEUE.c.id).where(QUEUE.c.account_uin == owner, QUEUE.c.app_id == OF_REPLIES)
    replies = delete(REPLY).where(REPLY.c.queue_id.in_(queue), REPLY.c.app_id == app_id)
    await connection.execute(replies)
