"""What time does to dumps: ready ones expire, their files go, and at last their rows (STA-8)."""

from datetime import datetime

from sqlmodel import col, delete, exists, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import dump as dumps
from db.dump import LEFT, DumpRow
from db.dump_work import DumpPartRow
from domain.dump import IN_WORK, DumpEvent, DumpStatus


async def expire(session: AsyncSession, now: datetime, limit: int) -> int:
    """End ready dumps whose time is over, at most `limit`; gives how many."""
    query = (
        select(DumpRow)
        .where(DumpRow.status == DumpStatus.READY, col(DumpRow.expires_at) <= now)
        .order_by(col(DumpRow.expires_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = (await session.exec(query)).all()
    for row in rows:
        await dumps.end(session, row, DumpEvent.EXPIRE, now)
    return len(rows)


async def left(session: AsyncSession, stale: datetime, limit: int) -> list[int]:
    """List dumps that are over and still have objects in the store.

    What was never ready is left to the work on it, which may be writing at this moment, unless it
    was over before `stale`: then the work has failed.
    """
    spoilt = (
        select(DumpRow.id)
        .where(LEFT, or_(col(DumpRow.ready_at).is_not(None), col(DumpRow.ended_at) < stale))
        .order_by(col(DumpRow.ended_at))
        .limit(limit)
    )
    over = func.coalesce(col(DumpRow.ended_at), col(DumpRow.ready_at))
    parts = (
        select(DumpRow.id)
        .join(DumpPartRow)
        .where(col(DumpRow.status).not_in(IN_WORK), over < stale)
        .distinct()
        .limit(limit)
    )
    return [dump_id for query in (spoilt, parts) for dump_id in await session.exec(query)]


async def forget(session: AsyncSession, before: datetime, limit: int) -> int:
    """Delete rows of dumps that ended before a time and have nothing left; gives how many."""
    old = (
        select(DumpRow.id)
        .where(
            col(DumpRow.ended_at) < before,
            col(DumpRow.key).is_(None),
            ~exists().where(col(DumpPartRow.dump_id) == col(DumpRow.id)),
        )
        .order_by(col(DumpRow.ended_at))
        .limit(limit)
    )
    ids = list((await session.exec(old)).all())
    if ids:
        await session.exec(delete(DumpRow).where(col(DumpRow.id).in_(ids)))
    return len(ids)
