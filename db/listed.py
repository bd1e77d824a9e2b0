"""Lists of numbers that messages are held against, one entry a number, signature and SMS type."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    func,
    literal_column,
    select,
    union_all,
)
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db.batch import Rows, awaited, given, stored
from db.dialect import BigId, choice
from db.message import TABLE as MESSAGE
from db.queue import Claimed
from domain.region import SmsType

UNSIGNED: Final = 0
"""Stands for the signature of messages without one: NULL would equal nothing, not even itself."""

KEY: Final = ("account_uin", "signature_id", "sms_type", "phone")
_ASKED: Final = tuple(MESSAGE.c[name] for name in ("id", *KEY))


class Listed(SQLModel):
    """The columns that say which messages an entry is about."""

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    signature_id: int = Field(sa_type=BigId)
    sms_type: SmsType = Field(sa_type=choice(SmsType))
    phone: str = Field(max_length=20)


def finding(lists: Sequence[tuple[Table, ColumnElement[bool]]], *, postgresql: bool) -> Select[Any]:
    """Make the query for what `among` reads: lists, and which of their entries are in force."""
    asked = awaited(_ASKED, postgresql=postgresql)
    found = (
        select(asked.c.id, literal_column(str(place)).label("place"))
        .join(table, _same(asked.c.__getitem__, table))
        .where(in_force)
        for place, (table, in_force) in enumerate(lists)
    )
    return select(union_all(*found).subquery())


async def among(
    session: AsyncSession, batch: Sequence[Claimed], query: Rows, **moments: datetime
) -> list[tuple[int, int]]:
    """Say which messages of a batch are to numbers on which list, by its place in the query."""
    if not batch:
        return []
    rows = (
        (
            message.id,
            message.account_uin,
            message.signature_id or UNSIGNED,
            message.sms_type,
            message.phone,
        )
        for message in batch
    )
    asked = {"given": stored(session, _ASKED, rows), **moments}
    return [(message_id, place) for message_id, place in await query.all(session, asked)]


async def sums(
    session: AsyncSession,
    listed: Table,
    keys: Sequence[tuple[Any, ...]],
    moment: str | None = None,
    *,
    in_force: ColumnElement[bool] | None = None,
) -> dict[tuple[Any, ...], tuple[int, int]]:
    """Give number and sum of ids of the entries in force about each key; one statement for all.

    A key is account, signature and SMS type, and where the column `moment` is named, by when an
    entry must have it.
    """
    shared = KEY[:-1]  # all but the phone
    names = (*shared, moment) if moment else shared
    columns = [listed.c.id, *(listed.c[name] for name in names)]
    asked = given(session, columns, ((place, *key) for place, key in enumerate(keys)))
    same = [listed.c[name] == asked.c[name] for name in shared]
    if moment:
        same.append(listed.c[moment] <= asked.c[moment])
    if in_force is not None:
        same.append(in_force)
    query = (
        select(asked.c.id, func.count(), func.sum(listed.c.id))
        .join(listed, and_(*same))
        .group_by(asked.c.id)
    )
    found = dict.fromkeys(keys, (0, 0))
    for place, number, total in await (await session.connection()).execute(query):
        found[keys[place]] = (number, int(total))
    return found


def about(listed: Table) -> ColumnElement[bool]:
    """Join stored messages to the entries about them."""
    columns: dict[str, Any] = {name: MESSAGE.c[name] for name in KEY}
    columns["signature_id"] = func.coalesce(MESSAGE.c.signature_id, UNSIGNED)
    return _same(columns.__getitem__, listed)


def _same(column: Callable[[str], Any], listed: Table) -> ColumnElement[bool]:
    return and_(*(column(name) == listed.c[name] for name in KEY))
