"""The queue: who takes which message, and what a carrier's answer moves (BLK-5, BLK-8, STA-1)."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import pytest

from db import application, lease, settlement
from db import task as tasks
from db.application import ApplicationRow
from db.session import Database
from db.task import BulkTaskRow
from domain import application as rules
from domain.carrier import Answer, Verdict
from domain.message import MessageStatus
from domain.region import SmsType
from domain.task import TaskStatus
from tests import counting, sending
from tests.console import START as NOW
from tests.sending import CARRIER, accepted, claim, record, refused


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


async def test_workers_that_claim_at_once_never_hold_the_same_message(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(100))
    batches = await asyncio.gather(*(claim(database, f"worker {n}", 10) for n in range(12)))
    held = Counter(message.id for batch in batches for message in batch)
    assert len(held) == 100
    assert set(held.values()) == {1}


@pytest.mark.parametrize(
    "status", [status for status in TaskStatus if status is not TaskStatus.SENDING]
)
async def test_only_a_task_that_sends_is_taken_from(
    database: Database, account: int, status: TaskStatus
) -> None:
    await sending.add_task(database, NOW, sending.phones(3), status=status)
    assert await claim(database) == []


@pytest.mark.parametrize("ago", [None, 0, 299, 300, 301])
@pytest.mark.parametrize("wanted", [True, False])
async def test_only_an_application_that_sends_is_taken_from(
    database: Database, account: int, wanted: bool, ago: int | None
) -> None:
    switched_at = None if ago is None else NOW - timedelta(seconds=ago)
    await sending.add_task(database, NOW, sending.phones(3))
    async with database.write() as session:
        row = await application.changing(session, account, account)
        row.wanted_enabled, row.switched_at = wanted, switched_at
    status = rules.status(wanted, switched_at, NOW, sending.DELAY)
    assert len(await claim(database)) == (3 if status.sends else 0)


async def test_nothing_is_taken_from_a_deleted_application(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(3))
    async with database.write() as session:
        found = await session.get(ApplicationRow, account)
        assert found is not None
        found.deleted_at = NOW
    assert await claim(database) == []


async def test_ten_messages_do_not_wait_behind_thousands_of_another_account(
    database: Database, account: int
) -> None:
    small = await sending.add_account(database, NOW, uin=account + 1)
    await sending.add_task(database, NOW, sending.phones(2_000))
    await sending.add_task(database, NOW, sending.phones(10), uin=small)
    first = await claim(database, limit=100)
    assert Counter(message.account_uin for message in first) == {account: 90, small: 10}


async def test_a_task_does_not_wait_behind_thousands_of_its_own_account(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(2_000))
    small = await sending.add_task(database, NOW, sending.phones(10))
    first = {message.id for message in await claim(database, limit=100)}
    assert len(first) == 100
    mine = [row.id for row in await sending.messages(database) if row.task_id == small]
    assert set(mine) <= first


async def test_accounts_take_turns_when_there_are_more_than_a_batch_has_places(
    database: Database, account: int
) -> None:
    for uin in range(account + 1, account + 7):
        await sending.add_account(database, NOW, uin=uin)
    for uin in range(account, account + 7):
        await sending.add_task(database, NOW, sending.phones(5), uin=uin)
    served, after = [], 0
    for _ in range(4):
        async with database.write() as session:
            request = sending.request(NOW, limit=2, after=after)
            batch = await sending.taken(session, request)
        after = batch[-1].account_uin
        served += [message.account_uin - account for message in batch]
    assert served == [0, 1, 2, 3, 4, 5, 6, 0]


async def test_what_a_carrier_answers_is_written_down_and_counted(
    database: Database, account: int
) -> None:
    task = await sending.add_task(database, NOW, sending.phones(5), segments=2)
    one, two, three, four, _ = await claim(database)
    await record(
        database,
        accepted(one),
        refused(two),
        Answer(three.id, Verdict.THROTTLED),
        Answer(four.id, Verdict.UNAVAILABLE),
    )
    rows = await sending.messages(database)
    assert [row.state.value for row in rows] == [
        "submitted",
        "refused",
        "queued",
        "queued",
        "claimed",
    ]
    assert (rows[0].carrier, rows[0].carrier_ref, rows[0].submitted_at) == (
        CARRIER,
        f"ref-{one.id}",
        NOW,
    )
    assert (rows[1].code, rows[1].done_at, rows[1].submitted_at) == (
        "InternalError.OtherError",
        NOW,
        None,
    )
    assert [row.claimed_by for row in rows] == [None, None, None, None, "one"]
    found = await sending.task_row(database, task)
    assert (found.accepted, found.refused, found.status) == (1, 1, TaskStatus.SENDING)
    (counts,) = (await counting.statistics(database)).values()
    assert counts == (2, 1, 2, 0, 0)
    assert await counting.failures(database) == ({"InternalError.OtherError": 1},) * 2


async def test_a_throttled_message_is_taken_again_and_says_how_often(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(1))
    (message,) = await claim(database)
    await record(database, Answer(message.id, Verdict.THROTTLED))
    assert await claim(database) == [message]
    (row,) = await sending.messages(database)
    assert row.attempts == 2


async def test_a_task_is_sent_when_its_last_message_is_answered(
    database: Database, account: int
) -> None:
    task = await sending.add_task(database, NOW, sending.phones(3))
    one, two, three = await claim(database)
    await record(database, accepted(one), refused(two))
    assert (await sending.task_row(database, task)).status is TaskStatus.SENDING
    await record(database, accepted(three))
    found = await sending.task_row(database, task)
    assert (found.status, found.finished_at) == (TaskStatus.SENT, NOW)
    assert found.reserved_units == 2


async def test_an_answer_in_a_stopped_task_counts_and_ends_nothing(
    database: Database, account: int
) -> None:
    task = await sending.add_task(database, NOW, sending.phones(2))
    one, two = await claim(database)
    await set_status(database, task, TaskStatus.STOPPED)
    await record(database, accepted(one), accepted(two))
    found = await sending.task_row(database, task)
    assert (found.status, found.accepted) == (TaskStatus.STOPPED, 2)


async def set_status(database: Database, task_id: int, status: TaskStatus) -> None:
    async with database.write() as session:
        row = await session.get(BulkTaskRow, task_id)
        assert row is not None
        row.status = status


async def test_a_lease_that_ran_out_queues_the_message_again(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(2))
    held = await claim(database, "dead")
    later = NOW + sending.LEASE
    async with database.write() as session:
        assert await lease.requeue(session, later - timedelta(microseconds=1)) == 0
        assert not await lease.overdue(session, later - timedelta(microseconds=1))
        assert await lease.overdue(session, later)
        assert await lease.requeue(session, later) == 2
    assert await claim(database, "alive") == held
    assert [row.attempts for row in await sending.messages(database)] == [2, 2]


async def test_a_worker_takes_back_at_once_what_it_held_before_it_was_killed(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(4))
    await claim(database, "local", 2)
    await claim(database, "other", 2)
    async with database.write() as session:
        assert await lease.requeue(session, NOW, "local") == 2
    assert await sending.states(database) == {"queued": 2, "claimed": 2}


async def test_an_answer_after_the_lease_changes_nothing(database: Database, account: int) -> None:
    task = await sending.add_task(database, NOW, sending.phones(1))
    (message,) = await claim(database, "slow")
    async with database.write() as session:
        await lease.requeue(session, NOW + sending.LEASE)
    await claim(database, "quick")
    await record(database, accepted(message), worker="slow")
    (row,) = await sending.messages(database)
    assert (row.state, row.claimed_by) == (MessageStatus.CLAIMED, "quick")
    assert (await sending.task_row(database, task)).accepted == 0
    assert await counting.statistics(database) == {}


async def test_what_was_in_doubt_in_a_stopped_task_stays_unknown_until_it_expires(
    database: Database, account: int
) -> None:
    task = await sending.add_task(database, NOW, sending.phones(2))
    await claim(database, "dead", 1)
    await set_status(database, task, TaskStatus.STOPPED)
    async with database.write() as session:
        assert await lease.requeue(session, NOW + sending.LEASE) == 0
    assert await sending.states(database) == {"unknown": 1, "queued": 1}
    async with database.write() as session:
        assert await lease.expire(session, NOW, NOW, 10) == 0
        assert await lease.expire(session, NOW + sending.LEASE, NOW, 10) == 1
    assert await sending.states(database) == {"expired": 1, "queued": 1}


async def test_marketing_that_is_being_sent_pauses_at_night_and_goes_on_at_eight(
    database: Database, account: int
) -> None:
    """The provider's window of 08:00 to 22:00, in the account's zone; regular SMS goes on."""
    await sending.add_task(database, NOW, sending.phones(2), sms_type=SmsType.MARKETING)

    async def claimed(now: datetime) -> int:
        async with database.write() as session:
            return len(await sending.taken(session, sending.request(now)))

    night = NOW.replace(hour=14)  # 22:00 in Shanghai
    assert await claimed(night) == 0
    await sending.add_task(database, NOW, sending.phones(3))
    assert await claimed(night) == 3
    assert await claimed(NOW + timedelta(days=1)) == 2


async def test_a_stop_waits_for_a_claim_under_way_and_then_knows_of_it(
    database: Database, account: int
) -> None:
    """BLK-5: units come back only for what is surely not sent."""
    task_id = await sending.add_task(database, NOW, sending.phones(3))

    async def stop() -> None:
        async with database.write() as session:
            row = await tasks.changing(session, account, task_id)
            await settlement.stop(session, row, NOW)

    async with database.write() as session:
        held = await sending.taken(session, sending.request(NOW, limit=2))
        stopping = asyncio.create_task(stop())
        await asyncio.wait({stopping}, timeout=0.2)
        assert not stopping.done()
    await stopping
    assert len(held) == 2
    async with database.read() as session:
        row = await tasks.owned(session, account, task_id)
    assert row is not None
    assert (row.status, row.settled_at) == (TaskStatus.STOPPED, None)
    assert await claim(database) == []
