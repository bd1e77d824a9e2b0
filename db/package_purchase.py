"""Purchases of packages: what was bought at which price, for the operator to bill (PKG-1)."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import package
from db import page as pages
from db.dialect import BigId, choice
from db.page import Key, Order, Slice
from db.price_item import PriceItemRow
from domain import price
from domain.errors import Code, Refused
from domain.package import PACKAGES_MOST, PackageKind
from domain.price import KEY_MOST, NAME_MOST, RefusedUnits
from domain.terms import Terms


class PurchaseRow(SQLModel, table=True):
    """One purchase with its own copy of what the price list said.

    `bought_by` is the user's uin, None for an automatic renewal.
    """

    __tablename__ = "package_purchase"
    __table_args__ = (
        UniqueConstraint("account_uin", "idempotency_key"),
        Index("ix_package_purchase_list", "bought_at", "id"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    package_id: int = Field(foreign_key="package.id", unique=True, sa_type=BigId)
    item_id: int = Field(sa_type=BigId)
    name: str = Field(max_length=NAME_MOST)
    units: int = Field(sa_type=BigId)
    price_micros: int = Field(sa_type=BigId)
    currency: str = Field(max_length=3)
    validity_days: int
    refused_units: RefusedUnits = Field(sa_type=choice(RefusedUnits))
    quantity: int
    amount_micros: int = Field(sa_type=BigId)
    bought_at: datetime
    bought_by: int | None = Field(default=None, sa_type=BigId)
    idempotency_key: str | None = Field(default=None, max_length=KEY_MOST)


@dataclass(frozen=True, slots=True)
class Listing:
    """Which purchases a list shows, of any account unless one is named."""

    owner: int | None = None
    bought_from: datetime | None = None
    bought_until: datetime | None = None

    def query(self) -> SelectOfScalar[PurchaseRow]:
        """Put the conditions together; pages and counts share them."""
        query = select(PurchaseRow)
        if self.owner is not None:
            query = query.where(PurchaseRow.account_uin == self.owner)
        if self.bought_from:
            query = query.where(col(PurchaseRow.bought_at) >= self.bought_from)
        if self.bought_until:
            query = query.where(col(PurchaseRow.bought_at) < self.bought_until)
        return query


async def repeated(session: AsyncSession, owner: int, key: str) -> PurchaseRow | None:
    """Find the purchase an account has made under a key before."""
    query = select(PurchaseRow).where(
        PurchaseRow.account_uin == owner, PurchaseRow.idempotency_key == key
    )
    return (await session.exec(query)).first()


async def buy(  # noqa: PLR0913 - who buys what, how often, when, and under which key
    session: AsyncSession,
    owner: int,
    item: PriceItemRow,
    quantity: int,
    *,
    now: datetime,
    terms: Terms,
    bought_by: int | None,
    key: str | None = None,
) -> PurchaseRow:
    """Make a package of `quantity` items and write down what it costs; raises Refused.

    The account's watch is held by the caller, so nobody else buys for it meanwhile.
    """
    total = price.total(item.units, item.price_micros, quantity)
    if await package.held(session, owner, now) >= PACKAGES_MOST:
        message = f"the account has {PACKAGES_MOST} packages with units in them: use some up first"
        raise Refused.one(Code.LIMIT_EXCEEDED, message)
    effective_at = now + terms.package_delay
    row = await package.grant(
        session,
        owner,
        PackageKind.PURCHASED,
        total.units,
        now=now,
        effective_at=effective_at,
        expires_at=effective_at + timedelta(days=item.validity_days),
        name=item.name,
        refused_units=item.refused_units,
    )
    purchase = PurchaseRow(
        account_uin=owner,
        package_id=row.id,
        item_id=item.id,
        **asdict(item.offer),
        quantity=quantity,
        amount_micros=total.amount_micros,
        bought_at=now,
        bought_by=bought_by,
        idempotency_key=key,
    )
    session.add(purchase)
    await session.flush()
    return purchase


async def of_packages(session: AsyncSession, packages: Collection[int]) -> dict[int, PurchaseRow]:
    """Find the purchases behind the packages of a page."""
    query = select(PurchaseRow).where(col(PurchaseRow.package_id).in_(packages))
    return {row.package_id: row for row in await session.exec(query)}


async def page(
    session: AsyncSession, listing: Listing, *, first: int, after: Key | None
) -> Slice[PurchaseRow]:
    """List purchases, newest first."""
    order = Order(col(PurchaseRow.bought_at), col(PurchaseRow.id))
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def count(session: AsyncSession, listing: Listing) -> int:
    """Count what the list shows in all."""
    return await pages.count(session, listing.query())
