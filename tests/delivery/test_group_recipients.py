"""Filling tasks from groups and from numbers, with the real DBOS (BLK-11, CUS-5)."""

import asyncio
import tracemalloc
from typing import Any

import pytest
from sqlmodel import func, select

from db import checking, customer_group, group_recipient, recipient, task_group
from db.task import BulkTaskRow
from db.task_number import TaskNumberRow
from delivery import group_recipients
from delivery.step import Job
from domain.errors import Code
from domain.task import TaskStatus
from domain.terms import Terms
from tests import bulk, filling
from tests.console import START
from tests.delivery.durable import Bench, all_done, stand_still, until


async def group(bench: Bench, count: int, first: int = 0, name: str = "Regulars") -> int:
    phones = filling.phones(count, first)
    return await filling.add_group(bench.database, bench.parts.account_uin, phones, START, name)


async def fill(bench: Bench, task_id: int) -> BulkTaskRow:
    """Have what waits checked to its end."""
    async with bench.working() as workflows:
        await workflows.relay(START)
        await until(lambda: bench.is_checked(task_id))
        await until(lambda: all_done(bench))
    return await bulk.task_of(bench.database, task_id)


async def remembered(bench: Bench) -> int:
    async with bench.database.read() as session:
        return (await session.exec(select(func.count()).select_from(TaskNumberRow))).one()


async def errors(bench: Bench, task_id: int) -> list[tuple[int, str, str, str]]:
    async with bench.database.read() as session:
        found = (await session.exec(recipient.row_errors(task_id))).all()
    return [(each.row, each.code, each.value, each.message.partition(":")[0]) for each in found]


async def test_a_task_is_filled_from_two_groups(bench: Bench) -> None:
    first = await group(bench, 3, name="First")
    second = await group(bench, 3, 2, name="Second")
    row = await fill(bench, await bench.select(first, second))
    assert (row.status, row.problem, row.file_key) == (TaskStatus.READY, None, None)
    assert (row.recipients, row.rejected, row.duplicates) == (5, 0, 1)
    assert (row.rows_seen, row.rows_total, row.segments) == (6, 6, 5)
    found = await bulk.messages(bench.database, row.id)
    assert [one.phone for one in found] == filling.phones(5)
    assert [one.row_number for one in found] == [1, 2, 3, 5, 6]
    assert await errors(bench, row.id) == [
        (4, Code.TAKEN, filling.phones(3)[2], "row 4 repeats row 3, number and content")
    ]
    assert await remembered(bench) == 0


async def test_a_copy_goes_on_after_its_worker_was_killed(bench: Bench) -> None:
    first, second = await group(bench, 7_000), await group(bench, 6_000, 5_000, "Others")
    task_id = await bench.select(first, second)
    worker = await bench.standing_worker(after=3)
    worker.kill()
    await worker.wait()
    row = await bulk.task_of(bench.database, task_id)
    assert (row.status, row.rows_seen, row.rows_total) == (TaskStatus.CHECKING, 12_000, 13_000)
    async with bench.working():
        await until(lambda: bench.is_checked(task_id))
        await until(lambda: all_done(bench))
    row = await bulk.task_of(bench.database, task_id)
    assert (row.status, row.recipients, row.duplicates) == (TaskStatus.READY, 11_000, 2_000)
    found = await bulk.messages(bench.database, task_id)
    assert [one.phone for one in found] == filling.phones(11_000)
    async with bench.database.read() as session:
        groups = await task_group.of(session, [task_id])
    assert [(one.members, one.is_whole) for one in groups] == [(7_000, True), (6_000, True)]
    assert await remembered(bench) == 0


async def test_a_copy_that_was_overtaken_stops(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_recipients, "MEMBERS_AT_ONCE", 2)
    store, begun = group_recipient.store, []

    async def overtaken(session: Any, *given: Any, **named: Any) -> bool:
        kept = await store(session, *given, **named)
        begun.append((named["before"], kept))
        (await session.get(BulkTaskRow, task_id)).rows_seen = 4
        return kept

    monkeypatch.setattr(group_recipient, "store", overtaken)
    task_id = await bench.select(await group(bench, 5), await group(bench, 5, 5, "Others"))
    async with bench.working() as workflows:
        await workflows.relay(START)
        await until(lambda: all_done(bench))
    assert begun == [(0, True), (2, False)]
    assert (await bulk.task_of(bench.database, task_id)).status is TaskStatus.CHECKING


async def test_a_stopped_worker_leaves_a_copy_to_the_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_recipients, "MEMBERS_AT_ONCE", 4)
    task_id = await bench.select(await group(bench, 4), await group(bench, 5, 4, "Others"))
    with monkeypatch.context() as patch:
        stands = stand_still(patch, after=2)
        async with bench.working() as workflows:
            await workflows.relay(START)
            await asyncio.wait_for(stands.wait(), 30)
    assert (await bulk.task_of(bench.database, task_id)).rows_seen == 4
    row = await fill(bench, task_id)
    assert (row.status, row.recipients, row.rows_seen) == (TaskStatus.READY, 9, 9)


async def test_a_group_that_is_deleted_on_the_way_leaves_a_draft(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_recipients, "MEMBERS_AT_ONCE", 2)
    store = group_recipient.store
    group_id = await group(bench, 5, name="VIP")
    owner = bench.parts.account_uin

    async def deleted(session: Any, *given: Any, **named: Any) -> bool:
        if named["before"]:
            await customer_group.remove(session, owner, group_id, START)
        return await store(session, *given, **named)

    monkeypatch.setattr(group_recipient, "store", deleted)
    row = await fill(bench, await bench.select(group_id))
    assert (row.status, row.recipients, row.segments) == (TaskStatus.DRAFT, 0, 0)
    assert row.problem == (
        'customer group "VIP" was deleted while its members were copied: select the groups again'
    )
    assert await bulk.messages(bench.database, row.id) == []
    assert await remembered(bench) == 0


async def test_groups_that_grow_beyond_what_a_task_reaches_are_refused(bench: Bench) -> None:
    bench = bench.under(Terms(recipient_rows=5))
    row = await fill(bench, await bench.select(await group(bench, 5)))
    assert (row.status, row.recipients) == (TaskStatus.READY, 5)
    row = await fill(bench, await bench.select(await group(bench, 6, name="More")))
    assert (row.status, row.problem) == (
        TaskStatus.DRAFT,
        (
            "the groups have more than 5 members: a task reaches 5 at most, so select fewer groups "
            "and send two tasks"
        ),
    )


async def test_groups_nobody_of_whom_can_be_sent_to_leave_a_draft(bench: Bench) -> None:
    row = await fill(bench, await bench.select(await group(bench, 0)))
    assert (row.status, row.problem) == (
        TaskStatus.DRAFT,
        "the groups have no members: add customers to them, or select other groups",
    )
    owner = bench.parts.account_uin
    abroad = await filling.add_group(bench.database, owner, ["+85266661234"], START, "Abroad")
    row = await fill(bench, await bench.select(abroad))
    assert (row.status, row.rejected, row.problem) == (
        TaskStatus.DRAFT,
        1,
        "no member of the groups can be sent to: see the row errors and select other groups",
    )


async def test_a_text_that_is_too_long_with_its_signature_is_refused(bench: Bench) -> None:
    row = await fill(bench, await bench.select(await group(bench, 1), content="x" * 499))
    assert row.status is TaskStatus.DRAFT
    assert row.problem is not None
    assert row.problem.startswith("text has ")


async def test_numbers_are_checked_like_a_file(bench: Bench) -> None:
    numbers = ("13800138000", "12", "+86 138 0013 8000", "85266661234", "13900139000")
    task_id = await bench.enter(*numbers)
    key = (await bulk.task_of(bench.database, task_id)).file_key
    row = await fill(bench, task_id)
    assert (row.status, row.recipients, row.rejected, row.duplicates) == (TaskStatus.READY, 2, 2, 1)
    assert (row.rows_seen, row.rows_total, row.file_key) == (5, 5, None)
    found = await bulk.messages(bench.database, task_id)
    assert [(one.row_number, one.phone, one.params, one.segments) for one in found] == [
        (1, "+8613800138000", "[]", 1),
        (5, "+8613900139000", "[]", 1),
    ]
    assert [each[:3] for each in await errors(bench, task_id)] == [
        (2, Code.INVALID, "12"),
        (3, Code.TAKEN, "+8613800138000"),
        (4, Code.MISMATCH, "85266661234"),
    ]
    with pytest.raises(FileNotFoundError):
        await bench.tools.store.size(key or "")


async def test_numbers_that_are_all_wrong_or_lost_leave_a_draft(bench: Bench) -> None:
    row = await fill(bench, await bench.enter("12"))
    assert (row.status, row.problem) == (
        TaskStatus.DRAFT,
        "none of the numbers can be sent to: see the row errors and enter them again",
    )
    lost = await bench.enter("13800138000")
    await bench.tools.store.delete((await bulk.task_of(bench.database, lost)).file_key or "")
    row = await fill(bench, lost)
    assert row.problem == "the numbers are gone from the store: enter them again"


async def test_a_copy_holds_one_batch_however_many_members_there_are(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_recipients, "MEMBERS_AT_ONCE", 500)
    peaks = []
    for size, name in ((1_000, "Few"), (10_000, "Many")):
        task_id = await bench.select(await group(bench, size, name=name))
        row = await bulk.task_of(bench.database, task_id)
        async with bench.database.read() as session:
            work = await checking.work(session, task_id, row.check_job or 0)
        assert work is not None
        tracemalloc.start()
        job = Job(row.check_job or 0, task_id)
        assert await group_recipients.store_members(bench.tools, job, work)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
