"""Pushes of callbacks: taken with a lease, sent again with the same content, dropped when taken.

Whoever holds a callback's lease pushes alone. When it dies, the lease runs out and another pushes
the same pushes under the same ids, although the receiver may have got them.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Index, Row, Select, exists, or_, select, text, update
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db.application import ApplicationRow
from db.callback import CALLBACK, ERROR_MOST, EVENT, REPLIES, Sealed, place
from db.dialect import BigId, insert
from domain.callback import EVENTS_OF_A_PUSH
from domain.callback_retry import TRIP
from domain.callback_signature import new_id

REPLIES_OF_A_TURN: Final = 20
OPEN: Final = text("parked_at IS NULL")


class CallbackPushRow(SQLModel, table=True):
    """Events that are pushed together until they are taken, under `webhook_id`.

    `tries` is how often it failed, `parked_at` when it was given up until its user replays it.
    """

    __tablename__ = "callback_push"
    __table_args__ = (
        Index(
            "ix_callback_push_open", "callback_id", "id", sqlite_where=OPEN, postgresql_where=OPEN
        ),
        Index("ix_callback_push_parked", "callback_id", "parked_at", "id"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    callback_id: int = Field(sa_type=BigId)
    webhook_id: str = Field(max_length=40)
    events: int
    tries: int = 0
    due_at: datetime
    parked_at: datetime | None = None
    error: str = Field(default="", max_length=ERROR_MOST)
    error_at: datetime | None = None
    created_at: datetime


PUSH: Final = CallbackPushRow.metadata.tables["callback_push"]
_APPLICATION: Final = ApplicationRow.metadata.tables["application"]
_SHOWN: Final = [
    CALLBACK.c[name]
    for name in (
        "id",
        "account_uin",
        "app_id",
        "url",
        "sealed_secret",
        "sealed_old",
        "old_until",
        "failures",
    )
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who wants how many callbacks to push to, working and failing ones, and for how long."""

    token: str
    working: int
    failing: int
    now: datetime
    lease: timedelta


@dataclass(frozen=True, slots=True)
class Push:
    """What is posted at once; `tries` is how often it failed before."""

    id: int
    webhook_id: str
    tries: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Turn:
    """What one callback is given to push, one after the other, oldest first.

    `failing` is a callback whose URL is taken for dead.
    """

    callback_id: int
    token: str
    url: str
    sealed: Sealed
    failing: bool
    pushes: Sequence[Push]


async def due(session: AsyncSession, now: datetime) -> bool:
    """Say whether there is anything to push now: the cheap question an idle worker asks."""
    query = _due(now).limit(1)
    return (await (await session.connection()).execute(query)).first() is not None


async def claim(session: AsyncSession, request: Claim) -> list[Turn]:
    """Take callbacks that have something to push, those first that waited longest for their turn.

    Failing ones are counted by themselves, so that however many URLs are dead, they take no place
    of those that live.
    """
    columns, failing = CALLBACK.c, CALLBACK.c.failures >= TRIP
    connection = await session.connection()
    turns: list[Turn] = []
    for health, limit in ((~failing, request.working), (failing, request.failing)):
        if limit <= 0:
            continue
        query = (
            _due(request.now)
            .where(health)
            .order_by(columns.claimed_until.is_not(None), columns.claimed_until, columns.id)
            .limit(limit)
            .with_for_update(of=CALLBACK, skip_locked=True, key_share=True)
        )
        turns += [
            await _turn(session, request, row) for row in (await connection.execute(query)).all()
        ]
    held = {"claimed_by": request.token, "claimed_until": request.now + request.lease}
    if turns:
        mine = columns.id.in_([turn.callback_id for turn in turns])
        await connection.execute(update(CALLBACK).where(mine).values(held))
    return turns


async def release(session: AsyncSession, now: datetime) -> None:
    """Take back every callback that is held: whoever held it is known to be dead."""
    held = CALLBACK.c.claimed_by.is_not(None)
    freed = update(CALLBACK).where(held).values(claimed_by=None, claimed_until=now)
    await (await session.connection()).execute(freed)


def _due(now: datetime) -> Select[Any]:
    columns, event, push = CALLBACK.c, EVENT.c, PUSH.c
    gone = exists().where(
        _APPLICATION.c.id == columns.app_id, _APPLICATION.c.deleted_at.is_not(None)
    )
    fresh = exists(_fresh(event.id).where(event.callback_id == columns.id).correlate(CALLBACK))
    again = exists().where(
        push.callback_id == columns.id, push.parked_at.is_(None), push.due_at <= now
    )
    return select(*_SHOWN).where(
        columns.enabled.is_(True),
        columns.suspended_at.is_(None),
        or_(columns.held_until.is_(None), columns.held_until <= now),
        or_(columns.claimed_until.is_(None), columns.claimed_until <= now),
        or_(again, fresh),
        ~gone,
    )


def _fresh(*shown: ColumnElement[Any]) -> Select[Any]:
    """Select events that may be put into a push.

    One whose message has an earlier event that is not delivered yet, or parked, waits for that.
    """
    earlier = EVENT.alias("earlier")
    blocked = exists().where(
        earlier.c.callback_id == EVENT.c.callback_id,
        earlier.c.message_id == EVENT.c.message_id,
        earlier.c.push_id.is_not(None),
    )
    return select(*shown).where(EVENT.c.push_id.is_(None), ~blocked)


async def _turn(session: AsyncSession, request: Claim, row: Row[Any]) -> Turn:
    """Give a callback what it still has to push, then what is new."""
    is_reply = row.app_id == REPLIES
    most = REPLIES_OF_A_TURN if is_reply else 1
    columns = PUSH.c
    again = (
        select(columns.id, columns.webhook_id, columns.tries)
        .where(
            columns.callback_id == row.id,
            columns.parked_at.is_(None),
            columns.due_at <= request.now,
        )
        .order_by(columns.id)
        .limit(most)
    )
    open_ = list((await (await session.connection()).execute(again)).all())
    chosen = [(found.id, found.webhook_id, found.tries) for found in open_]
    if len(chosen) < most:
        new = await _batches(session, row.id, is_reply=is_reply, most=most - len(chosen))
        chosen += [(*await _form(session, row.id, events, request.now), 0) for events in new]
    bodies = await _bodies(session, [push_id for push_id, _, _ in chosen])
    pushes = [
        Push(
            push_id,
            webhook_id,
            tries,
            (bodies[push_id] if is_reply else f"[{bodies[push_id]}]").encode(),
        )
        for push_id, webhook_id, tries in chosen
    ]
    secrets = Sealed(
        place(row.account_uin, row.app_id), row.sealed_secret, row.sealed_old, row.old_until
    )
    failing = row.failures >= TRIP
    return Turn(row.id, request.token, row.url, secrets, failing, pushes)


async def _batches(
    session: AsyncSession, callback_id: int, *, is_reply: bool, most: int
) -> list[list[int]]:
    """Divide the next events into pushes: replies one by one, the rest together."""
    columns = EVENT.c
    query = (
        _fresh(columns.id, columns.message_id)
        .where(columns.callback_id == callback_id)
        .order_by(columns.id)
        .limit(most if is_reply else EVENTS_OF_A_PUSH)
    )
    found = (await (await session.connection()).execute(query)).all()
    if not is_reply:
        return [[event_id for event_id, _ in found]] if found else []
    # A second reply to one message has to see what becomes of the first.
    first_of = {message_id: event_id for event_id, message_id in reversed(found)}
    return [[event_id] for event_id in sorted(first_of.values())]


async def _form(
    session: AsyncSession, callback_id: int, events: Sequence[int], now: datetime
) -> tuple[int, str]:
    webhook_id = new_id()
    statement = insert(session, PUSH).values(
        callback_id=callback_id,
        webhook_id=webhook_id,
        events=len(events),
        tries=0,
        due_at=now,
        error="",
        created_at=now,
    )
    connection = await session.connection()
    push_id: int = (await connection.execute(statement.returning(PUSH.c.id))).scalar_one()
    put = update(EVENT).where(EVENT.c.id.in_(events)).values(push_id=push_id)
    await connection.execute(put)
    return push_id, webhook_id


async def _bodies(session: AsyncSession, push_ids: Sequence[int]) -> dict[int, str]:
    """Put the events of each push together, in their order."""
    columns = EVENT.c
    query = select(columns.push_id, columns.body).where(columns.push_id.in_(push_ids))
    found: defaultdict[int, list[str]] = defaultdict(list)
    ordered = query.order_by(columns.push_id, columns.id)
    for push_id, body in await (await session.connection()).execute(ordered):
        found[push_id].append(body)
    return {push_id: ",".join(found[push_id]) for push_id in push_ids}
