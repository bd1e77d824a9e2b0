"""Single messages: sent by themselves and not for a task, they overtake every task."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Column, insert, select
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel.ext.asyncio.session import AsyncSession

from db.batch import awaited, stored
from db.dialect import is_postgresql
from db.message import TABLE as MESSAGE
from db.message import MessageRow
from domain.region import Region, SmsType


async def queue(  # noqa: PLR0913 - the columns of a message
    session: AsyncSession,
    *,
    account_uin: int,
    app_id: int,
    template_id: int,
    signature_id: int | None,
    region: Region,
    sms_type: SmsType,
    phone: str,
    country: str,
    params: Sequence[str],
    characters: int,
    segments: int,
    now: datetime,
    urgent: bool = False,
) -> int:
    """Queue one message and give its id; `urgent` ones, such as one-time passwords, go first.

    `phone` is in E.164, `country` in ISO 3166-1. It is held to the same rules as messages of tasks
    when it is sent, and waits while its application does not send.
    """
    row = MessageRow(
        account_uin=account_uin,
        app_id=app_id,
        template_id=template_id,
        signature_id=signature_id,
        region=region,
        sms_type=sms_type,
        phone=phone,
        country=country,
        params=orjson.dumps(list(params)).decode(),
        characters=characters,
        segments=segments,
        urgent=urgent,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row.id


async def add(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Write messages, all with the same columns, and give their ids in the same order.

    One statement, however many there are up to a request's most.
    """
    names = tuple(rows[0])
    values = ((*row.values(), place) for place, row in enumerate(rows))
    written = {"given": stored(session, _columns(names), values)}
    statement = _adding(names, postgresql=is_postgresql(session))
    # Ids are given in the order of the rows, and nothing says that they come back in it.
    return sorted((await (await session.connection()).execute(statement, written)).scalars())


def _columns(names: Sequence[str]) -> list[Column[Any]]:
    # The place of a row stands where a task's message has its row; it is not written.
    return [*(MESSAGE.c[name] for name in names), MESSAGE.c.row_number]


@cache
def _adding(names: tuple[str, ...], *, postgresql: bool) -> ReturningInsert[Any]:
    table = awaited(_columns(names), postgresql=postgresql)
    found = select(*(table.c[name] for name in names)).order_by(table.c.row_number)
    return insert(MESSAGE).from_select(names, found).returning(MESSAGE.c.id)
