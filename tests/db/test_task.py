"""Bulk tasks on both databases: what is listed, checked, taken and returned (BLK)."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db import checking, quota, recipient, settlement, task
from db.job import JobKind
from db.message import MessageRow
from db.quota import QuotaRow
from db.session import Database
from db.task import BulkTaskRow, Listing, RowErrorRow
from domain.errors import Code, Refused
from domain.message import MessageStatus
from domain.region import IdentityKind, Region, SmsType
from domain.task import TaskStatus
from domain.terms import Terms
from tests import bulk
from tests.bulk import Found, Parts
from tests.console import START

UIN = 12_345_678
TERMS = Terms()
TODAY = "2026-03-02"


@pytest.fixture
async def parts(database: Database) -> Parts:
    """An account with what a Mainland task needs, and 100 units."""
    await bulk.add_account(database, START)
    await bulk.grant(database, UIN, 100, START)
    return await bulk.add_parts(database, UIN, START)


async def consent(
    database: Database, task_id: int, now: datetime = START, terms: Terms = TERMS
) -> None:
    async with database.write() as session:
        row = await task.changing(session, UIN, task_id)
        await settlement.consent_to(session, row, now, terms)


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


async def ready(database: Database, parts: Parts, count: int = 3, **changes: Any) -> int:
    task_id = await bulk.add_task(database, parts, START, **changes)
    await bulk.make_ready(database, task_id, START, bulk.found(count, segments=2))
    return task_id


async def used_today(database: Database, day: str = TODAY) -> int:
    async with database.read() as session:
        return await quota.used(session, UIN, settlement.daily_quota(TERMS), day)


async def test_only_the_owner_finds_a_task(database: Database, parts: Parts) -> None:
    task_id = await bulk.add_task(database, parts, START)
    async with database.read() as session:
        assert await task.app_of(session, UIN, task_id) == parts.app_id
        assert await task.app_of(session, UIN + 1, task_id) is None
        assert await task.owned(session, UIN + 1, task_id) is None
    async with database.write() as session:
        with pytest.raises(Refused, match="there is no such bulk task"):
            await task.changing(session, UIN + 1, task_id)


async def test_lists_are_newest_first_and_narrowed_by_each_condition(
    database: Database, parts: Parts
) -> None:
    far = await bulk.add_parts(database, UIN, START, Region.GLOBAL)
    first = await bulk.add_task(database, parts, START, name="Spring_1")
    second = await bulk.add_task(database, far, START + timedelta(1), status=TaskStatus.SENT)
    third = await bulk.add_task(database, parts, START + timedelta(2), name="Spring 2")

    async def listed(**conditions: object) -> list[int]:
        listing = Listing(UIN, **conditions)  # type: ignore[arg-type]  # each test names its own
        async with database.read() as session:
            rows = (await task.page(session, listing, first=10, after=None)).rows
            assert await task.count(session, listing) == len(rows)
        return [row.id for row in rows]

    assert await listed() == [third, second, first]
    assert await listed(region=Region.GLOBAL) == [second]
    assert await listed(statuses=[TaskStatus.DRAFT]) == [third, first]
    assert await listed(statuses=[TaskStatus.DRAFT, TaskStatus.SENT]) == [third, second, first]
    assert await listed(app_id=far.app_id) == [second]
    assert await listed(template_id=parts.template_id) == [third, first]
    assert await listed(search="spring_") == [first]
    assert await listed(created_from=START + timedelta(1)) == [third, second]
    assert await listed(created_until=START + timedelta(1)) == [first]
    async with database.read() as session:
        page = await task.page(session, Listing(UIN), first=1, after=None)
        assert (page.rows[0].id, page.has_next) == (third, True)
        after = (page.rows[0].created_at, third)
        page = await task.page(session, Listing(UIN), first=2, after=after)
        assert ([row.id for row in page.rows], page.has_next) == ([second, first], False)
        assert await task.count(session, Listing(UIN + 1)) == 0


async def test_a_batch_becomes_messages_row_errors_and_counts(
    database: Database, parts: Parts
) -> None:
    task_id = await bulk.add_task(database, parts, START)
    job_id = await bulk.begin(database, task_id, START)
    batch = Found(
        [(2, "+8613800138000", "CN", ["A1", "Monday"], 71, 2)],
        [
            (5, "B (Name)", "TOO_LONG", "x" * 300, "variable {1} is too long"),
            (3, "A (Mobile)", "INVALID", "12", "no number"),
            (5, "A (Mobile)", "INVALID", "13", "no number"),
        ],
        [(4, 2)],
    )
    assert await bulk.store(database, task_id, job_id, batch, 0, 5)
    row = await bulk.task_of(database, task_id)
    assert (row.status, row.rows_seen, row.rows_total) == (TaskStatus.CHECKING, 5, 5)
    assert (row.recipients, row.rejected, row.duplicates) == (1, 2, 1)
    assert (row.segments, row.characters) == (2, 71)
    (message,) = await bulk.messages(database, task_id)
    assert (message.phone, message.country, message.params) == (
        "+8613800138000",
        "CN",
        '["A1","Monday"]',
    )
    assert (message.row_number, message.state) == (2, MessageStatus.QUEUED)
    assert (message.app_id, message.template_id) == (parts.app_id, parts.template_id)
    async with database.read() as session:
        query = select(RowErrorRow).order_by(col(RowErrorRow.row), col(RowErrorRow.id))
        errors = (await session.exec(query)).all()
    assert [(found.row, found.code) for found in errors] == [
        (3, Code.INVALID),
        (4, Code.TAKEN),
        (5, Code.TOO_LONG),
        (5, Code.INVALID),
    ]
    assert errors[1].message == "row 4 repeats row 2, number and content: it is sent once"
    assert len(errors[2].value) == 200


async def test_of_two_runs_of_one_check_the_second_writes_nothing(
    database: Database, parts: Parts
) -> None:
    task_id = await bulk.add_task(database, parts, START)
    job_id = await bulk.begin(database, task_id, START)
    written = await asyncio.gather(
        *(bulk.store(database, task_id, job_id, bulk.found(3), 0, 4) for _ in range(4))
    )
    assert sum(written) == 1
    assert not await bulk.store(database, task_id, job_id + 1, bulk.found(3), 4, 7)
    assert len(await bulk.messages(database, task_id)) == 3
    # One that was overtaken does not clear what the other has written, either.
    async with database.write() as session:
        assert await checking.clear(session, task_id, job_id) == 0


async def test_a_check_ends_ready_or_back_in_draft(database: Database, parts: Parts) -> None:
    good, bad, broken = [await bulk.add_task(database, parts, START) for _ in range(3)]
    await bulk.make_ready(database, good, START)
    await bulk.make_ready(database, bad, START, Found(errors=[(2, "A", "INVALID", "", "no")]))
    job_id = await bulk.begin(database, broken, START)
    await bulk.store(database, broken, job_id, bulk.found(2), 0, 3)
    async with database.write() as session:
        await checking.finish(session, broken, job_id, "the workbook is damaged")
    assert (await bulk.task_of(database, good)).status is TaskStatus.READY
    row = await bulk.task_of(database, bad)
    assert (row.status, row.rejected) == (TaskStatus.DRAFT, 1)
    assert row.problem == (
        "no row of the file can be sent to: see the row errors and upload it again"
    )
    row = await bulk.task_of(database, broken)
    assert (row.status, row.problem) == (TaskStatus.DRAFT, "the workbook is damaged")
    assert (row.recipients, row.segments, row.characters) == (0, 0, 0)
    async with database.write() as session:
        assert await checking.discard(session, broken, job_id) == 2
        assert await checking.discard(session, broken, job_id) == 0
        assert await checking.discard(session, good, (await row_of(session, good))) == 0
    assert await bulk.messages(database, broken) == []


async def row_of(session: AsyncSession, task_id: int) -> int:
    row = await task.held(session, task_id)
    assert row is not None
    return row.check_job or 0


async def test_a_new_file_replaces_the_old_in_bounded_steps(
    database: Database, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipient, "ERASED_AT_ONCE", 2)
    task_id = await bulk.add_task(database, parts, START)
    batch = Found(bulk.found(3).recipients, [(9, "A", "INVALID", "", "no")])
    await bulk.make_ready(database, task_id, START, batch)
    old = await bulk.task_of(database, task_id)
    job_id = await bulk.begin(database, task_id, START, "recipients/cd/" + "1" * 32)
    row = await bulk.task_of(database, task_id)
    assert (row.recipients, row.rejected, row.segments, row.rows_seen) == (0, 0, 0, 0)
    erased = []
    while True:
        async with database.write() as session:
            assert await checking.clear(session, task_id, old.check_job or 0) == 0
            erased.append(await checking.clear(session, task_id, job_id))
        if not erased[-1]:
            break
    assert erased == [2, 1, 1, 0]
    assert await bulk.messages(database, task_id) == []


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


async def test_a_scheduled_task_is_paid_for_and_cancelling_returns_all(
    database: Database, parts: Parts
) -> None:
    due = START + timedelta(hours=3)
    task_id = await ready(database, parts, 5, scheduled_at=due)
    await consent(database, task_id)
    row = await bulk.task_of(database, task_id)
    assert (row.status, row.started_at) == (TaskStatus.SCHEDULED, None)
    (_, starting) = await bulk.open_jobs(database, due)
    assert (starting.kind, starting.subject_id, starting.due_at) == (
        JobKind.START_TASK,
        task_id,
        due,
    )
    async with database.write() as session:
        await settlement.cancel(session, await task.changing(session, UIN, task_id), START)
    assert await bulk.balance(database, UIN, START) == 100
    assert len(await bulk.open_jobs(database, due)) == 1
    async with database.write() as session:
        await settlement.come_due(session, task_id, due)
    row = await bulk.task_of(database, task_id)
    assert (row.status, row.reserved_units) == (TaskStatus.CANCELLED, 0)


async def test_a_task_that_comes_due_begins_once(database: Database, parts: Parts) -> None:
    due = START + timedelta(hours=3)
    task_id = await ready(database, parts, scheduled_at=due)
    await consent(database, task_id)
    for late in (timedelta(), timedelta(minutes=5)):
        async with database.write() as session:
            await settlement.come_due(session, task_id, due + late)
    row = await bulk.task_of(database, task_id)
    assert (row.status, row.started_at) == (TaskStatus.SENDING, due)


async def test_marketing_that_comes_due_too_late_waits_for_the_morning(
    database: Database, parts: Parts
) -> None:
    selling = await bulk.add_parts(database, UIN, START, sms_type=SmsType.MARKETING)
    due = START + timedelta(hours=11)  # 21:00 in Shanghai
    task_id = await ready(database, selling, scheduled_at=due, sms_type=SmsType.MARKETING)
    await consent(database, task_id)
    night, morning = due + timedelta(hours=1), due + timedelta(hours=11)
    async with database.write() as session:
        await settlement.come_due(session, task_id, night)
    assert (await bulk.task_of(database, task_id)).status is TaskStatus.SCHEDULED
    jobs = await bulk.open_jobs(database, morning)
    assert [found.due_at for found in jobs if found.kind is JobKind.START_TASK] == [due, morning]
    async with database.write() as session:
        await settlement.come_due(session, task_id, morning)
    assert (await bulk.task_of(database, task_id)).started_at == morning


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
        found = dict(
            zip(
                [row.id for row in rows],
                await settlement.standings(session, rows, START, TERMS),
                strict=True,
            )
        )
    assert (found[near].recipients, found[near].segments) == (3, 6)
    assert {standing.balance for standing in found.values()} == {100}
    assert {standing.left_today for standing in found.values()} == {995}
    assert {standing.kind for standing in found.values()} == {IdentityKind.ORGANIZATION}
    assert (found[there].has_signature, found[bare].has_signature) == (True, False)
    assert found[bare].signature is None


async def test_drafts_are_deleted_with_all_they_hold_and_others_are_not(
    database: Database, parts: Parts
) -> None:
    task_id, sending = await ready(database, parts), await ready(database, parts)
    await consent(database, sending)
    async with database.write() as session:
        await task.remove(session, await task.changing(session, UIN, task_id), START)
    async with database.read() as session:
        assert await task.owned(session, UIN, task_id) is None
        assert await task.app_of(session, UIN, task_id) is None
    with pytest.raises(Refused, match="task is sending and cannot be deleted"):
        async with database.write() as session:
            await task.remove(session, await task.changing(session, UIN, sending), START)
    while True:
        async with database.write() as session:
            if not await recipient.erase(session, task_id):
                break
    async with database.write() as session:
        await task.purge(session, task_id)
        await task.purge(session, sending)
    async with database.read() as session:
        left = (await session.exec(select(BulkTaskRow.id))).all()
    assert left == [sending]
    assert len(await bulk.messages(database, sending)) == 3
