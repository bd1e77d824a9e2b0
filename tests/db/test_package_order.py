"""The price list, purchases and gifts (PKG-1, ACC-2), on both databases."""

import asyncio
from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from db import package_gift, package_purchase, price_item
from db.package_purchase import Listing
from db.session import Database
from domain.errors import Code, Refused
from domain.package import PACKAGES_MOST, PackageKind
from domain.price import ITEMS_MOST, QUANTITY_MOST, Offer, RefusedUnits
from domain.terms import Terms
from tests import bulk, packages
from tests.console import START
from tests.packages import OFFER, TERMS, UIN

PRICE = OFFER.price_micros


@pytest.fixture
async def item(database: Database) -> int:
    """An account, and an item that it can buy."""
    await bulk.add_account(database, START)
    return await packages.sell(database)


async def refusal(database: Database, item: int, *rest: int, key: str | None = None) -> Code:
    before = len(await packages.rows(database))
    with pytest.raises(Refused) as refused:
        await packages.buy(database, item, *rest, key=key)
    assert len(await packages.rows(database)) == before
    (problem,) = refused.value.problems
    return problem.code


async def test_a_purchase_keeps_its_own_copy_of_the_item(database: Database, item: int) -> None:
    bought = await packages.buy(database, item, 3)
    await packages.change(
        database,
        item,
        replace(OFFER, name="Ten", units=10, price_micros=1, refused_units=RefusedUnits.KEPT),
    )
    (purchase,) = await packages.purchases(database)
    copied = {name: getattr(purchase, name) for name in asdict(OFFER)}
    assert Offer(**copied) == OFFER
    assert (purchase.quantity, purchase.amount_micros) == (3, 3 * PRICE)
    assert (purchase.account_uin, purchase.bought_by, purchase.bought_at) == (UIN, UIN, START)
    assert purchase.package_id == bought.id
    (row,) = await packages.rows(database)
    assert (row.kind, row.name, row.units) == (PackageKind.PURCHASED, "Thousand", 3_000)
    assert row.refused_units is RefusedUnits.RETURNED
    assert (row.effective_at, row.expires_at) == (START, START + timedelta(days=365))
    assert await packages.balance(database) == 3_000


async def test_a_package_is_effective_after_the_delay_of_the_installation(
    database: Database, item: int
) -> None:
    terms = Terms(package_delay=timedelta(seconds=10))
    row = await packages.buy(database, item, terms=terms)
    effective = START + timedelta(seconds=10)
    assert (row.effective_at, row.expires_at) == (effective, effective + timedelta(days=365))
    assert await packages.balance(database, effective - timedelta(microseconds=1)) == 0
    assert await packages.balance(database, effective) == 1_000


async def test_a_price_that_changed_meanwhile_buys_nothing(database: Database, item: int) -> None:
    await packages.change(database, item, replace(OFFER, price_micros=PRICE + 1))
    assert await refusal(database, item, 1, PRICE) is Code.CONFLICT


async def test_what_is_off_sale_or_not_there_cannot_be_bought(
    database: Database, item: int
) -> None:
    await packages.change(database, item, OFFER, on_sale=False)
    assert await refusal(database, item) is Code.NOT_FOUND
    assert await refusal(database, item + 1) is Code.NOT_FOUND


@pytest.mark.parametrize("quantity", [-1, 0, QUANTITY_MOST + 1])
async def test_a_quantity_out_of_range_is_refused(
    database: Database, item: int, quantity: int
) -> None:
    assert await refusal(database, item, quantity) is Code.OUT_OF_RANGE


async def test_a_key_is_bought_under_once_however_often_it_is_sent(
    database: Database, item: int
) -> None:
    first = await packages.buy(database, item, key="a-1")
    await packages.change(database, item, replace(OFFER, price_micros=1), on_sale=False)
    assert (await packages.buy(database, item, key="a-1")).id == first.id
    assert len(await packages.purchases(database)) == 1
    assert await refusal(database, item, 2, key="a-1") is Code.CONFLICT
    assert await refusal(database, item, key="") is Code.INVALID
    assert await refusal(database, item, key="a b") is Code.INVALID
    assert await refusal(database, item, key="k" * 65) is Code.INVALID


async def test_a_key_is_the_accounts_own(database: Database, item: int) -> None:
    await bulk.add_account(database, START, UIN + 1)
    mine = await packages.buy(database, item, key="k" * 64)
    theirs = await packages.buy(database, item, key="k" * 64, uin=UIN + 1)
    assert mine.id != theirs.id
    assert [row.account_uin for row in await packages.purchases(database)] == [UIN, UIN + 1]


async def test_ten_at_once_under_one_key_make_one_purchase(database: Database, item: int) -> None:
    made = await asyncio.gather(*(packages.buy(database, item, key="once") for _ in range(10)))
    assert len({row.id for row in made}) == 1
    assert len(await packages.purchases(database)) == 1
    assert await packages.balance(database) == 1_000


async def test_an_account_has_a_limited_number_of_packages_with_units(
    database: Database, item: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PACKAGES_MOST == 1_000
    monkeypatch.setattr(package_purchase, "PACKAGES_MOST", 2)
    await packages.buy(database, item)
    await packages.buy(database, item)
    assert await refusal(database, item) is Code.LIMIT_EXCEEDED
    await packages.take(database, 1_000)
    await packages.buy(database, item)


async def test_the_list_takes_items_up_to_its_limit_and_no_more(
    database: Database, item: int
) -> None:
    for _ in range(ITEMS_MOST - 1):
        await packages.sell(database)
    with pytest.raises(Refused) as refused:
        await packages.sell(database)
    assert refused.value.problems[0].code is Code.LIMIT_EXCEEDED
    assert len(await packages.items(database)) == ITEMS_MOST


async def test_only_a_change_of_what_is_sold_is_a_new_revision(
    database: Database, item: int
) -> None:
    await packages.change(database, item, OFFER, on_sale=False)
    (row,) = await packages.items(database)
    assert (row.revision, row.on_sale) == (1, False)
    await packages.change(database, item, replace(OFFER, validity_days=30))
    (row,) = await packages.items(database)
    assert (row.revision, row.validity_days, row.on_sale) == (2, 30, True)
    async with database.read() as session:
        assert [row.id for row in await price_item.listed(session, on_sale=True)] == [item]


async def test_the_operator_finds_purchases_by_account_and_time(
    database: Database, item: int
) -> None:
    await bulk.add_account(database, START, UIN + 1)
    for hours, uin in enumerate((UIN, UIN + 1, UIN)):
        await packages.buy(database, item, now=START + timedelta(hours=hours), uin=uin)

    async def found(listing: Listing) -> list[int]:
        async with database.read() as session:
            page = await package_purchase.page(session, listing, first=10, after=None)
            assert await package_purchase.count(session, listing) == len(page.rows)
        return [row.package_id for row in page.rows]

    one, two = START + timedelta(hours=1), START + timedelta(hours=2)
    assert await found(Listing()) == [3, 2, 1]
    assert await found(Listing(UIN)) == [3, 1]
    assert await found(Listing(bought_from=one, bought_until=two)) == [2]
    assert await found(Listing(UIN + 2)) == []


async def test_a_gift_is_given_once_for_ever_however_many_give_it(
    database: Database, item: int
) -> None:
    async def give() -> bool:
        async with database.write() as session:
            return await package_gift.give(session, UIN, 100, START, TERMS) is not None

    given = await asyncio.gather(*(give() for _ in range(8)))
    assert sum(given) == 1
    (row,) = await packages.rows(database)
    assert (row.kind, row.units, row.name) == (PackageKind.GIFT, 100, "")
    assert row.expires_at == START + timedelta(days=365)
    await packages.take(database, 100)
    assert await give() is False


async def test_an_installation_may_give_nothing(database: Database, item: int) -> None:
    async with database.write() as session:
        assert await package_gift.give(session, UIN, 0, START, TERMS) is None
    assert await packages.rows(database) == []
