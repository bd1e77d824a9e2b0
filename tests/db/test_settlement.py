"""What a task takes and gives back, on both databases (BLK-5, BLK-6, BLK-9, BLK-10, PKG-4)."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from db import quota, settlement, task
from db.application import ApplicationRow
from db.job import JobKind
from db.message import MessageRow
from db.quota import QuotaRow
from db.session import Database
from db.short_url import ShortUrlRow, ShortUrlTemplateRow
from db.signature import SignatureRow
from db.task import BulkTaskRow
from db.template import TemplateRow
from domain import consent as rules
from domain.errors import Code, Refused
from domain.message import MessageStatus
from domain.region import IdentityKind, Region, SmsType
from domain.task import TaskStatus
from domain.terms import Terms
from tests import bulk
from tests.bulk import Parts
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


@pytest.mark.parametrize("region", list(Region))
@pytest.mark.parametrize(
    "kinds", [["application"], ["template"], ["signature"], ["application", "template"]]
)
async def test_a_task_that_lost_a_part_fails_at_its_time_and_gives_all_back(
    database: Database, parts: Parts, region: Region, kinds: list[str]
) -> None:
    made = await bulk.add_parts(database, UIN, START, region) if region is Region.GLOBAL else parts
    due = START + timedelta(hours=3)
    task_id = await ready(database, made, 5, scheduled_at=due)
    await consent(database, task_id)
    assert (await bulk.task_of(database, task_id)).status is TaskStatus.SCHEDULED
    rows: dict[str, Any] = {
        "application": (ApplicationRow, made.app_id, "name"),
        "template": (TemplateRow, made.template_id, "name"),
        "signature": (SignatureRow, made.signature_id, "content"),
    }
    named = []
    async with database.write() as session:
        for kind, (table, key, name) in [(kind, rows[kind]) for kind in kinds]:
            part = await session.get_one(table, key)
            part.deleted_at = START
            named.append(f'{kind} "{getattr(part, name)}"')
    async with database.write() as session:
        await settlement.come_due(session, task_id, due)
    row = await bulk.task_of(database, task_id)
    verb = "were" if len(kinds) > 1 else "was"
    assert row.problem == (
        f"{' and '.join(named)} {verb} deleted before the scheduled time: create another task"
    )
    assert (row.status, row.started_at, row.finished_at) == (TaskStatus.FAILED, None, due)
    assert (row.settled_at, row.reserved_units, row.fee_micros) == (due, 0, 0)
    assert await bulk.balance(database, UIN, START) == 100
    assert await used_today(database) == 0


async def hold_short_url(database: Database, parts: Parts, **changes: Any) -> str:
    """Have the task's template hold a short URL; gives its address."""
    columns = {"expires_at": START + timedelta(days=90), **changes}
    async with database.write() as session:
        row = ShortUrlRow(
            account_uin=UIN,
            name="Sale",
            base="https://s.example.com",
            code="abcdefgh",
            target="https://example.com",
            created_at=START,
            **columns,
        )
        session.add(row)
        await session.flush()
        session.add(
            ShortUrlTemplateRow(
                short_url_id=row.id, template_id=parts.template_id, region=parts.region
            )
        )
    return "https://s.example.com/s/abcdefgh"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"expires_at": START + timedelta(hours=3)}, "expires on 2026-03-02 at 05:00 UTC"),
        ({"deleted_at": START}, "was deleted"),
    ],
)
async def test_a_task_whose_short_url_is_dead_at_its_time_fails_and_gives_all_back(
    database: Database, parts: Parts, changes: dict[str, Any], fault: str
) -> None:
    """URL-2: nobody is sent a link that leads nowhere, and the blocker said so before."""
    due = START + timedelta(hours=3)
    task_id = await ready(database, parts, 5, scheduled_at=due)
    await consent(database, task_id)
    url = await hold_short_url(database, parts, **changes)
    message = (
        f'the template\'s short URL "{url}" {fault}, before the task is sent: '
        "put a new short URL into the template, or choose another template"
    )
    async with database.read() as session:
        other = await task.owned(session, UIN, await ready(database, parts, scheduled_at=due))
        assert other is not None
        (standing,) = await settlement.standings(session, [other], START, TERMS)
    assert [found.message for found in rules.blockers(standing, START, TERMS)] == [message]
    async with database.write() as session:
        await settlement.come_due(session, task_id, due)
    row = await bulk.task_of(database, task_id)
    assert (row.status, row.started_at, row.problem) == (TaskStatus.FAILED, None, message)
    assert (row.settled_at, row.reserved_units) == (due, 0)
    assert await bulk.balance(database, UIN, START) == 100


async def test_a_task_whose_short_url_works_at_its_time_begins(
    database: Database, parts: Parts
) -> None:
    due = START + timedelta(hours=3)
    await hold_short_url(database, parts, expires_at=due + timedelta(seconds=1))
    task_id = await ready(database, parts, scheduled_at=due)
    await consent(database, task_id)
    async with database.write() as session:
        await settlement.come_due(session, task_id, due)
    assert (await bulk.task_of(database, task_id)).status is TaskStatus.SENDING


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
        standings = await settlement.standings(session, rows, START, TERMS)
    found = dict(zip([row.id for row in rows], standings, strict=True))
    assert (found[near].recipients, found[near].segments) == (3, 6)
    assert {standing.balance for standing in found.values()} == {100}
    assert {standing.left_today for standing in found.values()} == {995}
    assert {standing.kind for standing in found.values()} == {IdentityKind.ORGANIZATION}
    assert (found[there].has_signature, found[bare].has_signature) == (True, False)
    assert found[bare].signature is None
