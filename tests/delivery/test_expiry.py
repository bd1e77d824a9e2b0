"""The chore that writes off expired packages (PKG-1 to PKG-3)."""

from datetime import timedelta

import pytest

from db import package_expiry
from db.session import Database
from db.store import Store
from delivery import expiry
from delivery.expiry import PAUSE, Expiry
from delivery.step import Tools
from tests import bulk, packages
from tests.console import START, Clock, Console
from tests.db.test_plans import recorded
from tests.packages import TERMS, UIN, Raised


@pytest.fixture
def tools(console: Console, clock: Clock) -> Tools:
    return Tools(console.database, Store.open("memory:///"), TERMS, clock)


async def test_it_writes_off_what_has_expired_in_bounded_steps(
    database: Database, tools: Tools, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_expiry, "PACKAGES_AT_ONCE", 2)
    monkeypatch.setattr(expiry, "PACKAGES_AT_ONCE", 2)
    await bulk.add_account(database, START)
    for _ in range(3):
        await packages.grant(database, 5, days=1)
    await packages.grant(database, 7, days=2)
    chore = Expiry(tools)
    assert await chore.step() == PAUSE
    assert await packages.ledger(database) == [("grant", 5)] * 3 + [("grant", 7)]
    clock.advance(timedelta(days=1))
    assert await chore.step() == 0
    assert (await packages.ledger(database))[4:] == [("expire", -5)] * 2
    assert await chore.step() == PAUSE
    assert (await packages.ledger(database))[6:] == [("expire", -5)]
    assert await chore.step() == PAUSE
    assert len(await packages.ledger(database)) == 7
    assert await packages.balance(database, clock.now) == 7


async def test_what_comes_back_to_an_expired_package_is_written_off_again(
    database: Database, tools: Tools, clock: Clock
) -> None:
    await bulk.add_account(database, START)
    await packages.grant(database, 5, days=1)
    await packages.take(database, 4)
    clock.advance(timedelta(days=1))
    await Expiry(tools).step()
    await packages.put_back(database, 3, now=clock.now)
    await Expiry(tools).step()
    assert await packages.ledger(database) == [
        ("grant", 5),
        ("reserve", -4),
        ("expire", -1),
        ("return", 3),
        ("expire", -3),
    ]
    (row,) = await packages.rows(database)
    assert (row.remaining, row.expired) == (0, 4)


async def test_many_accounts_take_several_steps(
    database: Database, tools: Tools, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "ACCOUNTS_AT_ONCE", 2)
    for number in range(3):
        await bulk.add_account(database, START, UIN + number)
        await bulk.grant(database, UIN + number, 5, START, days=1)
    clock.advance(timedelta(days=1))
    assert [await Expiry(tools).step() for _ in range(2)] == [0, PAUSE]
    assert len(await packages.ledger(database)) == 6


async def test_it_tells_of_the_threshold_that_an_expiry_crosses(
    database: Database, tools: Tools, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised = Raised(monkeypatch)
    await bulk.add_account(database, START)
    await packages.grant(database, 5, days=1)
    await packages.set_alarm(database, 5)
    clock.advance(timedelta(days=1))
    for _ in range(2):
        await Expiry(tools).step()
    assert raised.remaining == [("package", "0")]


async def test_a_look_reads_only_what_is_due(database: Database, tools: Tools) -> None:
    await bulk.add_account(database, START)
    with recorded(database) as statements:
        await Expiry(tools).step()
    ((statement, parameters),) = statements
    async with database.read() as session:
        connection = await session.connection()
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = [step for *_, step in plan.all() if step.startswith(("SCAN package", "SEARCH"))]
    assert [step.partition(" (")[0] for step in steps] == [
        "SEARCH package USING INDEX ix_package_left",
        "SEARCH package_watch USING COVERING INDEX ix_package_watch_again",
    ]
