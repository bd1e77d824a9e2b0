"""What users set and see of their callbacks: URL, secret, how it does, and what is parked."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select, update
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db.callback import CALLBACK, EVENT, CallbackRow, Sealed, place
from db.callback_outcome import COUNTED_MOST
from db.callback_push import PUSH, CallbackPushRow
from db.dialect import insert
from db.page import Key, Order, Slice
from db.vault import Vault
from domain.callback_retry import Breaker
from domain.callback_signature import OVERLAP
from domain.errors import Code, Problem, Refused


class Standing(NamedTuple):
    """What a callback has yet to push: events that wait, and pushes that are parked.

    `waiting` is counted up to `COUNTED_MOST`; `oldest_at` is when the oldest of them happened, and
    `again_at` when the first of the pushes that failed is due again.
    """

    waiting: int
    oldest_at: datetime | None
    again_at: datetime | None
    parked: int


async def owned(session: AsyncSession, owner: int, app_id: int) -> CallbackRow | None:
    """Find the event callback of an application, or with `REPLIES` the reply callback."""
    query = select_rows(CallbackRow).where(
        CallbackRow.account_uin == owner, CallbackRow.app_id == app_id
    )
    return (await session.exec(query)).first()


async def changing(session: AsyncSession, owner: int, app_id: int) -> CallbackRow:
    """Find a callback and hold it until the transaction ends; raises Refused."""
    query = select_rows(CallbackRow).where(
        CallbackRow.account_uin == owner, CallbackRow.app_id == app_id
    )
    row = (await session.exec(query.with_for_update())).first()
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no callback yet: enter its URL first")
    return row


async def add(  # noqa: PLR0913, PLR0917 - whose, where to, and how its secret is sealed
    session: AsyncSession,
    owner: int,
    app_id: int,
    url: str,
    vault: Vault,
    secret: str,
    *,
    enabled: bool,
    now: datetime,
) -> CallbackRow:
    """Set a callback up; raises Refused when there is one already."""
    statement = insert(session, CallbackRow).values(
        account_uin=owner,
        app_id=app_id,
        url=url,
        enabled=enabled,
        sealed_secret=vault.seal(secret, place(owner, app_id)),
        changed_at=now,
        failures=0,
        error="",
    )
    added = await session.exec(statement.on_conflict_do_nothing().returning(col(CallbackRow.id)))
    if added.first() is None:
        message = "there is a callback already, and at most 1 may be added: change that one"
        raise Refused.one(Code.TAKEN, message)
    return await changing(session, owner, app_id)


async def configure(
    session: AsyncSession, row: CallbackRow, url: str, *, enabled: bool, now: datetime
) -> None:
    """Change URL and switch; another URL, or switching on, begins without the old failures."""
    if url != row.url or (enabled and not row.enabled):
        await _resume(session, row, now)
    row.url, row.enabled, row.changed_at = url, enabled, now


def rotate(row: CallbackRow, vault: Vault, secret: str, now: datetime) -> None:
    """Replace the secret; the old one signs beside it for a while."""
    row.sealed_old, row.old_until = row.sealed_secret, now + OVERLAP
    row.sealed_secret = vault.seal(secret, place(row.account_uin, row.app_id))


async def tested_at(session: AsyncSession, owner: int) -> datetime | None:
    """Say when an account last tested one of its callbacks."""
    query = select(func.max(CALLBACK.c.tested_at)).where(CALLBACK.c.account_uin == owner)
    moment: datetime | None = (await (await session.connection()).execute(query)).scalar()
    return moment


def sealed(row: CallbackRow) -> Sealed:
    """Give what a push is signed with."""
    return Sealed(
        place(row.account_uin, row.app_id), row.sealed_secret, row.sealed_old, row.old_until
    )


def breaker(row: CallbackRow) -> Breaker:
    """Give what is known of the URL's health."""
    return Breaker(**{name: getattr(row, name) for name in Breaker.__dataclass_fields__})


async def replay(
    session: AsyncSession, row: CallbackRow, ids: Collection[int] | None, now: datetime
) -> int:
    """Push what is parked again, all or some of it, and resume; gives how many pushes that are.

    Raises Refused with each id that is not parked.
    """
    columns = PUSH.c
    chosen = update(PUSH).where(columns.callback_id == row.id, columns.parked_at.is_not(None))
    if ids is not None:
        chosen = chosen.where(columns.id.in_(ids))
    again = chosen.values(parked_at=None, tries=0, due_at=now).returning(columns.id)
    found = set((await (await session.connection()).execute(again)).scalars())
    missing = [
        Problem(Code.NOT_FOUND, "no parked push has this id", ("ids", str(number)))
        for number, each in enumerate(ids or ())
        if each not in found
    ]
    if missing:
        raise Refused(*missing)
    await _resume(session, row, now)
    return len(found)


async def parked(
    session: AsyncSession, callback_id: int, *, first: int, after: Key | None
) -> Slice[CallbackPushRow]:
    """List parked pushes, the last one first."""
    order = Order(col(CallbackPushRow.parked_at), col(CallbackPushRow.id), descending=True)
    return await pages.keyset(session, _parked(callback_id), order, first=first, after=after)


async def count_parked(session: AsyncSession, callback_id: int) -> int:
    """Count parked pushes."""
    return await pages.count(session, _parked(callback_id))


async def standing(session: AsyncSession, callback_id: int) -> Standing:
    """Say what a callback has yet to push."""
    connection = await session.connection()
    fresh = select(EVENT.c.id).where(EVENT.c.callback_id == callback_id, EVENT.c.push_id.is_(None))
    counted = select(func.count()).select_from(fresh.limit(COUNTED_MOST).subquery())
    waiting: int = (await connection.execute(counted)).scalar_one()
    first = select(EVENT.c.at).where(EVENT.c.id.in_(fresh.order_by(EVENT.c.id).limit(1)))
    oldest = (await connection.execute(first)).scalar()
    open_ = (PUSH.c.callback_id == callback_id, PUSH.c.parked_at.is_(None))
    tried = (
        select(func.count(), func.min(EVENT.c.at))
        .join(PUSH, PUSH.c.id == EVENT.c.push_id)
        .where(*open_)
    )
    under_way, earlier = (await connection.execute(tried)).one()
    moments = [moment for moment in (oldest, earlier) if moment]
    due = select(func.min(PUSH.c.due_at)).where(*open_, PUSH.c.tries > 0)
    again_at = (await connection.execute(due)).scalar()
    parked = await count_parked(session, callback_id)
    return Standing(waiting + under_way, min(moments, default=None), again_at, parked)


async def erase(session: AsyncSession, app_id: int) -> None:
    """Delete the event callback of an application that is gone for good, and what waits for it."""
    connection = await session.connection()
    query = select(CALLBACK.c.id).where(CALLBACK.c.app_id == app_id)
    for callback_id in (await connection.execute(query)).scalars().all():
        for table in (EVENT, PUSH):
            await connection.execute(delete(table).where(table.c.callback_id == callback_id))
    await connection.execute(delete(CALLBACK).where(CALLBACK.c.app_id == app_id))


async def _resume(session: AsyncSession, row: CallbackRow, now: datetime) -> None:
    for name, value in asdict(Breaker()).items():
        setattr(row, name, value)
    waiting = update(PUSH).where(
        PUSH.c.callback_id == row.id, PUSH.c.parked_at.is_(None), PUSH.c.due_at > now
    )
    await (await session.connection()).execute(waiting.values(due_at=now))


def _parked(callback_id: int) -> SelectOfScalar[CallbackPushRow]:
    return select_rows(CallbackPushRow).where(
        CallbackPushRow.callback_id == callback_id, col(CallbackPushRow.parked_at).is_not(None)
    )
