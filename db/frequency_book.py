"""What passed to each number lately, held by the transaction that decides about it (CFG-3)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, literal, select, true, update
from sqlalchemy.dialects import sqlite
from sqlmodel.ext.asyncio.session import AsyncSession

from db import batch as batches
from db.batch import Rows, given
from db.dialect import insert, is_postgresql
from db.frequency import USAGE, UsageKey
from db.queue import Claimed
from domain import frequency as rules
from domain.frequency import Send

_KEY: Final = (USAGE.c.app_id, USAGE.c.phone)
_WRITTEN: Final = (*_KEY, USAGE.c.sends)
_NOTHING: Final[list[Send]] = []


def _looking() -> Rows:
    wanted = batches.awaited(_KEY, postgresql=False)
    same = (USAGE.c.app_id == wanted.c.app_id) & (USAGE.c.phone == wanted.c.phone)
    return Rows(select(*_KEY, USAGE.c.sends).join(wanted, same))


_LOOK: Final = _looking()


@dataclass(frozen=True, slots=True)
class Book:
    """What passed to each number that is held, and how that is stored on PostgreSQL."""

    sends: dict[UsageKey, list[Send]] = field(default_factory=dict)
    stored: dict[UsageKey, str] = field(default_factory=dict)


async def hold(
    session: AsyncSession, judged: Iterable[tuple[Claimed, Send]], now: datetime
) -> Book:
    """Hold the row of each number until the transaction ends, in one order for all workers.

    A number that is new gets its first message written at once: nearly always it passes, and then
    nothing more is to be written. SQLite has one writer, so there it is enough to look.
    """
    if not is_postgresql(session):
        return await _look(session, {(one.app_id, one.phone) for one, _ in judged})
    first: dict[UsageKey, str] = {}
    for message, send in judged:
        first.setdefault((message.app_id, message.phone), _stored([send]))
    columns = USAGE.c
    rows = ((*key, first[key]) for key in sorted(first))
    table = given(session, (columns.app_id, columns.phone, columns.sends), rows)
    used_at = literal(now, columns.used_at.type)
    statement = insert(session, USAGE).from_select(
        ["app_id", "phone", "sends", "used_at"],
        select(*table.c, used_at).order_by(table.c.app_id, table.c.phone),
    )
    held = statement.on_conflict_do_update(
        index_elements=[columns.app_id, columns.phone],
        set_={"used_at": statement.excluded.used_at},
    ).returning(columns.app_id, columns.phone, columns.sends)
    book = Book()
    for app_id, phone, stored in (await (await session.connection()).execute(held)).all():
        key = app_id, phone
        before = [] if stored == first[key] else orjson.loads(stored)
        book.sends[key], book.stored[key] = [Send(*send) for send in before], stored
    return book


async def _look(session: AsyncSession, keys: Collection[UsageKey]) -> Book:
    asked = batches.stored(session, _KEY, keys)
    book = Book(dict.fromkeys(keys, _NOTHING))
    for app_id, phone, stored in await _LOOK.all(session, {"given": asked}):
        book.sends[app_id, phone] = [Send(*send) for send in orjson.loads(stored)]
    return book


async def write(session: AsyncSession, book: Book, now: datetime) -> None:
    """Write down what passed."""
    at = rules.milliseconds(now)
    if not is_postgresql(session):
        return await _write_all(session, book, now, at)
    rows = [
        (*key, stored)
        for key, sends in book.sends.items()
        if (stored := _stored(rules.remembered(sends, at))) != book.stored[key]
    ]
    if not rows:
        return None
    columns = USAGE.c
    table = given(session, (columns.app_id, columns.phone, columns.sends), rows)
    same = (columns.app_id == table.c.app_id) & (columns.phone == table.c.phone)
    statement = update(USAGE).where(same).values(sends=table.c.sends)
    await (await session.connection()).execute(statement)
    return None


async def _write_all(session: AsyncSession, book: Book, now: datetime, at: int) -> None:
    rows = [(*key, _stored(rules.remembered(book.sends[key], at))) for key in sorted(book.sends)]
    written = {"given": batches.stored(session, _WRITTEN, rows), "now": now}
    await (await session.connection()).execute(_writing(), written)


@cache
def _writing() -> Any:
    table = batches.awaited(_WRITTEN, postgresql=False)
    # Without a WHERE, SQLite takes ON CONFLICT for a join's ON.
    found = select(*table.c, bindparam("now", type_=USAGE.c.used_at.type)).where(true())
    statement = sqlite.insert(USAGE).from_select(["app_id", "phone", "sends", "used_at"], found)
    return statement.on_conflict_do_update(
        index_elements=_KEY,
        set_={"sends": statement.excluded.sends, "used_at": statement.excluded.used_at},
    )


def _stored(sends: Iterable[Send]) -> str:
    return orjson.dumps([[*send] for send in sends]).decode()
