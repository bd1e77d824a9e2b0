"""Quotas are exact however many take at once; numbers are given once (APP-1)."""

import asyncio

import pytest

from db import account, quota, serial
from db.account import AccountRow
from db.session import Database
from domain.quota import Quota
from domain.region import IdentityKind, Verification
from tests.console import START

THINGS = Quota("THINGS", 10, "things in an account")
UIN = 12345678


async def add_account(database: Database) -> None:
    async with database.write() as session:
        await account.add(
            session,
            AccountRow(
                uin=UIN,
                name="Example",
                identity=IdentityKind.ORGANIZATION,
                verification=Verification.VERIFIED,
                time_zone="Asia/Shanghai",
                created_at=START,
            ),
        )


async def take(database: Database, amount: int = 1, scope: str = "") -> bool:
    async with database.write() as session:
        return await quota.take(session, UIN, THINGS, amount, scope)


async def used(database: Database, scope: str = "") -> int:
    async with database.read() as session:
        return await quota.used(session, UIN, THINGS, scope)


async def test_thirty_parallel_takers_share_ten_places(database: Database) -> None:
    await add_account(database)
    taken = await asyncio.gather(*(take(database) for _ in range(30)))
    assert (sum(taken), await used(database)) == (10, 10)


async def test_an_amount_is_taken_whole_or_not_at_all(database: Database) -> None:
    await add_account(database)
    assert await take(database, 8)
    assert not await take(database, 3)
    assert await used(database) == 8
    assert await take(database, 2)
    assert not await take(database, 11)


async def test_scopes_are_counted_apart_and_places_come_back(database: Database) -> None:
    await add_account(database)
    assert await take(database, 10, "2026-03-02")
    assert await take(database, 10, "2026-03-03")
    async with database.write() as session:
        await quota.give_back(session, UIN, THINGS, 4, "2026-03-02")
    assert await used(database, "2026-03-02") == 6
    assert await used(database, "2026-03-03") == 10


async def test_a_transaction_that_fails_gives_its_places_and_numbers_back(
    database: Database,
) -> None:
    await add_account(database)

    async def failing() -> None:
        async with database.write() as session:
            await quota.take(session, UIN, THINGS, 5)
            assert await serial.take(session, serial.APPLICATION) == 1_400_000_000
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await failing()
    async with database.write() as session:
        assert await serial.take(session, serial.APPLICATION) == 1_400_000_000
    assert await used(database) == 0


async def test_parallel_takers_never_get_the_same_number(database: Database) -> None:
    async def one() -> int:
        async with database.write() as session:
            return await serial.take(session, serial.APPLICATION)

    numbers = await asyncio.gather(*(one() for _ in range(20)))
    assert sorted(numbers) == list(range(1_400_000_000, 1_400_000_020))
