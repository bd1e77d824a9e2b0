"""What an account sees of its packages: the list, the balance and the ledger (PKG-1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db.package import LedgerRow, PackageRow
from db.page import Key, Order, Slice
from db.task import BulkTaskRow
from domain.package import PackageKind

SOON: Final = timedelta(days=30)


class SortKey(StrEnum):
    """What a list of packages is sorted by."""

    GRANTED_AT = "granted_at"
    EXPIRES_AT = "expires_at"


@dataclass(frozen=True, slots=True)
class Listing:
    """Which packages a list shows."""

    owner: int
    kind: PackageKind | None = None

    def query(self) -> SelectOfScalar[PackageRow]:
        """Put the conditions together; pages and counts share them."""
        query = select(PackageRow).where(PackageRow.account_uin == self.owner)
        return query if self.kind is None else query.where(PackageRow.kind == self.kind)


@dataclass(frozen=True, slots=True)
class History:
    """Which changes a list shows: an account's, of one package or of all."""

    owner: int
    package_id: int | None = None

    def query(self) -> SelectOfScalar[LedgerRow]:
        """Put the conditions together; pages and counts share them."""
        query = select(LedgerRow).where(LedgerRow.account_uin == self.owner)
        return (
            query
            if self.package_id is None
            else query.where(LedgerRow.package_id == self.package_id)
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """The units of an account: those it can use, those to come, and those that tasks hold."""

    remaining: int
    not_yet_effective: int
    reserved: int
    expiring_soon: int


async def owned(session: AsyncSession, owner: int, package_id: int) -> PackageRow | None:
    """Find one package of this owner."""
    query = Listing(owner).query().where(PackageRow.id == package_id)
    return (await session.exec(query)).first()


async def page(  # noqa: PLR0913 - what is listed, how sorted, and where
    session: AsyncSession,
    listing: Listing,
    key: SortKey,
    *,
    descending: bool,
    first: int,
    after: Key | None,
) -> Slice[PackageRow]:
    """List packages page by page."""
    column = col(PackageRow.granted_at if key is SortKey.GRANTED_AT else PackageRow.expires_at)
    order = Order(column, col(PackageRow.id), descending=descending)
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def granted(  # noqa: PLR0913 - whose, when, and which part
    session: AsyncSession, owner: int, start: datetime, end: datetime, *, offset: int, limit: int
) -> Sequence[PackageRow]:
    """List the packages that came from `start` on and before `end`, newest first."""
    at = col(PackageRow.granted_at)
    query = Listing(owner).query().where(at >= start, at < end)
    order = at.desc(), col(PackageRow.id).desc()
    return (await session.exec(query.order_by(*order).offset(offset).limit(limit))).all()


async def count(session: AsyncSession, listing: Listing) -> int:
    """Count what the list shows in all."""
    return await pages.count(session, listing.query())


async def history(
    session: AsyncSession, listing: History, *, first: int, after: Key | None
) -> Slice[LedgerRow]:
    """List changes, newest first."""
    order = Order(col(LedgerRow.at), col(LedgerRow.id))
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def count_history(session: AsyncSession, listing: History) -> int:
    """Count the changes in all."""
    return await pages.count(session, listing.query())


async def summary(session: AsyncSession, owner: int, now: datetime) -> Summary:
    """Add up what an account has."""
    effective = col(PackageRow.effective_at) <= now
    ends = col(PackageRow.expires_at)
    amount = func.sum(PackageRow.remaining)
    query = select(
        func.coalesce(amount.filter(effective), 0),
        func.coalesce(amount.filter(~effective), 0),
        func.coalesce(amount.filter(effective, ends <= now + SOON), 0),
    ).where(PackageRow.account_uin == owner, ends > now)
    remaining, coming, soon = map(int, (await session.exec(query)).one())
    held = select(func.coalesce(func.sum(BulkTaskRow.reserved_units), 0)).where(
        BulkTaskRow.account_uin == owner,
        col(BulkTaskRow.consented_at).is_not(None),
        col(BulkTaskRow.settled_at).is_(None),
    )
    reserved = int((await session.exec(held)).one())
    return Summary(remaining, coming, reserved, soon)
