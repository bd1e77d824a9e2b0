"""What came of pushes, written down: events that were taken are gone, the rest is tried again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, delete, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db.callback import CALLBACK, ERROR_MOST, EVENT
from db.callback_push import PUSH, Push, Turn
from domain.callback_retry import Breaker, again_at

COUNTED_MOST: Final = 100_000
BREAKER: Final = [CALLBACK.c[name] for name in Breaker.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a turn: which pushes were taken, and why the next one was not.

    Those behind a push that failed were not tried.
    """

    turn: Turn
    delivered: Sequence[Push]
    failed: Push | None = None
    error: str = ""


class Lag(NamedTuple):
    """What waits to be pushed: how many events, and when the oldest of them happened."""

    events: int
    oldest_at: datetime | None


async def record(session: AsyncSession, outcome: Outcome, now: datetime) -> None:
    """Write down what came of a turn and give the callback back.

    When the lease has run out nothing is written: somebody else pushes the same meanwhile.
    """
    columns = CALLBACK.c
    connection = await session.connection()
    mine = and_(columns.id == outcome.turn.callback_id, columns.claimed_by == outcome.turn.token)
    row = (await connection.execute(select(*BREAKER).where(mine).with_for_update())).first()
    if row is None:
        return
    breaker = Breaker(**row._asdict())
    values: dict[str, Any] = {"claimed_by": None, "claimed_until": now}
    if outcome.delivered:
        if breaker.is_open:
            await _hurry(session, outcome.turn.callback_id, now)
        breaker = breaker.succeeded()
        values["pushed_at"] = now
        await _drop(session, [push.id for push in outcome.delivered])
    if outcome.failed is not None:
        breaker = breaker.failed(now, tried_before=outcome.failed.tries > 0)
        values |= {"error": outcome.error[:ERROR_MOST], "error_at": now}
        await _put_off(session, outcome.failed, outcome.error, now)
    values |= {name: getattr(breaker, name) for name in Breaker.__dataclass_fields__}
    await connection.execute(update(CALLBACK).where(mine).values(values))


async def lag(session: AsyncSession) -> Lag:
    """Count what waits to be pushed, up to `COUNTED_MOST`.

    What is parked, suspended or switched off waits for its user and is left out.
    """
    waiting = (
        select(EVENT.c.id, EVENT.c.at)
        .join(CALLBACK, CALLBACK.c.id == EVENT.c.callback_id)
        .outerjoin(PUSH, PUSH.c.id == EVENT.c.push_id)
        .where(
            CALLBACK.c.enabled.is_(True),
            CALLBACK.c.suspended_at.is_(None),
            PUSH.c.parked_at.is_(None),
        )
        .order_by(EVENT.c.id)
        .limit(COUNTED_MOST)
        .subquery()
    )
    query = select(func.count(), func.min(waiting.c.at))
    return Lag(*(await (await session.connection()).execute(query)).one())


async def _drop(session: AsyncSession, push_ids: Sequence[int]) -> None:
    connection = await session.connection()
    await connection.execute(delete(EVENT).where(EVENT.c.push_id.in_(push_ids)))
    await connection.execute(delete(PUSH).where(PUSH.c.id.in_(push_ids)))


async def _put_off(session: AsyncSession, push: Push, error: str, now: datetime) -> None:
    tries = push.tries + 1
    again = again_at(tries, now)
    values: dict[str, Any] = {"tries": tries, "error": error[:ERROR_MOST], "error_at": now}
    values |= {"due_at": again} if again else {"parked_at": now}
    statement = update(PUSH).where(PUSH.c.id == push.id).values(values)
    await (await session.connection()).execute(statement)


async def _hurry(session: AsyncSession, callback_id: int, now: datetime) -> None:
    # The URL lives again: what failed while it was dead need not wait for its own time.
    waiting = and_(PUSH.c.callback_id == callback_id, PUSH.c.parked_at.is_(None))
    statement = update(PUSH).where(waiting, PUSH.c.due_at > now).values(due_at=now)
    await (await session.connection()).execute(statement)
