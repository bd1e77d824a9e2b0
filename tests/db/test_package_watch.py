"""The balance alarm and automatic renewal, once a crossing (PKG-2, PKG-3), on both databases."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from db import package, package_expiry, package_watch
from db.session import Database
from domain.errors import Code, Refused
from domain.package_watch import RENEWALS_A_DAY, RenewalProblem
from tests import bulk, packages
from tests.console import START
from tests.packages import OFFER, TERMS, UIN, Raised

LATER = START + timedelta(hours=1)
TOMORROW = START + timedelta(days=1)


@pytest.fixture
async def raised(database: Database, monkeypatch: pytest.MonkeyPatch) -> Raised:
    """An account with 1,000 units in two packages, and whatever alarms are raised."""
    await bulk.add_account(database, START)
    await packages.grant(database, 600, days=30)
    await packages.grant(database, 400, days=365)
    return Raised(monkeypatch)


async def test_the_alarm_goes_out_once_a_crossing(database: Database, raised: Raised) -> None:
    await packages.set_alarm(database, 500)
    await packages.take(database, 500)
    assert raised.all == []
    await packages.take(database, 1)
    assert raised.all == [("package", "package", {"remaining": "499", "threshold": "500"})]
    await packages.take(database, 100)
    await packages.put_back(database, 100)
    await packages.take(database, 50)
    assert len(raised.all) == 1
    await packages.put_back(database, 51)
    await packages.take(database, 2)
    assert raised.remaining == [("package", "499"), ("package", "498")]


async def test_no_alarm_goes_out_while_it_is_off(database: Database, raised: Raised) -> None:
    await packages.take(database, 999)
    await packages.set_alarm(database, 500)
    assert raised.remaining == [("package", "1")]
    await packages.set_alarm(database, 500)
    await packages.set_alarm(database, None)
    await packages.take(database, 1)
    assert len(raised.all) == 1
    row = await packages.watch(database)
    assert (row.alarm_enabled, row.alarm_threshold) == (False, 500)
    await packages.set_alarm(database, 500)
    assert raised.remaining == [("package", "1"), ("package", "0")]


async def test_a_new_threshold_is_looked_at_as_if_it_was_crossed_now(
    database: Database, raised: Raised
) -> None:
    await packages.set_alarm(database, 500)
    await packages.set_alarm(database, 1_000)
    assert raised.all == []
    await packages.set_alarm(database, 1_001)
    assert raised.remaining == [("package", "1000")]


async def test_a_refused_task_raises_nothing(database: Database, raised: Raised) -> None:
    await packages.set_alarm(database, 900)
    with pytest.raises(Refused):
        await packages.take(database, 1_001)
    assert raised.all == []
    assert await packages.balance(database) == 1_000


async def test_expiry_crosses_the_threshold_too_and_is_told_of_once(
    database: Database, raised: Raised
) -> None:
    await packages.set_alarm(database, 500)
    then = START + timedelta(days=30)
    for _ in range(2):
        async with database.read() as session:
            due = await package_expiry.due(session, then, 10)
        for owner in due:
            async with database.write() as session:
                assert await package_expiry.expire(session, owner, then, TERMS) == 1
    assert raised.remaining == [("package", "400")]
    assert await packages.ledger(database) == [("grant", 600), ("grant", 400), ("expire", -600)]
    assert await packages.balance(database, then) == 400


async def test_whoever_takes_units_first_after_an_expiry_tells_of_it(
    database: Database, raised: Raised
) -> None:
    await packages.set_alarm(database, 500)
    then = START + timedelta(days=30)
    await packages.take(database, 1, now=then)
    async with database.write() as session:
        await package_expiry.expire(session, UIN, then, TERMS)
    assert raised.remaining == [("package", "399")]


async def test_a_package_that_is_not_effective_yet_counts_and_cannot_be_used(
    database: Database, raised: Raised
) -> None:
    await packages.grant(database, 1_000, effective_at=LATER)
    await packages.set_alarm(database, 1_000)
    await packages.take(database, 1_000)
    assert raised.all == []
    with pytest.raises(Refused) as refusal:
        await packages.take(database, 1)
    assert refusal.value.problems[0].code is Code.INSUFFICIENT_BALANCE
    await packages.take(database, 1, now=LATER)
    assert raised.remaining == [("package", "999")]


async def test_thirty_tasks_at_once_cross_once(database: Database, raised: Raised) -> None:
    """PKG-2: exactly, with many transactions at once."""
    item = await packages.sell(database, replace(OFFER, units=10_000))
    await packages.set_alarm(database, 700)
    await packages.set_renewal(database, 500, item)
    await asyncio.gather(*(packages.take(database, 10, number) for number in range(1, 61)))
    assert raised.remaining == [("package", "690")]
    assert len(await packages.purchases(database)) == 1
    assert await packages.balance(database) == 1_000 - 600 + 10_000


async def test_switching_on_at_once_with_tasks_misses_no_crossing(
    database: Database, raised: Raised
) -> None:
    for round_ in range(1, 6):
        await packages.set_alarm(database, None)
        await asyncio.gather(
            packages.take(database, 600, round_), packages.set_alarm(database, 500)
        )
        assert len(raised.all) == round_
        await packages.put_back(database, 600, round_)


async def test_renewal_buys_once_a_crossing_in_the_transaction_that_crosses(
    database: Database, raised: Raised
) -> None:
    item = await packages.sell(database)
    await packages.set_renewal(database, 500, item, 2)
    await packages.take(database, 500)
    assert await packages.purchases(database) == []
    await packages.take(database, 1)
    (bought,) = await packages.purchases(database)
    assert (bought.bought_by, bought.quantity, bought.amount_micros) == (None, 2, 90_000_000)
    assert await packages.balance(database) == 2_499
    await packages.take(database, 1_000)
    assert len(await packages.purchases(database)) == 1
    await packages.take(database, 1_000)
    assert len(await packages.purchases(database)) == 2
    assert raised.all == []


async def test_what_rolls_back_has_bought_nothing(database: Database, raised: Raised) -> None:
    item = await packages.sell(database)
    await packages.set_renewal(database, 500, item)

    async def killed() -> None:
        async with database.write() as session:
            row = await package_watch.hold(session, UIN)
            await package.reserve(session, UIN, 501, task_id=1, now=START)
            await package_watch.fallen(session, row, START, TERMS)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await killed()
    assert (await packages.purchases(database), await packages.balance(database)) == ([], 1_000)
    await packages.take(database, 501)
    assert len(await packages.purchases(database)) == 1


async def test_a_renewal_comes_before_the_alarm(database: Database, raised: Raised) -> None:
    item = await packages.sell(database)
    await packages.set_alarm(database, 900)
    await packages.set_renewal(database, 500, item)
    await packages.take(database, 501)
    assert raised.all == []
    await packages.take(database, 600)
    assert raised.remaining == [("package", "899")]


async def test_switched_on_below_the_threshold_it_renews_at_once_and_only_then(
    database: Database, raised: Raised
) -> None:
    item = await packages.sell(database)
    await packages.set_renewal(database, 1_001, item, 2)
    await packages.set_renewal(database, 1_001, item, 2)
    assert len(await packages.purchases(database)) == 1


async def test_a_changed_item_is_not_bought_until_it_is_agreed_to(
    database: Database, raised: Raised
) -> None:
    item = await packages.sell(database)
    await packages.set_renewal(database, 500, item)
    await packages.change(database, item, replace(OFFER, price_micros=46_000_000))
    await packages.take(database, 501)
    await packages.take(database, 1)
    assert (await packages.watch(database)).renewal_problem is RenewalProblem.CHANGED
    assert raised.remaining == [("package renewal", "499")]
    assert await packages.purchases(database) == []
    await packages.set_renewal(database, 500, item)
    (bought,) = await packages.purchases(database)
    assert bought.amount_micros == 46_000_000
    assert (await packages.watch(database)).renewal_problem is None


async def test_an_item_off_sale_is_bought_once_it_is_back(
    database: Database, raised: Raised
) -> None:
    item = await packages.sell(database)
    await packages.set_renewal(database, 500, item)
    await packages.change(database, item, OFFER, on_sale=False)
    await packages.take(database, 501)
    assert (await packages.watch(database)).renewal_problem is RenewalProblem.NOT_ON_SALE
    await packages.change(database, item, OFFER)
    await packages.take(database, 1)
    assert len(await packages.purchases(database)) == 1


async def test_a_runaway_stops_and_goes_on_the_next_day_by_itself(
    database: Database, raised: Raised
) -> None:
    item = await packages.sell(database)
    await packages.set_renewal(database, 1_000, item)
    for number in range(1, RENEWALS_A_DAY + 3):
        left = await packages.balance(database)
        await packages.take(database, min(left, 1_000), number)
    assert len(await packages.purchases(database)) == RENEWALS_A_DAY
    row = await packages.watch(database)
    assert row.renewal_problem is RenewalProblem.DAILY_LIMIT
    assert row.renewal_again_at is not None
    midnight = row.renewal_again_at
    assert midnight.isoformat() == "2026-03-02T16:00:00+00:00"
    async with database.read() as session:
        assert await package_expiry.due(session, midnight - timedelta(seconds=1), 10) == []
        assert await package_expiry.due(session, midnight, 10) == [UIN]
    async with database.write() as session:
        await package_expiry.expire(session, UIN, midnight, TERMS)
    assert len(await packages.purchases(database)) == RENEWALS_A_DAY + 1
    row = await packages.watch(database)
    assert (row.renewal_problem, row.renewals) == (None, 1)


async def test_what_comes_back_makes_a_renewal_that_was_due_needless(
    database: Database, raised: Raised
) -> None:
    item = await packages.sell(database)
    await packages.set_renewal(database, 500, item)
    await packages.change(database, item, OFFER, on_sale=False)
    await packages.take(database, 501)
    await packages.put_back(database, 501)
    row = await packages.watch(database)
    assert (row.renewal_problem, row.renewal_again_at) == (None, None)
