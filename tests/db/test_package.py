"""Packages: every unit is in the ledger, and none is taken twice or below zero (PKG-1, PKG-4)."""

import asyncio
import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from db import package
from db.package import LedgerRow, PackageRow
from db.session import Database
from domain.errors import Code, Refused
from domain.package import LedgerKind, PackageKind, spread
from tests import bulk
from tests.console import START

UIN = 12_345_678
_uins = itertools.count(1_000)


async def reserve(database: Database, units: int, task_id: int = 1, uin: int = UIN) -> None:
    async with database.write() as session:
        await package.reserve(session, uin, units, task_id=task_id, now=START)


async def give_back(database: Database, units: int, task_id: int = 1, uin: int = UIN) -> None:
    async with database.write() as session:
        await package.give_back(session, uin, units, task_id=task_id, now=START)


async def remaining(database: Database) -> list[int]:
    async with database.read() as session:
        query = select(PackageRow.remaining).order_by(col(PackageRow.id))
        return list((await session.exec(query)).all())


async def test_a_grant_is_a_package_and_a_line_of_the_ledger(database: Database) -> None:
    await bulk.add_account(database, START)
    async with database.write() as session:
        row = await package.grant(
            session,
            UIN,
            PackageKind.GIFT,
            1_000,
            now=START,
            expires_at=START + timedelta(days=365),
        )
    async with database.read() as session:
        (line,) = (await session.exec(select(LedgerRow))).all()
    assert (line.package_id, line.account_uin, line.units) == (row.id, UIN, 1_000)
    assert (line.kind, line.task_id, line.at) == (LedgerKind.GRANT, None, START)
    assert await bulk.balance(database, UIN, START) == 1_000


async def test_what_expires_first_is_used_first_and_returned_last(database: Database) -> None:
    await bulk.add_account(database, START)
    await bulk.grant(database, UIN, 10, START, days=90)
    await bulk.grant(database, UIN, 10, START, days=30)
    await bulk.grant(database, UIN, 10, START, days=60)
    await reserve(database, 25)
    assert await remaining(database) == [5, 0, 0]
    await give_back(database, 8)
    assert await remaining(database) == [10, 0, 3]
    await give_back(database, 17)
    assert await remaining(database) == [10, 10, 10]
    assert await bulk.balance(database, UIN, START) == 30


async def test_too_little_is_refused_with_need_and_balance_and_takes_nothing(
    database: Database,
) -> None:
    await bulk.add_account(database, START)
    await bulk.grant(database, UIN, 10, START)
    with pytest.raises(Refused) as refusal:
        await reserve(database, 11)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.field) == (Code.INSUFFICIENT_BALANCE, ("id",))
    assert problem.message == "the task needs 11 units and the packages hold 10: buy a package"
    assert await bulk.balance(database, UIN, START) == 10


async def test_expired_packages_hold_nothing(database: Database) -> None:
    await bulk.add_account(database, START)
    await bulk.grant(database, UIN, 10, START, days=1)
    later = START + timedelta(days=1)
    assert await bulk.balance(database, UIN, later - timedelta(seconds=1)) == 10
    assert await bulk.balance(database, UIN, later) == 0
    with pytest.raises(Refused):
        async with database.write() as session:
            await package.reserve(session, UIN, 1, task_id=1, now=later)


async def test_another_accounts_packages_are_not_touched(database: Database) -> None:
    await bulk.add_account(database, START)
    await bulk.add_account(database, START, UIN + 1)
    await bulk.grant(database, UIN + 1, 10, START)
    with pytest.raises(Refused):
        await reserve(database, 1)
    assert await bulk.balance(database, UIN + 1, START) == 10


async def test_no_task_gets_back_more_than_it_had_taken(database: Database) -> None:
    await bulk.add_account(database, START)
    await bulk.grant(database, UIN, 10, START)
    await reserve(database, 4, task_id=1)
    await reserve(database, 5, task_id=2)
    with pytest.raises(Refused):
        await give_back(database, 5, task_id=1)
    await give_back(database, 4, task_id=1)
    assert await bulk.balance(database, UIN, START) == 5


async def test_thirty_tasks_at_once_share_what_is_there(database: Database) -> None:
    await bulk.add_account(database, START)
    for days in (10, 20, 30):
        await bulk.grant(database, UIN, 7, START, days=days)

    async def attempt(task_id: int) -> bool:
        try:
            await reserve(database, 2, task_id)
        except Refused:
            return False
        return True

    taken = await asyncio.gather(*(attempt(task_id) for task_id in range(1, 31)))
    assert sum(taken) == 10
    assert await bulk.balance(database, UIN, START) == 1


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    granted=st.lists(st.tuples(st.integers(1, 50), st.integers(1, 9)), min_size=1, max_size=4),
    moves=st.lists(st.tuples(st.booleans(), st.integers(1, 3), st.integers(0, 60)), max_size=12),
)
async def test_the_ledger_is_the_balance_whatever_happens(
    database: Database, granted: list[tuple[int, int]], moves: list[tuple[bool, int, int]]
) -> None:
    uin = next(_uins)
    await bulk.add_account(database, START, uin)
    for units, days in granted:
        await bulk.grant(database, uin, units, START, days)
    balance, held = sum(units for units, _ in granted), dict.fromkeys((1, 2, 3), 0)
    for takes, name, units in moves:
        task_id = 10 * uin + name
        try:
            if takes:
                await reserve(database, units, task_id, uin)
                balance, held[name] = balance - units, held[name] + units
            else:
                await give_back(database, units, task_id, uin)
                balance, held[name] = balance + units, held[name] - units
        except Refused:
            assert units > (balance if takes else held[name])
        assert await bulk.balance(database, uin, START) == balance
        assert all(units >= 0 for units in held.values())


@given(
    units=st.integers(0, 100),
    held=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 40)), max_size=6),
)
def test_spreading_takes_exactly_what_is_asked_for_in_order(
    units: int, held: list[tuple[int, int]]
) -> None:
    if units > sum(amount for _, amount in held):
        with pytest.raises(Refused):
            spread(units, held)
        return
    taken = spread(units, held)
    assert sum(part for _, part in taken) == units
    full = [(name, amount) for name, amount in held if amount]
    assert taken[:-1] == full[: max(0, len(taken) - 1)]
    assert all(part > 0 for _, part in taken)
