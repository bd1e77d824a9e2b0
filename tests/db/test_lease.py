"""What was sent and never answered: sent again or waited for, as the task says (BLK-5, BLK-8)."""

from datetime import timedelta

import pytest

from db import lease, settlement
from db import task as tasks
from db.session import Database
from domain.carrier import Answer, Receipt, Verdict
from domain.task import TaskStatus, UnknownPolicy
from tests import counting, sending
from tests.console import START as NOW
from tests.sending import CARRIER, accepted, bring, claim, record

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


def lost(message_id: int, *references: str) -> Answer:
    """Make the answer to a message whose connection ended before the carrier's."""
    return Answer(message_id, Verdict.UNKNOWN, references)


async def waits(database: Database, count: int) -> int:
    """Add a task whose messages are never sent twice."""
    policy = UnknownPolicy.WAIT
    return await sending.add_task(database, NOW, sending.phones(count), unknown_policy=policy)


async def test_unless_told_otherwise_it_is_sent_again_at_once(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(2))
    one, two = await claim(database)
    await record(database, lost(one.id), accepted(two))
    assert await sending.states(database) == {"queued": 1, "submitted": 1}
    assert await claim(database) == [one]
    (again, _) = await sending.messages(database)
    assert (again.attempts, again.carrier_ref, again.submitted_at) == (2, None, None)


async def test_a_task_that_waits_sends_nothing_twice(database: Database, account: int) -> None:
    task = await waits(database, 3)
    one, two, three = await claim(database)
    await record(database, lost(one.id), lost(two.id, "ref-2"), accepted(three))
    assert await claim(database) == []
    rows = await sending.messages(database)
    assert [row.state.value for row in rows] == ["unknown", "unknown", "submitted"]
    assert [(row.carrier, row.carrier_ref, row.submitted_at) for row in rows[:2]] == [
        (CARRIER, None, NOW),
        (CARRIER, "ref-2", NOW),
    ]
    found = await sending.task_row(database, task)
    assert (found.status, found.accepted) == (TaskStatus.SENDING, 1)


async def test_what_a_dead_worker_of_such_a_task_held_is_not_sent_again(
    database: Database, account: int
) -> None:
    await waits(database, 2)
    await claim(database, "dead", 1)
    await claim(database, "alive", 1)
    async with database.write() as session:
        assert await lease.requeue(session, NOW, "dead") == 0
    assert await sending.states(database) == {"unknown": 1, "claimed": 1}


async def test_a_receipt_for_an_unknown_message_counts_all_of_it_and_ends_the_task(
    database: Database, account: int
) -> None:
    task = await waits(database, 2)
    one, two = await claim(database)
    await record(database, lost(one.id, "ref-1"), accepted(two))
    await bring(database, Receipt("ref-1", True, "DELIVRD", NOW + MINUTE))
    assert await sending.states(database) == {"delivered": 1, "submitted": 1}
    found = await sending.task_row(database, task)
    assert (found.status, found.accepted, found.delivered) == (TaskStatus.SENT, 2, 1)
    (counts,) = (await counting.statistics(database)).values()
    assert counts == (2, 2, 2, 1, 0)


async def test_what_stays_unknown_ends_as_sent_and_without_a_receipt(
    database: Database, account: int
) -> None:
    """PKG-4: the units of what a carrier may have are spent."""
    task = await waits(database, 2)
    one, two = await claim(database)
    await record(database, lost(one.id), accepted(two))
    later = NOW + timedelta(hours=72)
    async with database.write() as session:
        assert not await lease.waited(session, NOW - timedelta(microseconds=1))
        assert await lease.waited(session, NOW)
        assert await lease.expire(session, NOW, later, 10) == 2
        assert await lease.expire(session, NOW, later, 10) == 0
    assert await sending.states(database) == {"expired": 2}
    found = await sending.task_row(database, task)
    assert (found.status, found.accepted, found.reserved_units) == (TaskStatus.SENT, 2, 2)
    (counts,) = (await counting.statistics(database)).values()
    assert counts == (2, 2, 2, 0, 0)


async def test_one_of_a_task_that_was_stopped_is_not_sent_again(
    database: Database, account: int
) -> None:
    task = await sending.add_task(database, NOW, sending.phones(2))
    (one,) = await claim(database, limit=1)
    async with database.write() as session:
        row = await tasks.changing(session, account, task)
        await settlement.stop(session, row, NOW)
    await record(database, lost(one.id))
    assert await sending.states(database) == {"unknown": 1, "queued": 1}


async def test_carriers_are_asked_about_what_they_named_after_ever_longer_pauses(
    database: Database, account: int
) -> None:
    await waits(database, 3)
    one, two, three = await claim(database)
    await record(database, lost(one.id, "ref-1"), lost(two.id), lost(three.id, "ref-3"))
    asked = []
    for seconds in range(0, 400, 10):
        now = NOW + timedelta(seconds=seconds)
        async with database.write() as session:
            there = await lease.any_to_ask(session, [CARRIER], now)
            found = await lease.to_ask(session, [CARRIER], now, 10)
            assert not await lease.to_ask(session, ["another"], now, 10)
        assert bool(found) is there
        if found:
            assert sorted(found) == [(CARRIER, "ref-1"), (CARRIER, "ref-3")]
            asked.append(seconds)
    assert asked == [0, 30, 60, 120, 240]


async def test_questions_are_bounded(database: Database, account: int) -> None:
    await waits(database, 5)
    await record(database, *(lost(one.id, f"ref-{one.id}") for one in await claim(database)))
    async with database.write() as session:
        sizes = [len(await lease.to_ask(session, [CARRIER], NOW, 2)) for _ in range(4)]
    assert sizes == [2, 2, 1, 0]
