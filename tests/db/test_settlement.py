"""What a task takes and gives back, on both databases (BLK-5, BLK-6, BLK-9, BLK-10, PKG-4)."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select, update

from db import settlement, task
from db.job import JobKind
from db.message import MessageRow
from db.quota import QuotaRow
from db.session import Database
from db.task import BulkTaskRow
from domain.errors import Code, Refused
from domain.message import MessageStatus
from domain.region import IdentityKind, Region
from domain.task import TaskStatus
from domain.terms import Terms
from tests import bulk
from tests.bulk import Parts
from tests.console import START
from tests.settling import TERMS, TODAY, UIN, consent, ready, used_today


@pytest.fixture
async def parts(database: Database) -> Parts:
    """An account with what a Mainland task needs, and 100 units."""
    await bulk.add_account(database, START)
    await bulk.grant(database, UIN, 100, START)
    return await bulk.add_parts(database, UIN, START)


async def stop(database: Database, task_id: int) -> None:
    async with database.write() as session:
        await settlement.stop(session, await task.changing(session, UIN, task_id), START)


async def finish(database: Database, task_id: int, now: datetime = START) -> bool:
    async with database.write() as session:
        return await settlement.finish(session, task_id, now)


async def put(database: Database, task_id: int, **states: int) -> None:
    """Move that many of a task's messages into each state, in their order."""
    rows = iter(await bulk.messages(database, task_id))
    async with database.write() as session:
        for state, count in states.items():
            for _ in range(count):
                statement = update(MessageRow).where(col(MessageRow.id) == next(rows).id)
                await session.exec(statement.values(state=MessageStatus(state)))


async def test_consent_takes_units_and_the_end_returns_what_was_not_sent(
    database: Database, parts: Parts
) -> None:
    task_id = await ready(database, parts, 5)
    await consent(database, task_id)
    row = await bulk.task_of(database, task_id)
    assert (row.status, row.reserved_units, row.started_at) == (TaskStatus.SENDING, 10, START)
    assert await bulk.balance(database, UIN, START) == 90
    await put(database, task_id, submitted=1, delivered=1, failed=1, refused=1, claimed=1)
    assert not await finish(database, task_id)
    await put(database, task_id, submitted=1, delivered=1, failed=1, refused=1, unknown=1)
    assert not await finish(database, task_id)
    await put(database, task_id, submitted=1, delivered=1, failed=1, refused=1, queued=1)
    assert not await finish(database, task_id)
    await put(database, task_id, submitted=1, delivered=1, failed=1, refused=1, expired=1)
    assert (await bulk.task_of(database, task_id)).status is TaskStatus.SENDING
    end = START + timedelta(hours=1)
    assert await finish(database, task_id, end)
    row = await bulk.task_of(database, task_id)
    assert (row.status, row.finished_at, row.settled_at) == (TaskStatus.SENT, end, end)
    assert (row.reserved_units, await bulk.balance(database, UIN, START)) == (8, 92)
    assert await finish(database, task_id, end)
    assert await bulk.balance(database, UIN, START) == 92


async def test_stopping_returns_at_once_what_no_worker_holds(
    database: Database, parts: Parts
) -> None:
    task_id = await ready(database, parts, 5)
    await consent(database, task_id)
    await put(database, task_id, submitted=2)
    await stop(database, task_id)
    row = await bulk.task_of(database, task_id)
    assert (row.status, row.settled_at, row.reserved_units) == (TaskStatus.STOPPED, START, 4)
    assert await bulk.balance(database, UIN, START) == 96
    assert [found.kind for found in await bulk.open_jobs(database, START)] == [
        JobKind.CHECK_RECIPIENTS
    ]


async def test_a_stop_waits_for_what_is_under_way(database: Database, parts: Parts) -> None:
    task_id = await ready(database, parts, 5)
    await consent(database, task_id)
    await put(database, task_id, submitted=2, claimed=1)
    await stop(database, task_id)
    row = await bulk.task_of(database, task_id)
    assert (row.status, row.settled_at) == (TaskStatus.STOPPED, None)
    assert await bulk.balance(database, UIN, START) == 90
    assert [found.kind for found in await bulk.open_jobs(database, START)][1:] == [
        JobKind.SETTLE_TASK
    ]
    await put(database, task_id, submitted=3)
    assert await finish(database, task_id)
    assert await bulk.balance(database, UIN, START) == 94
    assert (await bulk.task_of(database, task_id)).status is TaskStatus.STOPPED


async def test_a_stop_does_not_wait_for_what_nobody_knows_the_fate_of(
    database: Database, parts: Parts
) -> None:
    """PKG-4: an unknown message is charged, now and when it ends; the others come back at once."""
    task_id = await ready(database, parts, 5)
    await consent(database, task_id)
    await put(database, task_id, submitted=2, unknown=1)
    await stop(database, task_id)
    row = await bulk.task_of(database, task_id)
    assert (row.status, row.settled_at, row.reserved_units) == (TaskStatus.STOPPED, START, 6)
    assert await bulk.balance(database, UIN, START) == 94
    await put(database, task_id, submitted=2, expired=1)
    assert await finish(database, task_id)
    assert await bulk.balance(database, UIN, START) == 94


async def test_an_illegal_step_names_both_states(database: Database, parts: Parts) -> None:
    task_id = await bulk.add_task(database, parts, START)
    for move, wanted in ((stop, "stopped"), (consent, "sending")):
        with pytest.raises(Refused) as refusal:
            await move(database, task_id)
        (problem,) = refusal.value.problems
        assert (problem.code, problem.field) == (Code.WRONG_STATE, ("id",))
        assert problem.message.startswith(f"task is draft and cannot become {wanted}")
    assert (await bulk.task_of(database, task_id)).status is TaskStatus.DRAFT


async def test_global_messages_of_a_day_are_exact_however_many_send(
    database: Database, parts: Parts
) -> None:
    far = await bulk.add_parts(database, UIN, START, Region.GLOBAL)
    ids = [await ready(database, far, 3) for _ in range(8)]
    terms = Terms(global_daily=10)

    async def attempt(task_id: int) -> Code | None:
        try:
            await consent(database, task_id, terms=terms)
        except Refused as refused:
            return refused.problems[0].code
        return None

    outcomes = await asyncio.gather(*map(attempt, ids))
    assert sorted(map(str, outcomes)) == ["LIMIT_EXCEEDED"] * 5 + ["None"] * 3
    assert await used_today(database) == 9
    statuses = [(await bulk.task_of(database, task_id)).status for task_id in ids]
    assert statuses.count(TaskStatus.READY) == 5
    assert await bulk.balance(database, UIN, START) == 100


async def test_global_money_and_messages_come_back_for_what_was_not_sent(
    database: Database, parts: Parts
) -> None:
    far = await bulk.add_parts(database, UIN, START, Region.GLOBAL)
    task_id = await ready(database, far, 4)
    await consent(database, task_id)
    row = await bulk.task_of(database, task_id)
    assert (row.fee_micros, row.quota_day, row.reserved_units) == (400_000, TODAY, 0)
    await put(database, task_id, delivered=3, refused=1)
    assert await finish(database, task_id)
    assert (await bulk.task_of(database, task_id)).fee_micros == 300_000
    assert await used_today(database) == 3


async def test_a_global_task_counts_on_the_local_day_it_is_for(
    database: Database, parts: Parts
) -> None:
    far = await bulk.add_parts(database, UIN, START, Region.GLOBAL)
    midnight = datetime.fromisoformat("2026-03-03T00:00:00+08:00")
    task_id = await ready(database, far, 4, scheduled_at=midnight)
    await consent(database, task_id)
    assert (await used_today(database), await used_today(database, "2026-03-03")) == (0, 4)
    async with database.read() as session:
        assert len((await session.exec(select(QuotaRow))).all()) == 1


async def test_what_decides_about_many_tasks_is_found_together(
    database: Database, parts: Parts
) -> None:
    far = await bulk.add_parts(database, UIN, START, Region.GLOBAL)
    near, there = await ready(database, parts, 3), await ready(database, far, 4)
    bare = await bulk.add_task(database, far, START, signature_id=None)
    sent = await ready(database, far, 5)
    await consent(database, sent)
    async with database.read() as session:
        rows = (await session.exec(select(BulkTaskRow).order_by(col(BulkTaskRow.id)))).all()
        standings = await settlement.standings(session, rows, START, TERMS)
    found = dict(zip([row.id for row in rows], standings, strict=True))
    assert (found[near].recipients, found[near].segments) == (3, 6)
    assert {standing.balance for standing in found.values()} == {100}
    assert {standing.left_today for standing in found.values()} == {995}
    assert {standing.kind for standing in found.values()} == {IdentityKind.ORGANIZATION}
    assert (found[there].has_signature, found[bare].has_signature) == (True, False)
    assert found[bare].signature is None
