"""Bulk tasks on both databases: who finds them, how they are listed, how they go (BLK-7)."""

from datetime import timedelta

import pytest
from sqlmodel import select

from db import recipient, settlement, task
from db.session import Database
from db.task import BulkTaskRow, Listing
from domain.errors import Refused
from domain.region import Region
from domain.task import TaskStatus
from domain.terms import Terms
from tests import bulk
from tests.bulk import Parts
from tests.console import START

UIN = 12_345_678


@pytest.fixture
async def parts(database: Database) -> Parts:
    """An account with what a Mainland task needs, and 100 units."""
    await bulk.add_account(database, START)
    await bulk.grant(database, UIN, 100, START)
    return await bulk.add_parts(database, UIN, START)


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


async def test_drafts_are_deleted_with_all_they_hold_and_others_are_not(
    database: Database, parts: Parts
) -> None:
    task_id = await bulk.add_task(database, parts, START)
    sending = await bulk.add_task(database, parts, START)
    for made in (task_id, sending):
        await bulk.make_ready(database, made, START)
    async with database.write() as session:
        row = await task.changing(session, UIN, sending)
        await settlement.consent_to(session, row, START, Terms())
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
