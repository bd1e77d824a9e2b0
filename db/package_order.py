"""Ordering a package: once, however often it is sent, and at the price agreed to (PKG-1)."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import package_purchase, package_watch, price_item
from db.package import PackageRow
from domain import price
from domain.errors import Code, Refused
from domain.terms import Terms
from domain.text import quoted


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to buy, and what they agree to pay; `key` tells repetitions apart."""

    item_id: int
    quantity: int
    expected_amount_micros: int
    bought_by: int
    key: str | None = None


async def order(
    session: AsyncSession, owner: int, wish: Wish, now: datetime, terms: Terms
) -> PackageRow:
    """Buy a package, or find the one that was bought under the same key; raises Refused."""
    if wish.key is not None:
        price.check_key(wish.key)
    watch = await package_watch.hold(session, owner)
    before = await package_purchase.repeated(session, owner, wish.key) if wish.key else None
    if before is None:
        item = await price_item.sold(session, wish.item_id, "price_item_id")
        total = price.total(item.units, item.price_micros, wish.quantity)
        price.check_amount(total.amount_micros, wish.expected_amount_micros)
        before = await package_purchase.buy(
            session,
            owner,
            item,
            wish.quantity,
            now=now,
            terms=terms,
            bought_by=wish.bought_by,
            key=wish.key,
        )
        await package_watch.risen(session, watch, now)
    elif (before.item_id, before.quantity) != (wish.item_id, wish.quantity):
        message = (
            f"idempotency key {quoted(wish.key or '')} stands for another purchase: "
            "use a new one for each"
        )
        raise Refused.one(Code.CONFLICT, message, "idempotency_key")
    return (await session.exec(select(PackageRow).where(PackageRow.id == before.package_id))).one()
