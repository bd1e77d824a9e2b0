"""Replies of recipients (STA-3): which message they answer, and what they say."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId, insert
from db.message import MessageRow
from domain.carrier import Reply

TEXT_MOST = 1_000


class ReplyRow(SQLModel, table=True):
    """One reply; `received_at` is the carrier's time."""

    __tablename__ = "reply"
    # A carrier repeats what was not acknowledged.
    __table_args__ = (UniqueConstraint("message_id", "received_at"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", index=True, sa_type=BigId)
    message_id: int = Field(foreign_key="message.id", sa_type=BigId)
    signature_id: int | None = Field(default=None, sa_type=BigId)
    phone: str = Field(max_length=20)
    text: str = Field(max_length=TEXT_MOST)
    received_at: datetime


async def add(session: AsyncSession, carrier: str, replies: Sequence[Reply]) -> frozenset[str]:
    """Keep replies, each once; gives the references that no message has (yet)."""
    if not replies:
        return frozenset()
    query = select(
        MessageRow.carrier_ref, MessageRow.id, MessageRow.account_uin, MessageRow.signature_id
    ).where(
        MessageRow.carrier == carrier,
        col(MessageRow.carrier_ref).in_({reply.reference for reply in replies}),
    )
    answered = {row[0]: row[1:] for row in await session.exec(query)}
    rows = [
        {
            "account_uin": account_uin,
            "message_id": message_id,
            "signature_id": signature_id,
            "phone": reply.phone,
            "text": reply.text[:TEXT_MOST],
            "received_at": reply.at,
        }
        for reply in replies
        if reply.reference in answered
        for message_id, account_uin, signature_id in (answered[reply.reference],)
    ]
    if rows:
        await session.exec(insert(session, ReplyRow).on_conflict_do_nothing(), params=rows)
    return frozenset(reply.reference for reply in replies if reply.reference not in answered)
