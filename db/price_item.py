"""The operator's price list (PKG-1). Purchases copy what they buy, so items change freely."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import serial
from db.dialect import BigId, choice
from domain.errors import Code, Refused
from domain.price import ITEMS_MOST, NAME_MOST, Offer, RefusedUnits

_SERIES: Final = ("price_item", 1)


class PriceItemRow(SQLModel, table=True):
    """One item; `revision` counts the changes of what is sold, so that no renewal buys another."""

    __tablename__ = "price_item"

    id: int = Field(primary_key=True, sa_type=BigId, sa_column_kwargs={"autoincrement": False})
    name: str = Field(max_length=NAME_MOST)
    units: int = Field(sa_type=BigId)
    price_micros: int = Field(sa_type=BigId)
    currency: str = Field(max_length=3)
    validity_days: int
    refused_units: RefusedUnits = Field(sa_type=choice(RefusedUnits))
    on_sale: bool
    revision: int = 1
    created_at: datetime
    changed_at: datetime

    @property
    def offer(self) -> Offer:
        """What is sold under this item now."""
        return Offer(
            name=self.name,
            units=self.units,
            price_micros=self.price_micros,
            currency=self.currency,
            validity_days=self.validity_days,
            refused_units=self.refused_units,
        )


async def get(session: AsyncSession, item_id: int) -> PriceItemRow | None:
    """Find an item, on sale or not."""
    return (await session.exec(select(PriceItemRow).where(PriceItemRow.id == item_id))).first()


async def sold(session: AsyncSession, item_id: int, *field: str) -> PriceItemRow:
    """Find an item that is on sale; raises Refused."""
    row = await get(session, item_id)
    if row is None or not row.on_sale:
        message = "there is no such item on sale: choose one of the price list"
        raise Refused.one(Code.NOT_FOUND, message, *field)
    return row


async def changing(session: AsyncSession, item_id: int) -> PriceItemRow:
    """Find an item and hold it until the transaction ends; raises Refused."""
    query = select(PriceItemRow).where(PriceItemRow.id == item_id).with_for_update()
    row = (await session.exec(query)).first()
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such item in the price list", "id")
    return row


async def listed(session: AsyncSession, *, on_sale: bool) -> Sequence[PriceItemRow]:
    """List what is on sale, or every item; the list is short by its own limit."""
    query = select(PriceItemRow).order_by(col(PriceItemRow.id))
    if on_sale:
        query = query.where(col(PriceItemRow.on_sale))
    return (await session.exec(query)).all()


async def add(session: AsyncSession, offer: Offer, now: datetime, *, on_sale: bool) -> PriceItemRow:
    """Put an item into the list; raises Refused when it is full."""
    # Items are never deleted and numbered one after the other, so the number is the count.
    number = await serial.take(session, _SERIES)
    if number > ITEMS_MOST:
        message = f"the price list has {ITEMS_MOST} items: change one that is no longer on sale"
        raise Refused.one(Code.LIMIT_EXCEEDED, message)
    row = PriceItemRow(id=number, **asdict(offer), on_sale=on_sale, created_at=now, changed_at=now)
    session.add(row)
    await session.flush()
    return row


def change(row: PriceItemRow, offer: Offer, now: datetime, *, on_sale: bool) -> None:
    """Change a held item."""
    if offer != row.offer:
        row.revision += 1
        for name, value in asdict(offer).items():
            setattr(row, name, value)
    row.on_sale = on_sale
    row.changed_at = now
