"""Unsubscribed users (UNS-1, UNS-2): who asked not to get a signature's messages of one type."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Index
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db.dialect import BigId, insert
from db.listed import KEY, Listed
from db.page import Key, Order, Slice
from domain.errors import Code, Refused
from domain.region import SmsType

REPLY_MOST: Final = 40


class UnsubscriptionRow(Listed, table=True):
    """One number, signature and type; `signature_id` is 0 for messages without a signature.

    `reply` to `message_id` at `unsubscribed_at` was the last of `opt_outs`; `removed_at` is when
    an operator let the number get messages again, None while it gets none.
    """

    __tablename__ = "unsubscription"
    __table_args__ = (
        Index(
            "uq_unsubscription_key",
            "account_uin",
            "signature_id",
            "sms_type",
            "phone",
            unique=True,
        ),
        Index("ix_unsubscription_list", "account_uin", "unsubscribed_at", "id"),
        Index("ix_unsubscription_phone", "account_uin", "phone"),
    )

    message_id: int = Field(sa_type=BigId)
    reply: str = Field(max_length=REPLY_MOST)
    unsubscribed_at: datetime
    opt_outs: int = 1
    removed_at: datetime | None = None


TABLE: Final = UnsubscriptionRow.metadata.tables["unsubscription"]


@dataclass(frozen=True, slots=True)
class OptedOut:
    """A reply that unsubscribes, and what the message it answers was."""

    account_uin: int
    signature_id: int
    sms_type: SmsType
    phone: str
    message_id: int
    reply: str
    at: datetime

    @property
    def key(self) -> tuple[Any, ...]:
        """What it is about."""
        return tuple(getattr(self, name) for name in KEY)


@dataclass(frozen=True, slots=True)
class Listing:
    """Which unsubscriptions a list shows."""

    owner: int
    phones: Collection[str] | None = None
    signature_id: int | None = None
    sms_type: SmsType | None = None

    def query(self) -> SelectOfScalar[UnsubscriptionRow]:
        """Put the conditions together; pages and counts share them."""
        query = select(UnsubscriptionRow).where(UnsubscriptionRow.account_uin == self.owner)
        if self.phones is not None:
            query = query.where(col(UnsubscriptionRow.phone).in_(self.phones))
        if self.signature_id is not None:
            query = query.where(UnsubscriptionRow.signature_id == self.signature_id)
        if self.sms_type is not None:
            query = query.where(UnsubscriptionRow.sms_type == self.sms_type)
        return query


def in_force() -> ColumnElement[bool]:
    """Select the unsubscriptions that are not removed."""
    condition: ColumnElement[bool] = TABLE.c.removed_at.is_(None)
    return condition


async def record(session: AsyncSession, replies: Iterable[OptedOut]) -> None:
    """Unsubscribe; what was removed before counts anew.

    Entries are written in the order of their keys, so two transactions never lock each other out.
    """
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for each in sorted(replies, key=lambda one: (*one.key, one.at)):
        before = rows.get(each.key)
        rows[each.key] = {
            **dict(zip(KEY, each.key, strict=True)),
            "message_id": each.message_id,
            "reply": each.reply[:REPLY_MOST],
            "unsubscribed_at": each.at,
            "opt_outs": 1 if before is None else before["opt_outs"] + 1,
        }
    if not rows:
        return
    statement = insert(session, UnsubscriptionRow)
    replaced = ("message_id", "reply", "unsubscribed_at")
    again = statement.on_conflict_do_update(
        index_elements=[TABLE.c[name] for name in KEY],
        set_={
            **{name: statement.excluded[name] for name in replaced},
            "opt_outs": TABLE.c.opt_outs + statement.excluded.opt_outs,
            "removed_at": None,
        },
    )
    await session.exec(again, params=list(rows.values()))


async def owned(session: AsyncSession, owner: int, key: int) -> UnsubscriptionRow | None:
    """Find one unsubscription of this owner."""
    query = Listing(owner).query().where(UnsubscriptionRow.id == key)
    return (await session.exec(query)).first()


async def changing(session: AsyncSession, owner: int, key: int) -> UnsubscriptionRow:
    """Find one unsubscription and hold it until the transaction ends; raises Refused."""
    query = Listing(owner).query().where(UnsubscriptionRow.id == key).with_for_update()
    row = (await session.exec(query)).first()
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such unsubscription", "id")
    return row


async def among(session: AsyncSession, keys: Collection[int]) -> Mapping[int, UnsubscriptionRow]:
    """Find what the requests of a page are about, of whatever account."""
    query = select(UnsubscriptionRow).where(col(UnsubscriptionRow.id).in_(keys))
    return {row.id: row for row in await session.exec(query)}


async def page(
    session: AsyncSession, listing: Listing, *, first: int, after: Key | None
) -> Slice[UnsubscriptionRow]:
    """List unsubscriptions, the last first."""
    order = Order(col(UnsubscriptionRow.unsubscribed_at), col(UnsubscriptionRow.id))
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def count(session: AsyncSession, listing: Listing) -> int:
    """Count what the list shows in all."""
    return await pages.count(session, listing.query())
