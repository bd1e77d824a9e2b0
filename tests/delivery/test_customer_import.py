"""Imports of customers survive the death of whoever does them (CUS-1), with the real DBOS."""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import pytest

from db import customer, customer_group, customer_import
from db.customer_import import CustomerImportErrorRow, CustomerImportRow
from delivery import customer_import as imports
from delivery import step
from delivery.reading import Reading, read_whole
from delivery.recipient_file.bounds import FileRefused
from delivery.recipient_file.check import ReaderKilled
from domain.customer_import import ImportStatus
from domain.errors import Code
from domain.terms import Terms
from tests.console import START
from tests.customers import (
    add_group,
    assert_counted,
    begin_import,
    contacts,
    import_of,
    members,
)
from tests.delivery.durable import Bench, all_done, stand_still, until

HEADER = ["Mobile number 手机号码"]


@pytest.fixture
async def group(bench: Bench) -> int:
    return await add_group(bench.database, bench.parts.account_uin)


def rows(count: int) -> Iterable[Sequence[str]]:
    """Give a form of that many good rows."""
    yield HEADER
    for number in range(count):
        yield [f"138{number:08d}"]


async def upload(bench: Bench, group: int, table: Iterable[Sequence[str]]) -> tuple[int, str]:
    """Begin an import; gives it and its form's key."""
    key = await bench.put(table)
    return await begin_import(bench.database, bench.parts.account_uin, group, key), key


async def has_ended(bench: Bench, import_id: int) -> bool:
    """Say whether an import has ended and its form is gone."""
    row = await import_of(bench.database, import_id)
    return row.status is not ImportStatus.RUNNING and row.file_key is None


async def run(bench: Bench, import_id: int) -> CustomerImportRow:
    """Have what waits done to its end; gives the import."""
    async with bench.working() as workflows:
        await workflows.relay(START)
        await until(lambda: has_ended(bench, import_id))
    return await import_of(bench.database, import_id)


async def errors(bench: Bench, import_id: int) -> list[CustomerImportErrorRow]:
    async with bench.database.read() as session:
        page = await customer_import.row_error_page(session, import_id, first=100, after=None)
    return list(page.rows)


async def assert_gone(bench: Bench, key: str) -> None:
    with pytest.raises(FileNotFoundError):
        await bench.tools.store.size(key)


async def assert_whole(bench: Bench, group: int, import_id: int, count: int) -> None:
    """See that every row became one customer."""
    row = await import_of(bench.database, import_id)
    assert (row.status, row.problem) == (ImportStatus.DONE, None)
    assert (row.added, row.members, row.duplicates, row.rejected) == (count, 0, 0, 0)
    assert row.rows_seen == count + 1
    assert await members(bench.database, group) == [
        f"+86138{number:08d}" for number in range(count)
    ]
    await assert_counted(bench.database, bench.parts.account_uin)


async def test_a_form_becomes_customers_and_each_other_row_is_told(
    bench: Bench, group: int
) -> None:
    owner = bench.parts.account_uin
    already = contacts(1)
    await add_group(bench.database, owner, "full", already)
    filled = await add_group(bench.database, owner, "filled", already)
    table = [
        HEADER,
        ["13900139000", "left unread"],
        ["12"],
        [""],
        ["+85266661234"],
        ["8526666 1234"],
        [already[0].phone],
        ["1.39E+10"],
        ["12025550123"],
    ]
    import_id, key = await upload(bench, filled, table)
    row = await run(bench, import_id)
    assert (row.status, row.problem, row.finished_at) == (ImportStatus.DONE, None, START)
    assert (row.added, row.duplicates, row.members, row.rejected) == (2, 1, 1, 3)
    assert (row.rows_seen, row.rows_total) == (9, 9)
    label = "A (Mobile number 手机号码)"
    assert [(e.row, e.column_name, e.code, e.value) for e in await errors(bench, import_id)] == [
        (3, label, Code.INVALID, "12"),
        (8, label, Code.INVALID, "1.39E+10"),
        (9, label, Code.INVALID, "12025550123"),
    ]
    assert await members(bench.database, filled) == [
        already[0].phone,
        "+8613900139000",
        "+85266661234",
    ]
    async with bench.database.read() as session:
        abroad = (await customer.batch(session, filled, after=0, limit=10))[-1]
    assert (abroad.country, abroad.region) == ("HK", "global")
    await assert_gone(bench, key)
    await assert_counted(bench.database, owner)
    assert await members(bench.database, group) == []


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ([HEADER], "the sheet has no customers: fill in one row for each"),
        (
            [HEADER, ["13800138000"], ["x"] * 102],
            "the sheet has 102 columns, more than 101: keep the number and the variables",
        ),
    ],
)
async def test_a_form_that_is_none_fails_and_says_why(
    bench: Bench, group: int, table: list[list[str]], problem: str
) -> None:
    import_id, key = await upload(bench, group, table)
    row = await run(bench, import_id)
    assert (row.status, row.problem, row.added) == (ImportStatus.FAILED, problem, 0)
    await assert_gone(bench, key)


async def test_what_was_added_of_a_form_that_is_too_long_stays_and_merges_later(
    bench: Bench, group: int
) -> None:
    short = bench.under(Terms(recipient_rows=6_000))
    import_id, _ = await upload(short, group, rows(6_001))
    row = await run(short, import_id)
    assert (row.status, row.added) == (ImportStatus.FAILED, 4_999)
    assert row.problem == ("the sheet has more than 6,000 customers: split it and import each part")
    assert len(await members(bench.database, group)) == 4_999
    again, _ = await upload(bench, group, rows(6_001))
    row = await run(bench, again)
    assert (row.status, row.added, row.members) == (ImportStatus.DONE, 1_002, 4_999)
    await assert_counted(bench.database, bench.parts.account_uin)


async def test_a_form_that_is_lost_and_a_fault_of_ours_are_told(
    bench: Bench, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, key = await upload(bench, group, rows(1))
    await bench.tools.store.delete(key)
    row = await run(bench, lost)
    assert row.problem == "the uploaded form is gone from the store: import it again"

    async def broken(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(imports, "_store_batches", broken)
    monkeypatch.setattr(step, "ATTEMPTS", 2)
    monkeypatch.setattr(step, "FIRST_PAUSE", 0.01)
    ours, _ = await upload(bench, group, rows(1))
    row = await run(bench, ours)
    assert (row.status, row.problem) == (
        ImportStatus.FAILED,
        "the form could not be read, through no fault of it: import it again",
    )


@pytest.mark.parametrize(("refusal", "tries"), [(ReaderKilled, 2), (FileRefused, 1)])
async def test_only_a_reader_that_was_killed_is_followed_by_another(
    bench: Bench,
    group: int,
    monkeypatch: pytest.MonkeyPatch,
    refusal: type[FileRefused],
    tries: int,
) -> None:
    import_id, _ = await upload(bench, group, rows(1))
    readers = []

    async def dying(*_: object) -> None:
        readers.append(1)
        raise refusal(Code.TOO_LARGE, "too much")

    monkeypatch.setattr(imports, "_store_batches", dying)
    reading = await read_whole(partial(imports._read, bench.tools, import_id))  # noqa: SLF001 - without DBOS
    assert (reading, len(readers)) == (Reading(whole=True, problem="too much"), tries)


async def test_a_group_that_is_deleted_meanwhile_is_erased_with_what_came(
    bench: Bench, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, owner = customer_import.store, bench.parts.account_uin
    kept = await add_group(bench.database, owner, "kept", contacts(3))

    async def deleted_meanwhile(session: Any, *given: Any, **named: Any) -> bool:
        stored = await store(session, *given, **named)
        if named["before"] == 0:
            await customer_group.remove(session, owner, group, START)
        return stored

    monkeypatch.setattr(customer_import, "store", deleted_meanwhile)
    import_id, _ = await upload(bench, group, rows(12_000))
    row = await run(bench, import_id)
    assert (row.status, row.added) == (ImportStatus.FAILED, 4_999)
    assert row.problem == (
        "the customer group was deleted while the form was read: import it into another"
    )
    async with bench.working() as workflows:
        await workflows.relay(START)
        await until(lambda: all_done(bench))
    assert await members(bench.database, group) == []
    assert len(await members(bench.database, kept)) == 3
    await assert_counted(bench.database, owner)


async def test_a_worker_that_was_overtaken_does_not_say_how_the_import_ends(
    bench: Bench, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id, key = await upload(bench, group, rows(7_000))
    asked = asyncio.Event()
    store = customer_import.store

    async def overtaken(session: Any, *given: Any, **named: Any) -> bool:
        kept = await store(session, *given, **named)
        assert kept == (not asked.is_set())
        if kept:
            # Another worker keeps the next batch before this one does.
            row = await session.get(CustomerImportRow, import_id)
            row.rows_seen = 7_001
            asked.set()
        return kept

    monkeypatch.setattr(customer_import, "store", overtaken)
    async with bench.working() as workflows:
        await workflows.relay(START)
        await until(lambda: all_done(bench))
    row = await import_of(bench.database, import_id)
    assert (row.status, row.added) == (ImportStatus.RUNNING, 4_999)
    assert await bench.tools.store.size(key)


async def test_an_import_goes_on_after_its_worker_was_stopped(
    bench: Bench, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id, _ = await upload(bench, group, rows(12_000))
    with monkeypatch.context() as patch:
        stands = stand_still(patch, after=2)
        async with bench.working() as workflows:
            await workflows.relay(START)
            await asyncio.wait_for(stands.wait(), 30)
    assert (await import_of(bench.database, import_id)).rows_seen == 10_000
    async with bench.working():
        await until(lambda: has_ended(bench, import_id))
    await assert_whole(bench, group, import_id, 12_000)


async def test_an_import_goes_on_after_its_worker_was_killed(bench: Bench, group: int) -> None:
    import_id, _ = await upload(bench, group, rows(12_000))
    worker = await bench.standing_worker(after=1)
    worker.kill()
    await worker.wait()
    row = await import_of(bench.database, import_id)
    assert (row.status, row.rows_seen, row.added) == (ImportStatus.RUNNING, 5_000, 4_999)
    async with bench.working():
        await until(lambda: has_ended(bench, import_id))
    await assert_whole(bench, group, import_id, 12_000)
