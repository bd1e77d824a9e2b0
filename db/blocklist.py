"""The blocklist (BLO-1 to BLO-3): numbers an account keeps a signature's messages from."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Index
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db import quota as quotas
from db import signature as signatures
from db.dialect import insert
from db.listed import Listed
from db.page import Key, Order, Slice
from domain import blocklist as rules
from domain import quota
from domain.errors import Code, Problem, Refused
from domain.region import SmsType


class BlocklistRow(Listed, table=True):
    """One entry; the setting says how long after `added_at` it is in force (BLO-2)."""

    __tablename__ = "blocklist"
    __table_args__ = (
        Index("uq_blocklist_key", "account_uin", "signature_id", "sms_type", "phone", unique=True),
        Index("ix_blocklist_list", "account_uin", "added_at", "id"),
        Index("ix_blocklist_phone", "account_uin", "phone"),
    )

    added_at: datetime


TABLE: Final = BlocklistRow.metadata.tables["blocklist"]


@dataclass(frozen=True, slots=True)
class Listing:
    """Which entries a list shows."""

    owner: int
    phones: Collection[str] | None = None
    signature_id: int | None = None
    sms_type: SmsType | None = None

    def query(self) -> SelectOfScalar[BlocklistRow]:
        """Put the conditions together; pages and counts share them."""
        query = select(BlocklistRow).where(BlocklistRow.account_uin == self.owner)
        if self.phones is not None:
            query = query.where(col(BlocklistRow.phone).in_(self.phones))
        if self.signature_id is not None:
            query = query.where(BlocklistRow.signature_id == self.signature_id)
        if self.sms_type is not None:
            query = query.where(BlocklistRow.sms_type == self.sms_type)
        return query


def in_force(added_by: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Select the entries added by then; `domain.blocklist.in_force_since` says by when."""
    condition: ColumnElement[bool] = TABLE.c.added_at <= added_by
    return condition


async def owned(session: AsyncSession, owner: int, entry_id: int) -> BlocklistRow | None:
    """Find one entry of this owner."""
    query = Listing(owner).query().where(BlocklistRow.id == entry_id)
    return (await session.exec(query)).first()


async def page(
    session: AsyncSession, listing: Listing, *, first: int, after: Key | None
) -> Slice[BlocklistRow]:
    """List entries, newest first."""
    order = Order(col(BlocklistRow.added_at), col(BlocklistRow.id))
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def count(session: AsyncSession, listing: Listing) -> int:
    """Count what the list shows in all."""
    return await pages.count(session, listing.query())


async def add(  # noqa: PLR0913, PLR0917 - whose, for what, which and when
    session: AsyncSession,
    owner: int,
    signature_id: int,
    sms_type: SmsType,
    phones: Collection[str],
    now: datetime,
) -> frozenset[str]:
    """Add numbers to a signature and type, and give those that were not there; raises Refused.

    The caller holds the quota's count, of which exactly these are taken here.
    """
    signature = await signatures.owned(session, owner, signature_id)
    if signature is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such signature", "signature_id")
    rules.check_signature(signature.content, signature.region, signature.status)
    new = await _insert(session, owner, signature_id, sms_type, phones, now)
    if not await quotas.take(session, owner, quota.BLOCKLIST, len(new)):
        raise Refused.one(Code.LIMIT_EXCEEDED, quota.BLOCKLIST.exceeded(len(new)), "numbers")
    return new


async def remove(session: AsyncSession, owner: int, entry_ids: Sequence[int]) -> None:
    """Delete entries for good, all of them or, raising Refused with each that is missing, none.

    The quota comes first: whoever adds holds it before any entry.
    """
    await quotas.give_back(session, owner, quota.BLOCKLIST, len(set(entry_ids)))
    statement = (
        delete(BlocklistRow)
        .where(col(BlocklistRow.account_uin) == owner, col(BlocklistRow.id).in_(entry_ids))
        .returning(col(BlocklistRow.id))
    )
    gone = set((await session.exec(statement)).scalars())
    message = "there is no such entry on the blocklist: read it again"
    missing = [
        Problem(Code.NOT_FOUND, message, ("ids", str(place)))
        for place, entry_id in enumerate(entry_ids)
        if entry_id not in gone
    ]
    if missing:
        raise Refused(*missing)


async def clear(session: AsyncSession, owner: int, signature_id: int) -> None:
    """Delete every entry of a signature that is erased, and give their quota back."""
    query = select(BlocklistRow.id).where(
        BlocklistRow.account_uin == owner, BlocklistRow.signature_id == signature_id
    )
    if entries := (await session.exec(query)).all():
        await remove(session, owner, entries)


async def _insert(  # noqa: PLR0913, PLR0917 - the columns of an entry
    session: AsyncSession,
    owner: int,
    signature_id: int,
    sms_type: SmsType,
    phones: Collection[str],
    now: datetime,
) -> frozenset[str]:
    if not phones:
        return frozenset()
    shared: dict[str, Any] = {
        "account_uin": owner,
        "signature_id": signature_id,
        "sms_type": sms_type,
        "added_at": now,
    }
    statement = insert(session, BlocklistRow).on_conflict_do_nothing()
    rows = [{**shared, "phone": phone} for phone in sorted(phones)]
    added = await session.exec(statement.returning(col(BlocklistRow.phone)), params=rows)
    return frozenset(added.scalars())
