"""Checks of recipient files survive the death of whoever does them (BLK-3), with the real DBOS."""

import asyncio
from functools import partial
from typing import Any

import psutil
import pytest

from db import checking, recipient
from db.task import BulkTaskRow
from delivery import checking as checks
from delivery import step
from delivery.reading import Reading, read_whole
from delivery.recipient_file.bounds import FileRefused
from delivery.recipient_file.check import ReaderKilled
from delivery.step import Job
from delivery.workflows import WorkerRunsError, Workflows
from domain.errors import Code
from domain.region import Region
from domain.task import TaskStatus
from domain.terms import Terms
from tests import bulk
from tests.console import START
from tests.delivery.durable import HEADER, Bench, all_done, rows, stand_still, until


async def check(bench: Bench, task_id: int) -> None:
    """Have what waits checked to its end."""
    async with bench.working() as workflows:
        await workflows.relay(START)
        await until(lambda: bench.is_checked(task_id))


async def assert_gone(bench: Bench, key: str) -> None:
    with pytest.raises(FileNotFoundError):
        await bench.tools.store.size(key)


async def assert_whole(bench: Bench, task_id: int, count: int) -> None:
    """See that every row became one message."""
    row = await bulk.task_of(bench.database, task_id)
    assert (row.status, row.problem) == (TaskStatus.READY, None)
    assert (row.recipients, row.rejected, row.duplicates) == (count, 0, 0)
    assert (row.rows_seen, row.segments) == (count + 1, count)
    messages = await bulk.messages(bench.database, task_id)
    assert [message.row_number for message in messages] == list(range(2, count + 2))


async def test_files_of_both_regions_are_checked_and_gone_afterwards(bench: Bench) -> None:
    table = [
        HEADER,
        ["13800138000", "A1", "Monday"],
        ["12", "A2", "Monday"],
        ["13800138000", "A1", "Monday"],
        ["13800138001", "see www.example.com", "Monday"],
        ["85266661234", "A3", "Monday"],
        ["13800138002", "A1", "Monday"],
    ]
    far = await bulk.add_parts(bench.database, bench.parts.account_uin, START, Region.GLOBAL)
    near_id, key = await bench.upload(table)
    far_id, _ = await bench.upload(table, far)
    async with bench.working() as workflows:
        assert await workflows.relay(START) == 2
        await until(lambda: bench.is_checked(near_id))
        await until(lambda: bench.is_checked(far_id))
    row = await bulk.task_of(bench.database, near_id)
    assert (row.status, row.recipients, row.rejected, row.duplicates) == (
        TaskStatus.READY,
        2,
        3,
        1,
    )
    async with bench.database.read() as session:
        found = (await session.exec(recipient.row_errors(near_id))).all()
    assert [(error.row, error.code, error.column_name) for error in found] == [
        (3, Code.INVALID, "A (Mobile number)"),
        (4, Code.TAKEN, ""),
        (5, Code.INVALID, "B (Variable 1)"),
        (6, Code.MISMATCH, "A (Mobile number)"),
    ]
    await assert_gone(bench, key)
    (message,) = await bulk.messages(bench.database, far_id)
    assert (message.phone, message.country, message.region) == (
        "+85266661234",
        "HK",
        Region.GLOBAL,
    )
    row = await bulk.task_of(bench.database, far_id)
    assert (row.recipients, row.rejected) == (1, 5)


async def test_a_file_that_is_refused_as_a_whole_leaves_a_draft(bench: Bench) -> None:
    task_id, key = await bench.upload([HEADER[:2], ["13800138000", "A"]])
    await check(bench, task_id)
    row = await bulk.task_of(bench.database, task_id)
    assert (row.status, row.recipients) == (TaskStatus.DRAFT, 0)
    assert row.problem == (
        "the template has 2 variables but the sheet has 1 column beside the number:"
        " fill in the template's own form"
    )
    await assert_gone(bench, key)


async def test_what_was_kept_of_a_file_that_is_refused_later_is_removed(bench: Bench) -> None:
    bench = bench.under(Terms(recipient_rows=6_000))
    task_id, key = await bench.upload(rows(6_001))
    await check(bench, task_id)
    row = await bulk.task_of(bench.database, task_id)
    assert (row.status, row.recipients) == (TaskStatus.DRAFT, 0)
    assert row.problem is not None
    assert row.problem.startswith("the sheet has more than 6,000 recipients")
    assert await bulk.messages(bench.database, task_id) == []
    await assert_gone(bench, key)


async def test_a_file_that_is_lost_and_a_fault_of_ours_are_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, key = await bench.upload(rows(1))
    await bench.tools.store.delete(key)
    await check(bench, lost)
    problem = (await bulk.task_of(bench.database, lost)).problem
    assert problem == "the uploaded file is gone from the store: upload it again"

    async def broken(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(checks, "_store_file", broken)
    monkeypatch.setattr(step, "ATTEMPTS", 2)
    monkeypatch.setattr(step, "FIRST_PAUSE", 0.01)
    ours, _ = await bench.upload(rows(1))
    await check(bench, ours)
    row = await bulk.task_of(bench.database, ours)
    assert (row.status, row.problem) == (
        TaskStatus.DRAFT,
        (
            "the recipients could not be checked, through no fault of theirs: "
            "upload, select or enter them again"
        ),
    )


async def test_a_second_file_replaces_the_first(bench: Bench) -> None:
    task_id, _ = await bench.upload(rows(5))
    async with bench.working() as workflows:
        await workflows.relay(START)
        await until(lambda: bench.is_checked(task_id))
        await assert_whole(bench, task_id, 5)
        await bulk.begin(bench.database, task_id, START, await bench.put(rows(3)))
        await workflows.relay(START)
        await until(lambda: bench.is_checked(task_id))
    await assert_whole(bench, task_id, 3)


async def test_a_check_of_a_task_that_is_cancelled_stops(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = checking.store

    async def cancelled_meanwhile(session: Any, task_id: int, *given: Any, **named: Any) -> bool:
        kept = await store(session, task_id, *given, **named)
        (await session.get(BulkTaskRow, task_id)).status = TaskStatus.CANCELLED
        return kept

    monkeypatch.setattr(checking, "store", cancelled_meanwhile)
    task_id, key = await bench.upload(rows(12_000))
    await check(bench, task_id)
    row = await bulk.task_of(bench.database, task_id)
    assert (row.status, row.rows_seen) == (TaskStatus.CANCELLED, 5_000)
    await assert_gone(bench, key)


async def test_a_reader_that_is_killed_is_followed_by_another_where_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = checking.store
    begun: list[int] = []

    async def kill_first(*given: Any, **named: Any) -> bool:
        if not begun:
            # Servers that other tests share are children of this process, too.
            children = psutil.Process().children()
            (reader,) = [one for one in children if "recipient_file" in " ".join(one.cmdline())]
            reader.kill()
        begun.append(named["before"])
        return await store(*given, **named)

    monkeypatch.setattr(checking, "store", kill_first)
    task_id, _ = await bench.upload(rows(20_000))
    await check(bench, task_id)
    assert begun == [0, 5_000, 10_000, 15_000, 20_000]
    await assert_whole(bench, task_id, 20_000)


@pytest.mark.parametrize(("refusal", "tries"), [(ReaderKilled, 2), (FileRefused, 1)])
async def test_only_a_reader_that_was_killed_is_followed_by_another(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, refusal: type[FileRefused], tries: int
) -> None:
    task_id, _ = await bench.upload(rows(1))
    job_id = (await bulk.task_of(bench.database, task_id)).check_job or 0
    readers = []

    async def dying(*_: object) -> None:
        readers.append(1)
        raise refusal(Code.TOO_LARGE, "too much")

    monkeypatch.setattr(checks, "_store_file", dying)
    job = Job(job_id, task_id)
    reading = await read_whole(partial(checks._read, bench.tools, job))  # noqa: SLF001 - without DBOS
    assert (reading, len(readers)) == (Reading(whole=True, problem="too much"), tries)


async def test_a_worker_that_was_overtaken_does_not_say_how_the_check_ends(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id, key = await bench.upload(rows(7_000))
    asked = asyncio.Event()
    store = checking.store

    async def overtaken(session: Any, task_id: int, *given: Any, **named: Any) -> bool:
        kept = await store(session, task_id, *given, **named)
        assert kept == (not asked.is_set())
        if kept:
            # Another worker keeps the next batch before this one does.
            (await session.get(BulkTaskRow, task_id)).rows_seen = 7_001
            asked.set()
        return kept

    monkeypatch.setattr(checking, "store", overtaken)
    async with bench.working() as workflows:
        await workflows.relay(START)
        await until(lambda: all_done(bench))
    row = await bulk.task_of(bench.database, task_id)
    assert (row.status, row.recipients) == (TaskStatus.CHECKING, 4_999)
    assert await bench.tools.store.size(key)


async def test_a_check_goes_on_after_its_worker_was_stopped(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id, _ = await bench.upload(rows(12_000))
    with monkeypatch.context() as patch:
        stands = stand_still(patch, after=2)
        async with bench.working() as workflows:
            await workflows.relay(START)
            await asyncio.wait_for(stands.wait(), 30)
    assert (await bulk.task_of(bench.database, task_id)).rows_seen == 10_000
    async with bench.working():
        await until(lambda: bench.is_checked(task_id))
    await assert_whole(bench, task_id, 12_000)


async def test_a_check_goes_on_after_its_worker_was_killed(bench: Bench) -> None:
    task_id, _ = await bench.upload(rows(12_000))
    worker = await bench.standing_worker(after=1)
    with pytest.raises(WorkerRunsError, match="use PostgreSQL, which takes several"):
        await Workflows(bench.tools).start()
    worker.kill()
    await worker.wait()
    assert (await bulk.task_of(bench.database, task_id)).rows_seen == 5_000
    async with bench.working():
        await until(lambda: bench.is_checked(task_id))
    await assert_whole(bench, task_id, 12_000)
