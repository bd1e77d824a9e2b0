"""Single messages: before every task, urgent ones first, and shared alike by accounts."""

from datetime import timedelta
from typing import Any

import pytest

from db import application, lease, queue
from db.queue import Claimed
from db.session import Database
from domain import application as rules
from tests import counting, sending
from tests.console import START as NOW
from tests.sending import accepted, bring, claim, receipt_of, record, refused


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


async def add(database: Database, uin: int, count: int = 1, **how: Any) -> list[int]:
    """Queue single messages of an account."""
    async with database.write() as session:
        return [
            await sending.add_single(session, uin, NOW, phone=phone, **how)
            for phone in sending.phones(count)
        ]


def ids(batch: list[Claimed]) -> list[int]:
    """Give the numbers of messages."""
    return [message.id for message in batch]


async def test_they_overtake_tasks_and_the_urgent_ones_each_other(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(5))
    calm = await add(database, account, 2)
    urgent = await add(database, account, 2, urgent=True)
    batch = await claim(database, limit=6)
    assert ids(batch)[:4] == [*urgent, *calm]
    assert [message.task_id is None for message in batch] == [True] * 4 + [False] * 2


async def test_accounts_share_alike(database: Database, account: int) -> None:
    many = await add(database, account, 50)
    small = await sending.add_account(database, NOW, uin=account + 1)
    few = await add(database, small, 3)
    batch = ids(await claim(database, limit=10))
    assert set(few) <= set(batch)
    assert batch == [*many[:5], *few, *many[5:7]]


async def test_accounts_take_turns_from_claim_to_claim(database: Database, account: int) -> None:
    small = await sending.add_account(database, NOW, uin=account + 1)
    await add(database, account, 3)
    await add(database, small, 3)
    served, after = [], 0
    for _ in range(4):
        async with database.write() as session:
            request = sending.request(NOW, limit=1, after=after)
            (message,) = await sending.taken(session, request)
        after = message.account_uin
        served.append(after - account)
    assert served == [0, 1, 0, 1]


@pytest.mark.parametrize("ago", [None, 0, 299, 300])
@pytest.mark.parametrize("wanted", [True, False])
async def test_they_wait_while_their_application_does_not_send(
    database: Database, account: int, wanted: bool, ago: int | None
) -> None:
    """APP-5: disabling takes effect after its delay."""
    await add(database, account)
    switched_at = None if ago is None else NOW - timedelta(seconds=ago)
    async with database.write() as session:
        row = await application.changing(session, account, account)
        row.wanted_enabled, row.switched_at = wanted, switched_at
    sends = rules.status(wanted, switched_at, NOW, sending.DELAY).sends
    assert len(await claim(database)) == sends


async def test_their_answers_and_receipts_count_in_statistics_alone(
    database: Database, account: int
) -> None:
    await add(database, account, 3)
    one, two, three = await claim(database)
    await record(database, accepted(one), accepted(two), refused(three))
    await bring(database, receipt_of(one), receipt_of(two, "MK:0012"))
    assert await sending.states(database) == {"delivered": 1, "failed": 1, "refused": 1}
    (counts,) = (await counting.statistics(database)).values()
    assert counts == (3, 2, 2, 1, 1)
    by_hour, by_task = await counting.failures(database)
    assert by_hour == {"MK:0012": 1, "InternalError.OtherError": 1}
    assert by_task == {}


async def test_an_idle_worker_sees_them(database: Database, account: int) -> None:
    async with database.read() as session:
        assert not await queue.waiting(session)
    await add(database, account)
    async with database.read() as session:
        assert await queue.waiting(session)


async def test_those_that_wait_for_a_carrier_go_when_it_has_room(
    database: Database, account: int
) -> None:
    waits = await add(database, account, 2)
    async with database.write() as session:
        batch = await queue.claim(session, sending.request(NOW))
        await queue.park(session, [(message, "far") for message in batch])
    assert await claim(database) == []
    fresh = await add(database, account)
    urgent = await add(database, account, urgent=True)
    async with database.write() as session:
        request = sending.request(NOW, carriers=["far", "near"])
        found = await sending.taken(session, request)
    assert ids(found) == [*urgent, *waits, *fresh]


async def test_one_that_was_lost_is_sent_again(database: Database, account: int) -> None:
    await add(database, account)
    (message,) = await claim(database, "dead")
    async with database.write() as session:
        assert await lease.requeue(session, NOW + sending.LEASE) == 1
    assert await claim(database) == [message]
