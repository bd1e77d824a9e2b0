"""Price lists, watches and alarms of packages for tests."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from db import alarm, package, package_watch, price_item, settlement, task
from db.package import LedgerRow, PackageRow
from db.package_order import Wish, order
from db.package_purchase import PurchaseRow
from db.package_watch import WatchRow
from db.price_item import PriceItemRow
from db.session import Database
from domain.package import PackageKind
from domain.price import Offer, RefusedUnits
from domain.terms import Terms
from tests import bulk
from tests.console import START

UIN = 12_345_678
TERMS = Terms()
OFFER = Offer(
    name="Thousand", units=1_000, price_micros=45_000_000, currency="CNY", validity_days=365
)


class Raised:
    """The alarms that were raised: event, subject and facts of each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.all: list[tuple[str, str, dict[str, str]]] = []

        async def note(_: object, **given: Any) -> None:
            self.all.append((given["event"].value, given["subject"], dict(given["facts"])))

        monkeypatch.setattr(alarm, "raise_alarm", note)

    @property
    def remaining(self) -> list[tuple[str, str]]:
        """Subject and balance of each package alarm."""
        return [(subject, facts["remaining"]) for _, subject, facts in self.all]


async def sell(
    database: Database, offer: Offer = OFFER, *, on_sale: bool = True, now: datetime = START
) -> int:
    """Put an item into the price list; gives its id."""
    async with database.write() as session:
        return (await price_item.add(session, offer, now, on_sale=on_sale)).id


async def change(database: Database, item_id: int, offer: Offer, *, on_sale: bool = True) -> None:
    """Change an item as the operator does."""
    async with database.write() as session:
        row = await price_item.changing(session, item_id)
        price_item.change(row, offer, START, on_sale=on_sale)


async def buy(  # noqa: PLR0913 - what, how often, for how much, when, and under which key
    database: Database,
    item_id: int,
    quantity: int = 1,
    amount: int | None = None,
    *,
    now: datetime = START,
    key: str | None = None,
    terms: Terms = TERMS,
    uin: int = UIN,
) -> PackageRow:
    """Buy as `packageBuy` does."""
    paid = OFFER.price_micros * quantity if amount is None else amount
    wish = Wish(item_id, quantity, paid, uin, key)
    async with database.write() as session:
        return await order(session, uin, wish, now, terms)


async def set_alarm(
    database: Database, threshold: int | None, now: datetime = START, uin: int = UIN
) -> None:
    """Set the balance alarm as the mutation does."""
    async with database.write() as session:
        row = await package_watch.hold(session, uin)
        await package_watch.set_alarm(session, row, threshold, now, TERMS)


async def set_renewal(
    database: Database, threshold: int, item_id: int, quantity: int = 1, now: datetime = START
) -> None:
    """Set automatic renewal as the mutation does."""
    async with database.write() as session:
        row = await package_watch.hold(session, UIN)
        item = await price_item.sold(session, item_id)
        await package_watch.set_renewal(session, row, threshold, item, quantity, now, TERMS)


async def take(database: Database, units: int, task_id: int = 1, now: datetime = START) -> None:
    """Take units as a consent does."""
    async with database.write() as session:
        row = await package_watch.hold(session, UIN)
        await package.reserve(session, UIN, units, task_id=task_id, now=now)
        await package_watch.fallen(session, row, now, TERMS)


async def put_back(database: Database, units: int, task_id: int = 1, now: datetime = START) -> None:
    """Return units as the end of a task does."""
    async with database.write() as session:
        row = await package_watch.hold(session, UIN)
        await package.give_back(session, UIN, units, task_id=task_id, now=now)
        await package_watch.risen(session, row, now)


async def grant(  # noqa: PLR0913 - how much, from when, until when, and on which terms
    database: Database,
    units: int,
    *,
    days: float = 365,
    now: datetime = START,
    effective_at: datetime | None = None,
    refused_units: RefusedUnits = RefusedUnits.RETURNED,
) -> int:
    """Give a package without anybody looking at the balance; gives its id."""
    async with database.write() as session:
        row = await package.grant(
            session,
            UIN,
            PackageKind.PURCHASED,
            units,
            now=now,
            effective_at=effective_at,
            expires_at=now + timedelta(days=days),
            refused_units=refused_units,
        )
    return row.id


async def watch(database: Database) -> WatchRow:
    """Give the account's watch."""
    async with database.read() as session:
        return await package_watch.get(session, UIN)


async def purchases(database: Database) -> Sequence[PurchaseRow]:
    """Give every purchase, oldest first."""
    async with database.read() as session:
        return (await session.exec(select(PurchaseRow).order_by(col(PurchaseRow.id)))).all()


async def rows(database: Database) -> Sequence[PackageRow]:
    """Give every package, oldest first."""
    async with database.read() as session:
        return (await session.exec(select(PackageRow).order_by(col(PackageRow.id)))).all()


async def ledger(database: Database) -> list[tuple[str, int]]:
    """Give kind and units of every change, oldest first."""
    async with database.read() as session:
        found = (await session.exec(select(LedgerRow).order_by(col(LedgerRow.id)))).all()
    return [(row.kind.value, row.units) for row in found]


async def items(database: Database) -> Sequence[PriceItemRow]:
    """Give the price list."""
    async with database.read() as session:
        return await price_item.listed(session, on_sale=False)


async def balance(database: Database, now: datetime = START) -> int:
    """Give what can be used, and see that each package is the sum of its ledger."""
    return await bulk.balance(database, UIN, now)


async def consent(database: Database, task_id: int, now: datetime = START) -> None:
    """Consent to a task as its start does."""
    async with database.write() as session:
        row = await task.changing(session, UIN, task_id)
        await settlement.consent_to(session, row, now, TERMS)


async def finish(database: Database, task_id: int, now: datetime = START) -> bool:
    """End a task as a worker does."""
    async with database.write() as session:
        return await settlement.finish(session, task_id, now)
