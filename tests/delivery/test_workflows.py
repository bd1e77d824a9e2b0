"""Jobs become workflows once each, and others take over those of a dead worker (BLK-5, BLK-6)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from dbos import DBOS
from sqlmodel import col, select, update

from db import job, settlement, task
from db.job import JobKind, JobRow
from db.message import MessageRow
from delivery import workflows as durable
from delivery.step import Job, Tools
from domain.message import MessageStatus
from domain.task import TaskStatus
from tests import bulk
from tests.console import START, Clock
from tests.delivery.durable import Bench, all_done, rows, until

UIN = 12_345_678


async def consented(bench: Bench, **changes: Any) -> int:
    """Make a task with three recipients and consent to it."""
    task_id = await bulk.add_task(bench.database, bench.parts, START, **changes)
    await bulk.make_ready(bench.database, task_id, START)
    async with bench.database.write() as session:
        row = await task.changing(session, UIN, task_id)
        await settlement.consent_to(session, row, START, bench.tools.terms)
    return task_id


async def test_a_scheduled_task_begins_at_its_time_and_not_before(
    either: Bench, clock: Clock
) -> None:
    due = START + timedelta(hours=1)
    task_id = await consented(either, scheduled_at=due)
    async with either.working() as workflows:
        assert await workflows.relay(due - timedelta(seconds=1)) == 1  # the check, long over
        assert (await bulk.task_of(either.database, task_id)).status is TaskStatus.SCHEDULED
        clock.now = due
        assert await workflows.relay(due) == 1
        assert await workflows.relay(due) == 0
        await until(lambda: all_done(either))
    row = await bulk.task_of(either.database, task_id)
    assert (row.status, row.started_at) == (TaskStatus.SENDING, due)


async def test_a_stopped_task_is_settled_when_its_messages_are_answered(
    either: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.scheduling.SOON", 0.01)
    task_id = await consented(either)
    (first, *_) = await bulk.messages(either.database, task_id)

    async def put(state: MessageStatus) -> None:
        async with either.database.write() as session:
            statement = update(MessageRow).where(col(MessageRow.id) == first.id)
            await session.exec(statement.values(state=state))

    await put(MessageStatus.CLAIMED)
    async with either.database.write() as session:
        await settlement.stop(session, await task.changing(session, UIN, task_id), START)
    async with either.working() as workflows:
        await workflows.relay(START)
        assert (await bulk.task_of(either.database, task_id)).settled_at is None
        await put(MessageStatus.SUBMITTED)
        await until(lambda: all_done(either))
    row = await bulk.task_of(either.database, task_id)
    assert (row.status, row.reserved_units) == (TaskStatus.STOPPED, 1)
    assert await bulk.balance(either.database, UIN, START) == 99


async def test_a_deleted_draft_is_erased_with_its_file(bench: Bench) -> None:
    task_id = await bulk.add_task(bench.database, bench.parts, START)
    await bulk.make_ready(bench.database, task_id, START)
    key = await bench.put(rows(1))
    async with bench.database.write() as session:
        row = await task.changing(session, UIN, task_id)
        row.file_key, row.check_job = key, None
        await task.remove(session, row, START)
    async with bench.working() as workflows:
        await workflows.relay(START)
        await until(lambda: all_done(bench))
    async with bench.database.read() as session:
        assert await task.held(session, task_id) is None
    assert await bulk.messages(bench.database, task_id) == []
    with pytest.raises(FileNotFoundError):
        await bench.tools.store.size(key)


async def test_a_job_that_was_relayed_twice_runs_once(
    either: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[Job] = []

    async def count(_tools: Tools, given: Job) -> None:
        await asyncio.sleep(0)
        runs.append(given)

    monkeypatch.setattr(durable, "HANDLERS", dict.fromkeys(JobKind, count))
    async with either.database.write() as session:
        ids = [
            await job.add(session, JobKind.START_TASK, subject, due_at=START, now=START)
            for subject in (7, 8)
        ]
    async with either.working() as workflows:
        assert await workflows.relay(START) == 2
        # As after a crash between the two: the workflows exist, and the jobs do not know.
        async with either.database.write() as session:
            await session.exec(update(JobRow).values(started_at=None))
        assert await workflows.relay(START) == 2
        await until(lambda: all_done(either))
    assert sorted(runs, key=lambda run: run.id) == [Job(ids[0], 7), Job(ids[1], 8)]


async def test_old_jobs_are_forgotten_with_their_workflows(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_tools: Tools, _job: Job) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(durable, "HANDLERS", dict.fromkeys(JobKind, nothing))
    async with bench.database.write() as session:
        await job.add(session, JobKind.START_TASK, 1, due_at=START, now=START)
    async with bench.working() as workflows:
        await workflows.relay(START)
        await until(lambda: all_done(bench))
        assert len(await DBOS.list_workflows_async()) == 1
        await workflows.relay(START + durable.KEPT)
        assert len(await DBOS.list_workflows_async()) == 1
        await workflows.relay(START + durable.KEPT + durable.FORGET_EVERY)
        assert await DBOS.list_workflows_async() == []
    async with bench.database.read() as session:
        assert (await session.exec(select(JobRow))).all() == []


async def test_the_event_loop_keeps_its_threads_after_a_worker(bench: Bench) -> None:
    async with bench.working():
        pass
    assert await asyncio.to_thread(sum, [1, 2]) == 3


async def test_another_worker_takes_over_from_a_dead_one(shared: Bench) -> None:
    task_id, _ = await shared.upload(rows(12_000))
    worker = await shared.standing_worker(after=1)
    worker.kill()
    await worker.wait()
    async with shared.working() as workflows:
        # The first look finds it silent too short; the next one, that it will not come back.
        await workflows.relay(START + durable.BEAT)
        assert (await bulk.task_of(shared.database, task_id)).rows_seen == 5_000
        await workflows.relay(START + durable.SILENCE + durable.BEAT)
        await until(lambda: shared.is_checked(task_id))
    row = await bulk.task_of(shared.database, task_id)
    assert (row.status, row.recipients, row.rows_seen) == (TaskStatus.READY, 12_000, 12_001)
    numbers = [message.row_number for message in await bulk.messages(shared.database, task_id)]
    assert numbers == list(range(2, 12_002))


async def test_a_worker_that_stops_leaves_its_work_to_the_others_at_once(
    shared: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, runs = asyncio.Event(), []

    async def first_waits(_tools: Tools, given: Job) -> None:
        runs.append(given.id)
        if len(runs) == 1:
            begun.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(durable, "HANDLERS", dict.fromkeys(JobKind, first_waits))
    async with shared.database.write() as session:
        job_id = await job.add(session, JobKind.START_TASK, 1, due_at=START, now=START)
    async with shared.working() as workflows:
        await workflows.relay(START)
        await asyncio.wait_for(begun.wait(), 30)
    async with shared.working() as workflows:
        await workflows.relay(START + durable.BEAT)
        await until(lambda: all_done(shared))
    assert runs == [job_id, job_id]
