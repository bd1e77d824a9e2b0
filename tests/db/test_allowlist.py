"""Three hundred numbers an application, exactly, on both databases (CFG-4)."""

import asyncio

import pytest

from db import allowlist, quota
from db.allowlist import Listing
from db.session import Database
from domain.errors import Refused
from domain.number import Number
from domain.quota import ALLOWLIST
from domain.region import Region
from tests import sending
from tests.console import START as NOW

NUMBERS = [Number(phone, "CN", "86", Region.MAINLAND) for phone in sending.phones(400)]


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


async def add(database: Database, account: int, *numbers: Number) -> frozenset[str]:
    """Add as the mutation does: the quota's row is held first."""
    async with database.write() as session:
        await quota.take(session, account, ALLOWLIST, 0, str(account))
        return await allowlist.add(session, account, account, numbers, NOW, account)


async def remove(database: Database, account: int, *numbers: Number) -> frozenset[str]:
    async with database.write() as session:
        phones = [number.e164 for number in numbers]
        return await allowlist.remove(session, account, account, phones)


async def counts(database: Database, account: int) -> tuple[int, int]:
    async with database.read() as session:
        return (
            await allowlist.count(session, Listing(account)),
            await quota.used(session, account, ALLOWLIST, str(account)),
        )


async def test_lists_that_overlap_are_added_at_once_without_a_number_counted_twice(
    database: Database, account: int
) -> None:
    added = await asyncio.gather(
        *(add(database, account, *NUMBERS[start : start + 40]) for start in range(0, 120, 10)),
        *(add(database, account, *reversed(NUMBERS[:100])) for _ in range(3)),
    )
    assert sum(map(len, added)) == 150
    assert await counts(database, account) == (150, 150)


async def test_whoever_passes_three_hundred_adds_nothing(database: Database, account: int) -> None:
    await add(database, account, *NUMBERS[:290])
    results = await asyncio.gather(
        *(add(database, account, *NUMBERS[at : at + 3]) for at in range(290, 350, 3)),
        return_exceptions=True,
    )
    refused = [result for result in results if isinstance(result, Refused)]
    assert (len(results) - len(refused), await counts(database, account)) == (3, (299, 299))
    assert await add(database, account) == frozenset()


async def test_adding_and_removing_at_once_keep_the_count(database: Database, account: int) -> None:
    await add(database, account, *NUMBERS[:50])
    await asyncio.gather(
        *(add(database, account, *NUMBERS[at : at + 30]) for at in range(0, 100, 10)),
        *(remove(database, account, *NUMBERS[at : at + 30]) for at in range(0, 100, 10)),
    )
    listed, used = await counts(database, account)
    assert listed == used
    assert len(await remove(database, account, *NUMBERS)) == listed
    assert await counts(database, account) == (0, 0)
