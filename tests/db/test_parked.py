"""What waits for one carrier: out of the way of others, first when there is room (BLK-5)."""

import asyncio
from collections import Counter

import pytest

from db import queue, settlement
from db import task as tasks
from db.queue import Claimed
from db.session import Database
from domain.task import TaskStatus
from tests import sending
from tests.console import START as NOW
from tests.sending import claim


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


async def park(database: Database, carrier: str, count: int) -> list[Claimed]:
    """Let messages wait for a carrier."""
    async with database.write() as session:
        batch = await queue.claim(session, sending.request(NOW, limit=count))
        await queue.park(session, [(message, carrier) for message in batch])
    return batch


async def claim_for(database: Database, *carriers: str, limit: int = 100) -> list[Claimed]:
    """Claim as a worker does whose carriers have room."""
    async with database.write() as session:
        return await sending.taken(session, sending.request(NOW, limit=limit, carriers=carriers))


async def reroute(database: Database, *carriers: str) -> int:
    """Queue again what waits for these, or for any."""
    async with database.write() as session:
        return await queue.reroute(session, carriers or None)


async def test_it_is_taken_for_its_carrier_alone_and_before_the_rest(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(6))
    near, far = await park(database, "near", 2), await park(database, "far", 2)
    assert [one.id for one in await claim_for(database, "far", limit=3)] == [
        *(one.id for one in far),
        5,
    ]
    assert [one.id for one in await claim(database)] == [6]
    assert [one.id for one in await claim_for(database, "near")] == [one.id for one in near]
    assert await sending.states(database) == {"claimed": 6}


async def test_accounts_share_alike_what_waits(database: Database, account: int) -> None:
    small = await sending.add_account(database, NOW, uin=account + 1)
    await sending.add_task(database, NOW, sending.phones(30))
    await park(database, "far", 30)
    await sending.add_task(database, NOW, sending.phones(3), uin=small)
    await park(database, "far", 3)
    batch = await claim_for(database, "far", limit=6)
    assert Counter(one.account_uin for one in batch) == {account: 3, small: 3}


async def test_a_task_that_waits_keeps_no_later_one_of_its_account_from_its_turn(
    database: Database, account: int
) -> None:
    for _ in range(5):
        await sending.add_task(database, NOW, sending.phones(1))
        await park(database, "far", 1)
    await sending.add_task(database, NOW, sending.phones(1))
    assert len(await claim(database)) == 1


async def test_workers_that_claim_at_once_never_hold_the_same_message(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(40))
    await park(database, "far", 40)

    async def work(number: int) -> list[Claimed]:
        async with database.write() as session:
            request = sending.request(NOW, worker=f"{number}", limit=10, carriers=["far"])
            return await sending.taken(session, request)

    batches = await asyncio.gather(*map(work, range(6)))
    assert Counter(one.id for batch in batches for one in batch) == dict.fromkeys(range(1, 41), 1)


async def test_it_is_queued_again_for_any_carrier(database: Database, account: int) -> None:
    await sending.add_task(database, NOW, sending.phones(5))
    await park(database, "near", 2)
    await park(database, "far", 2)
    assert await reroute(database, "far", "farther") == 2
    assert len(await claim(database, limit=10)) == 3
    assert await reroute(database) == 2
    assert await reroute(database) == 0
    assert await sending.states(database) == {"queued": 2, "claimed": 3}
    assert [row.carrier for row in await sending.messages(database)][:2] == [None, None]


async def test_it_is_queued_again_in_bounded_steps(
    database: Database, account: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sending.add_task(database, NOW, sending.phones(5))
    await park(database, "far", 5)
    monkeypatch.setattr(queue, "REROUTED_AT_ONCE", 2)
    assert [await reroute(database) for _ in range(4)] == [2, 2, 1, 0]


async def test_a_stop_keeps_it_from_being_sent_and_returns_its_units(
    database: Database, account: int
) -> None:
    task = await sending.add_task(database, NOW, sending.phones(4), segments=2)
    await park(database, "far", 4)
    async with database.write() as session:
        row = await tasks.changing(session, account, task)
        await settlement.stop(session, row, NOW)
    assert await claim_for(database, "far") == []
    found = await sending.task_row(database, task)
    assert (found.status, found.reserved_units) == (TaskStatus.STOPPED, 0)
