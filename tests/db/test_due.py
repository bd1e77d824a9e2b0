"""Tasks that come due: begun, failed for what has gone, or put off (BLK-6, URL-2)."""

from datetime import timedelta
from typing import Any

import pytest

from db import settlement, task
from db.application import ApplicationRow
from db.job import JobKind
from db.session import Database
from db.short_url import ShortUrlRow, ShortUrlTemplateRow
from db.signature import SignatureRow
from db.template import TemplateRow
from domain import consent as rules
from domain.region import Region, SmsType
from domain.task import TaskStatus
from tests import bulk
from tests.bulk import Parts
from tests.console import START
from tests.settling import TERMS, UIN, consent, ready, used_today


@pytest.fixture
async def parts(database: Database) -> Parts:
    """An account with what a Mainland task needs, and 100 units."""
    await bulk.add_account(database, START)
    await bulk.grant(database, UIN, 100, START)
    return await bulk.add_parts(database, UIN, START)


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
