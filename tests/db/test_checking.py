"""What a check commits, on both databases: every row once, whoever dies or comes twice (BLK-3)."""

import asyncio

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import checking, recipient, task
from db.session import Database
from db.task import RowErrorRow
from domain.errors import Code
from domain.message import MessageStatus
from domain.task import TaskStatus
from tests import bulk
from tests.bulk import Found, Parts
from tests.console import START

UIN = 12_345_678


@pytest.fixture
async def parts(database: Database) -> Parts:
    """An account with what a Mainland task needs, and 100 units."""
    await bulk.add_account(database, START)
    await bulk.grant(database, UIN, 100, START)
    return await bulk.add_parts(database, UIN, START)


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
        [(4, 2, "+8613800138000")],
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
    assert errors[1].value == "+8613800138000"
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
