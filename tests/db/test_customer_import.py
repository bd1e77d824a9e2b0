"""Imports of customers in storage: fenced, counted, bounded (CUS-1)."""

import pytest
from sqlmodel import col, select, update

from db import customer_group, customer_import, quota
from db.customer_import import CustomerImportErrorRow, CustomerImportRow
from db.job import JobKind
from db.quota import QuotaRow
from db.session import Database
from domain.customer_import import KEPT, ROW_ERRORS_KEPT, ImportStatus
from domain.errors import Code, Refused
from domain.quota import CUSTOMER_IMPORTS, CUSTOMERS
from tests import bulk
from tests.console import START as NOW
from tests.console import Statements
from tests.customers import (
    KEY,
    Found,
    add_group,
    assert_counted,
    begin_import,
    contacts,
    found,
    import_of,
    members,
    store,
)


@pytest.fixture
async def owner(database: Database) -> int:
    return (await bulk.add_account(database, NOW)).uin


@pytest.fixture
async def group(database: Database, owner: int) -> int:
    return await add_group(database, owner, members=contacts(2))


async def finish(database: Database, import_id: int, problem: str | None = None) -> None:
    async with database.write() as session:
        await customer_import.finish(session, import_id, problem, NOW)
        await customer_import.forget_file(session, import_id)


def errors(count: int, first: int = 2) -> Found:
    rows = range(first, first + count)
    return Found(errors=[(row, "A", Code.INVALID, "x" * 300, "no number") for row in rows])


async def kept_errors(database: Database, import_id: int) -> list[CustomerImportErrorRow]:
    async with database.read() as session:
        query = customer_import.row_errors(import_id).order_by(col(CustomerImportErrorRow.id))
        return list((await session.exec(query)).all())


async def test_an_import_counts_each_row_once(database: Database, owner: int, group: int) -> None:
    import_id = await begin_import(database, owner, group)
    (job,) = await bulk.open_jobs(database, NOW)
    assert (job.kind, job.subject_id) == (JobKind.IMPORT_CUSTOMERS, import_id)
    first = Found(
        found(5).recipients,
        [(9, "A (Mobile number)", Code.INVALID, "12", "mobile number is wrong")],
        [(7, 2, contacts(1)[0].phone), (8, 2, contacts(1)[0].phone)],
    )
    assert await store(database, import_id, first, 0, 9)
    assert await store(database, import_id, found(1, 5), 9, 10)
    await finish(database, import_id)
    row = await import_of(database, import_id)
    assert (row.status, row.problem, row.finished_at) == (ImportStatus.DONE, None, NOW)
    assert (row.added, row.members, row.duplicates, row.rejected) == (4, 2, 2, 1)
    assert (row.rows_seen, row.rows_total, row.file_key) == (10, 10, None)
    assert await members(database, group) == [each.phone for each in contacts(6)]
    (error,) = await kept_errors(database, import_id)
    assert (error.row, error.column_name, error.code) == (9, "A (Mobile number)", Code.INVALID)
    await assert_counted(database, owner)


async def test_a_worker_that_was_overtaken_writes_nothing(
    database: Database, owner: int, group: int
) -> None:
    import_id = await begin_import(database, owner, group)
    assert await store(database, import_id, found(3), 0, 4)
    assert not await store(database, import_id, found(3), 0, 4)
    assert not await store(database, import_id, found(3, 20), 5, 8)
    async with database.read() as session:
        work = await customer_import.work(session, import_id)
        assert await customer_import.file_of(session, import_id) is None
    assert work == customer_import.Work(KEY, 4)
    await finish(database, import_id, "the group is full")
    assert not await store(database, import_id, found(3, 20), 4, 8)
    await finish(database, import_id)
    row = await import_of(database, import_id)
    assert (row.status, row.problem, row.added) == (ImportStatus.FAILED, "the group is full", 1)
    assert len(await members(database, group)) == 3
    async with database.read() as session:
        assert await customer_import.work(session, import_id) is None
        assert await customer_import.work(session, 999) is None
    assert not await store(database, 999, found(1), 0, 1)


async def test_a_batch_takes_the_same_statements_however_large(
    database: Database, owner: int, group: int
) -> None:
    import_id = await begin_import(database, owner, group)
    lengths, seen = [], 0
    for number in (1, 2_000):
        with Statements(database) as run:
            assert await store(database, import_id, found(number, 10 + seen), seen, seen + number)
        lengths.append(len(run))
        seen += number
    assert lengths[0] == lengths[1] <= 8


async def test_a_group_that_is_deleted_meanwhile_ends_the_import(
    database: Database, owner: int, group: int
) -> None:
    import_id = await begin_import(database, owner, group)
    assert await store(database, import_id, found(3), 0, 4)
    async with database.write() as session:
        await customer_group.remove(session, owner, group, NOW)
    with pytest.raises(Refused) as refused:
        await store(database, import_id, found(3, 3), 4, 7)
    assert str(refused.value) == (
        "the customer group was deleted while the form was read: import it into another"
    )
    assert len(await members(database, group)) == 3
    async with database.read() as session:
        assert await quota.used(session, owner, CUSTOMERS) == 0


async def test_an_account_that_is_full_takes_no_batch_beyond(
    database: Database, owner: int, group: int
) -> None:
    import_id = await begin_import(database, owner, group)
    async with database.write() as session:
        used = update(QuotaRow).where(col(QuotaRow.name) == "CUSTOMERS")
        await session.exec(used.values(used=CUSTOMERS.limit - 3))
    with pytest.raises(Refused, match="at most 5000000 customers in an account, and 4 more"):
        await store(database, import_id, found(6), 0, 7)
    row = await import_of(database, import_id)
    assert (row.rows_seen, row.added, len(await members(database, group))) == (0, 0, 2)
    assert await store(database, import_id, found(5), 0, 7)
    async with database.read() as session:
        assert await quota.used(session, owner, CUSTOMERS) == CUSTOMERS.limit


async def test_ten_thousand_rows_that_are_left_out_are_kept_to_be_looked_at(
    database: Database, owner: int, group: int
) -> None:
    import_id = await begin_import(database, owner, group)
    almost = ROW_ERRORS_KEPT - 2
    assert await store(database, import_id, errors(almost), 0, almost + 1)
    assert await store(database, import_id, errors(5, almost + 2), almost + 1, almost + 6)
    assert await store(database, import_id, errors(5, almost + 7), almost + 6, almost + 11)
    row = await import_of(database, import_id)
    assert row.rejected == almost + 10
    kept = await kept_errors(database, import_id)
    assert [error.row for error in kept] == list(range(2, ROW_ERRORS_KEPT + 2))
    assert {len(error.value) for error in kept} == {200}


async def test_a_few_imports_run_at_a_time(database: Database, owner: int, group: int) -> None:
    running = [await begin_import(database, owner, group) for _ in range(CUSTOMER_IMPORTS.limit)]
    with pytest.raises(Refused) as refused:
        await begin_import(database, owner, group)
    (problem,) = refused.value.problems
    assert problem.code is Code.LIMIT_EXCEEDED
    assert problem.message == (
        "at most 5 imports of customers at the same time, and 1 more would pass that: "
        "wait until one has ended"
    )
    await finish(database, running[0])
    await begin_import(database, owner, group)


async def test_the_last_hundred_that_ended_are_remembered(
    database: Database, owner: int, group: int
) -> None:
    stranger = (await bulk.add_account(database, NOW, owner + 1)).uin
    theirs = await begin_import(database, stranger, await add_group(database, stranger))
    await finish(database, theirs)
    running = await begin_import(database, owner, group)
    ended = []
    for number in range(KEPT + 2):
        import_id = await begin_import(database, owner, group)
        assert await store(database, import_id, errors(1), 0, 2)
        await finish(database, import_id)
        ended.append(import_id)
        if number == KEPT:
            assert await remembered(database, owner) == [running, *ended]
    assert await remembered(database, owner) == [running, *ended[1:]]
    assert await kept_errors(database, ended[0]) == []
    assert len(await kept_errors(database, ended[1])) == 1
    assert await remembered(database, stranger) == [theirs]


async def remembered(database: Database, owner: int) -> list[int]:
    async with database.read() as session:
        query = select(CustomerImportRow.id).where(CustomerImportRow.account_uin == owner)
        return list((await session.exec(query.order_by(col(CustomerImportRow.id)))).all())
