"""Looking up statuses and replies of one number, which takes nothing off a queue (API-3)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import message_context
from db.message import TABLE as MESSAGE
from db.pull import SIGNATURE
from db.reply import ReplyRow
from domain.message import MessageStatus
from domain.pull import PulledReply, PulledStatus

_REPLY: Final = ReplyRow.metadata.tables["reply"]
_HEARD: Final = (MessageStatus.DELIVERED, MessageStatus.FAILED)


async def statuses(  # noqa: PLR0913, PLR0917 - whose, of what number, when, and how many
    session: AsyncSession,
    account_uin: int,
    app_id: int,
    phone: str,
    start: datetime,
    end: datetime,
    limit: int,
) -> Sequence[PulledStatus]:
    """Give the receipts of messages an application sent to a number from `start` until `end`.

    In the order the messages were submitted; `phone` is in E.164.
    """
    columns = MESSAGE.c
    query = (
        select(
            columns.id,
            columns.created_at,
            columns.phone,
            columns.state,
            columns.code,
            columns.done_at,
        )
        .where(
            columns.phone == phone,
            columns.submitted_at >= start,
            columns.submitted_at < end,
            columns.account_uin == account_uin,
            columns.app_id == app_id,
            columns.state.in_(_HEARD),
        )
        .order_by(columns.submitted_at, columns.id)
        .limit(limit)
    )
    rows = (await (await session.connection()).execute(query)).all()
    contexts = await message_context.among(session, [row.id for row in rows])
    return [
        PulledStatus(
            message_id=row.id,
            created_at=row.created_at,
            phone=row.phone,
            delivered=row.state is MessageStatus.DELIVERED,
            code=row.code,
            at=row.done_at,
            session_context=known.session_context if (known := contexts.get(row.id)) else "",
        )
        for row in rows
    ]


async def replies(  # noqa: PLR0913, PLR0917 - whose, of what number, when, and how many
    session: AsyncSession,
    account_uin: int,
    app_id: int,
    phone: str,
    start: datetime,
    end: datetime,
    limit: int,
) -> Sequence[PulledReply]:
    """Give the replies of a number to an application's messages, from `start` until `end`."""
    columns = _REPLY.c
    query = (
        select(columns.message_id, columns.phone, columns.text, columns.received_at)
        .add_columns(SIGNATURE.c.content)
        .join(MESSAGE, MESSAGE.c.id == columns.message_id)
        .outerjoin(SIGNATURE, SIGNATURE.c.id == columns.signature_id)
        .where(
            columns.account_uin == account_uin,
            columns.phone == phone,
            columns.received_at >= start,
            columns.received_at < end,
            MESSAGE.c.app_id == app_id,
        )
        .order_by(columns.received_at, columns.id)
        .limit(limit)
    )
    rows = (await (await session.connection()).execute(query)).all()
    contexts = await message_context.among(session, [row.message_id for row in rows])
    return [
        PulledReply(
            app_id=app_id,
            message_id=row.message_id,
            phone=row.phone,
            text=row.text,
            sign=row.content or "",
            extend=known.extend if (known := contexts.get(row.message_id)) else "",
            at=row.received_at,
        )
        for row in rows
    ]
