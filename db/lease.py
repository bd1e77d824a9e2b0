"""Claims are leases: what dead workers held, and what was sent and never answered.

A message of which nobody knows whether the carrier took it is sent again, or waits for a receipt,
as its task says. Those of a task that no longer sends stay unknown, for nothing may submit them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, literal, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db import settlement
from db.batch import given
from db.message import AWAITED, HELD
from db.message import TABLE as MESSAGE
from db.tally import COUNTED, Counted, Tally
from db.task import BulkTaskRow
from domain.carrier import Answer
from domain.message import MessageEvent, MessageStatus, step
from domain.task import TaskStatus, UnknownPolicy

FIRST_QUESTION: Final = timedelta(seconds=30)
FREE: Final[dict[str, Any]] = {"claimed_by": None, "claimed_until": None}

_TASK: Final = BulkTaskRow.metadata.tables["bulk_task"]
_QUEUED: Final = {"carrier": None, "carrier_ref": None, "submitted_at": None, **FREE}
_UNKNOWN: Final = and_(HELD, MESSAGE.c.state == MessageStatus.UNKNOWN)


async def release(session: AsyncSession, ids: Sequence[int]) -> None:
    """Queue messages again that their carrier has certainly not got."""
    if not ids:
        return
    table = given(session, (MESSAGE.c.id,), ((one,) for one in ids))
    statement = update(MESSAGE).where(MESSAGE.c.id == table.c.id)
    queued = step(MessageStatus.CLAIMED, MessageEvent.RELEASE)
    await (await session.connection()).execute(statement.values(state=queued, **_QUEUED))


async def lose(session: AsyncSession, answers: Sequence[Answer], now: datetime) -> None:
    """Let messages that were sent and not answered become what their tasks say."""
    if not answers:
        return
    rows = ((one.message_id, next(iter(one.references), None)) for one in answers)
    table = given(session, (MESSAGE.c.id, MESSAGE.c.carrier_ref), rows)
    heard = update(MESSAGE).where(MESSAGE.c.id == table.c.id)
    await (await session.connection()).execute(heard.values(carrier_ref=table.c.carrier_ref))
    ids = given(session, (MESSAGE.c.id,), ((one.message_id,) for one in answers))
    held = MESSAGE.c.state == MessageStatus.CLAIMED
    await _give_up(session, and_(held, MESSAGE.c.id.in_(select(ids.c.id))), now)


async def requeue(session: AsyncSession, now: datetime, worker: str = "") -> int:
    """Let what dead workers held become what its tasks say; gives how many are sent again.

    Their leases have run out, or they held it under the name of `worker`, which begins only now.
    """
    return await _give_up(session, _lost(now, worker), now)


async def overdue(session: AsyncSession, now: datetime) -> bool:
    """Say whether any lease has run out."""
    query = select(MESSAGE.c.id).where(_lost(now)).limit(1)
    return (await (await session.connection()).execute(query)).first() is not None


async def any_to_ask(session: AsyncSession, carriers: Sequence[str], now: datetime) -> bool:
    """Say whether there is a message to ask about now."""
    query = select(MESSAGE.c.id).where(_due(carriers, now)).limit(1)
    return (await (await session.connection()).execute(query)).first() is not None


async def to_ask(
    session: AsyncSession, carriers: Sequence[str], now: datetime, limit: int
) -> list[tuple[str, str]]:
    """Give carrier and reference of unknown messages to ask about now, after ever longer pauses."""
    columns = MESSAGE.c
    query = select(columns.id, columns.carrier, columns.carrier_ref, columns.submitted_at)
    held = query.where(_due(carriers, now)).order_by(columns.claimed_until).limit(limit)
    connection = await session.connection()
    rows = (await connection.execute(held.with_for_update(skip_locked=True))).all()
    if rows:
        again = [(row[0], now + max(FIRST_QUESTION, now - row[3])) for row in rows]
        table = given(session, (columns.id, columns.claimed_until), again)
        statement = update(MESSAGE).where(columns.id == table.c.id)
        await connection.execute(statement.values(claimed_until=table.c.claimed_until))
    return [(carrier, reference) for _, carrier, reference, _ in rows]


async def waited(session: AsyncSession, before: datetime) -> bool:
    """Say whether any message has waited for its receipt since `before`."""
    query = select(MESSAGE.c.id).where(_waited(before)).limit(1)
    return (await (await session.connection()).execute(query)).first() is not None


async def expire(session: AsyncSession, before: datetime, now: datetime, limit: int) -> int:
    """End up to `limit` messages that have waited since `before`, and say how many.

    They stay accepted and without a receipt. Those of which nobody ever knew count as accepted now:
    they were sent, and were paid for.
    """
    columns = MESSAGE.c
    connection = await session.connection()
    query = select(columns.id, columns.state, columns.submitted_at, *COUNTED)
    held = query.where(_waited(before)).order_by(columns.submitted_at).limit(limit)
    rows = (await connection.execute(held.with_for_update(skip_locked=True))).all()
    if not rows:
        return 0
    table = given(session, (columns.id,), ((row[0],) for row in rows))
    expired = step(MessageStatus.SUBMITTED, MessageEvent.EXPIRE)
    statement = update(MESSAGE).where(columns.id == table.c.id)
    await connection.execute(statement.values(state=expired, done_at=now, **FREE))
    unknown = [row for row in rows if row[1] is MessageStatus.UNKNOWN]
    if unknown:
        tally = await Tally.open(session, {row.account_uin for row in unknown})
        for row in unknown:
            tally.accepted(Counted(*row[3:]), row[2])
        await tally.write(session)
        await settlement.finish_sent(session, tally.tasks, now)
    return len(rows)


def _due(carriers: Sequence[str], now: datetime) -> ColumnElement[bool]:
    # One whose reference is not known has no time to ask.
    columns = MESSAGE.c
    return and_(
        _UNKNOWN,
        columns.claimed_until <= now,
        columns.carrier.in_(carriers),
    )


async def _give_up(session: AsyncSession, which: ColumnElement[bool], now: datetime) -> int:
    resends = select(_TASK.c.id).where(
        _TASK.c.status == TaskStatus.SENDING, _TASK.c.unknown_policy == UnknownPolicy.RESEND
    )
    lost = step(MessageStatus.CLAIMED, MessageEvent.LOSE)
    queued = step(lost, MessageEvent.RESEND)
    columns = MESSAGE.c
    again = update(MESSAGE).where(
        which, or_(columns.task_id.is_(None), columns.task_id.in_(resends))
    )
    connection = await session.connection()
    requeued = await connection.execute(again.values(state=queued, **_QUEUED))
    at = literal(now, columns.claimed_until.type)
    unknown = {
        "state": lost,
        "claimed_by": None,
        "claimed_until": case((columns.carrier_ref.is_not(None), at)),
        "submitted_at": now,
    }
    await connection.execute(update(MESSAGE).where(which).values(unknown))
    return requeued.rowcount


def _lost(now: datetime, worker: str = "") -> ColumnElement[bool]:
    held = and_(HELD, MESSAGE.c.state == MessageStatus.CLAIMED)
    if not worker:
        return and_(held, MESSAGE.c.claimed_until <= now)
    return and_(held, or_(MESSAGE.c.claimed_until <= now, MESSAGE.c.claimed_by == worker))


def _waited(before: datetime) -> ColumnElement[bool]:
    return and_(AWAITED, MESSAGE.c.submitted_at <= before)
