"""Replies of recipients (STA-3): which message they answer, and what they say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import unsubscription
from db.dialect import BigId, insert
from db.listed import UNSIGNED
from db.message import MessageRow
from db.unsubscription import OptedOut
from domain.carrier import Reply
from domain.unsubscription import OptOut

TEXT_MOST = 1_000


class ReplyRow(SQLModel, table=True):
    """One reply; `received_at` is the carrier's time."""

    __tablename__ = "reply"
    # A carrier repeats what was not acknowledged.
    __table_args__ = (UniqueConstraint("message_id", "received_at"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", index=True, sa_type=BigId)
    message_id: int = Field(sa_type=BigId)
    signature_id: int | None = Field(default=None, sa_type=BigId)
    phone: str = Field(max_length=20)
    text: str = Field(max_length=TEXT_MOST)
    received_at: datetime


async def add(
    session: AsyncSession, carrier: str, replies: Sequence[Reply], opt_out: OptOut
) -> None:
    """Keep replies, each once, and unsubscribe whoever asks for it (UNS-1)."""
    if not replies:
        return
    query = select(MessageRow).where(
        MessageRow.carrier == carrier,
        col(MessageRow.carrier_ref).in_({reply.reference for reply in replies}),
    )
    answered = {row.carrier_ref: row for row in await session.exec(query)}
    rows = [
        {
            "account_uin": message.account_uin,
            "message_id": message.id,
            "signature_id": message.signature_id,
            "phone": reply.phone,
            "text": reply.text[:TEXT_MOST],
            "received_at": reply.at,
        }
        for reply in replies
        if (message := answered.get(reply.reference)) is not None
    ]
    if rows:
        messages = {message.id: message for message in answered.values()}
        new = await _insert(session, rows)
        await unsubscription.record(session, _opted_out(new, messages, opt_out))


class _New(NamedTuple):
    message_id: int
    text: str
    received_at: datetime


async def _insert(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> list[_New]:
    """Give the replies that are new: one that is repeated unsubscribes nobody a second time."""
    columns = [col(getattr(ReplyRow, name)) for name in _New._fields]
    statement = insert(session, ReplyRow).on_conflict_do_nothing().returning(*columns)
    return [_New(*row) for row in await session.exec(statement, params=rows)]


def _opted_out(
    new: Iterable[_New], messages: Mapping[int, MessageRow], opt_out: OptOut
) -> Iterator[OptedOut]:
    for reply in new:
        message = messages[reply.message_id]
        sent_at = message.submitted_at or message.created_at
        if opt_out.asks(reply.text, sent_at, reply.received_at):
            yield OptedOut(
                account_uin=message.account_uin,
                signature_id=message.signature_id or UNSIGNED,
                sms_type=message.sms_type,
                phone=message.phone,
                message_id=message.id,
                reply=reply.text.strip(),
                at=reply.received_at,
            )
