"""Dumps are written to their end, whoever dies on the way, and leave nothing behind (STA-8)."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from db import dump as dumps
from db import dump_work, partition
from db.partition import Month
from db.session import Database
from delivery import dump as work
from delivery import step
from delivery.dump import Progress
from delivery.dump_expiry import LISTED, STALE, DumpExpiry
from delivery.export import part
from delivery.export.record import Records
from domain import dump as rules
from domain.dump import DumpStatus
from domain.message import MessageStatus
from domain.region import Region
from tests.console import START, Clock
from tests.dumping import PART_ROWS, Bench, add_records, expected, phones, stand_still


@pytest.fixture(params=["sqlite_url", "postgresql_url"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """A fresh database of each kind."""
    database = Database(request.getfixturevalue(request.param))
    yield database
    await database.close()


@pytest.fixture
async def bench(database: Database, tmp_path: Path, clock: Clock) -> Bench:
    """A bench whose dumps may have 20,000 rows."""
    return await Bench.make(database, tmp_path, clock, dump_rows=20_000)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "PART_ROWS", PART_ROWS)


async def cancel(bench: Bench, dump_id: int) -> None:
    async with bench.tools.database.write() as session:
        await dumps.cancel(session, bench.parts.account_uin, dump_id, START)


async def test_a_dump_is_parts_of_whole_rows_newest_first(bench: Bench) -> None:
    await add_records(bench.tools.database, bench.parts, 9_001)
    dump_id = await bench.order()
    await bench.work(dump_id)
    row = await bench.row(dump_id)
    files = await bench.archive(dump_id)
    assert {name: len(rows) for name, rows in files.items()} == {
        "records-1.csv": 4_000,
        "records-2.csv": 4_000,
        "records-3.csv": 1_001,
    }
    assert phones(files) == expected(9_001)
    assert files["records-3.csv"][-1] == [
        "5000:17724168001",
        "+8613800000000",
        "CN",
        "【Shop0】您的订单A0将于Monday送达。",
        *("30", "1", "regular", str(bench.parts.app_id), str(bench.parts.template_id), ""),
        *("delivered", "DELIVRD", "a receipt says it arrived"),
        *["2026-03-02 10:00:00+08:00"] * 3,
    ]
    assert (row.status, row.rows, row.problem) == (DumpStatus.READY, 9_001, None)
    assert (row.ready_at, row.expires_at) == (START, START + timedelta(days=7))
    (file,) = bench.left()
    assert row.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert await bench.used() == 1


async def test_filters_narrow_a_dump_and_an_empty_one_has_its_headings(bench: Bench) -> None:
    database, parts = bench.tools.database, bench.parts
    await add_records(database, parts, 10)
    await add_records(database, parts, 3, state=MessageStatus.FAILED, code="MK:0012")
    await add_records(database, parts, 2, since=START - timedelta(days=4), region=Region.GLOBAL)
    failed = await bench.order(state=MessageStatus.FAILED)
    one = await bench.order(phone="+8613800000009", app_id=parts.app_id)
    early = await bench.order(start=START - timedelta(days=400), end=START, region=Region.GLOBAL)
    none = await bench.order(template_id=99)
    await bench.work(failed, one, early, none)
    counts = [len(phones(await bench.archive(dump_id))) for dump_id in (failed, one, early, none)]
    assert counts == [3, 1, 2, 0]
    assert list(await bench.archive(none)) == ["records-1.csv"]


async def test_a_worker_that_is_killed_costs_the_part_it_was_in(bench: Bench) -> None:
    await add_records(bench.tools.database, bench.parts, 9_000)
    dump_id = await bench.order()
    worker = await bench.standing_worker(3)  # in the middle of the second part
    worker.kill()
    await worker.wait()
    row = await bench.row(dump_id)
    assert (row.status, row.rows) == (DumpStatus.RUNNING, 4_000)
    await bench.take_over(dump_id)
    assert phones(await bench.archive(dump_id)) == expected(9_000)
    assert len(bench.left()) == 1


async def test_a_dump_that_is_cancelled_while_it_is_written_leaves_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_records(bench.tools.database, bench.parts, 9_000)
    dump_id = await bench.order()
    batch, read = Records.batch, []

    async def cancelled_meanwhile(*given: Any) -> Any:
        found = await batch(*given)
        read.append(len(found.rows))
        if sum(read) == 6_000:
            await cancel(bench, dump_id)
        return found

    monkeypatch.setattr(Records, "batch", cancelled_meanwhile)
    await bench.work(dump_id)
    row = await bench.row(dump_id)
    assert (row.status, row.ended_at, row.key, row.size) == (
        DumpStatus.CANCELLED,
        START,
        None,
        None,
    )
    assert sum(read) == 6_000
    assert bench.left() == []
    assert await bench.used() == 0


async def test_a_dump_that_is_cancelled_before_its_turn_or_while_it_is_packed_is_gone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_records(bench.tools.database, bench.parts, 10)
    early = await bench.order()
    await cancel(bench, early)
    late = await bench.order()
    reserve = dump_work.reserve

    async def cancelled_meanwhile(session: Any, dump_id: int, key: str) -> Any:
        reserved = await reserve(session, dump_id, key)
        await dumps.cancel(session, bench.parts.account_uin, dump_id, START)
        return reserved

    monkeypatch.setattr(dump_work, "reserve", cancelled_meanwhile)
    await bench.work(early, late)
    for dump_id in (early, late):
        assert (await bench.row(dump_id)).status is DumpStatus.CANCELLED
        assert (await bench.row(dump_id)).key is None
    assert bench.left() == []
    assert await bench.used() == 0


async def test_too_many_rows_and_too_large_a_file_fail_with_a_way_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_records(bench.tools.database, bench.parts, 20_001)
    many = await bench.order()
    just = await bench.order(start=START + timedelta(minutes=1))
    await bench.work(many, just)
    assert (await bench.row(just)).status is DumpStatus.READY
    row = await bench.row(many)
    assert (row.status, row.ended_at) == (DumpStatus.FAILED, START)
    assert row.problem == ("the time holds more than 20,000 rows: order it in shorter times")
    monkeypatch.setattr(work, "ARCHIVE_BYTES", 50_000)
    large = await bench.order(start=START + timedelta(minutes=1))
    await bench.work(large)
    assert (await bench.row(large)).problem == rules.too_large()
    assert len(bench.left()) == 1
    assert await bench.used() == 1


async def test_a_fault_of_ours_is_told_as_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(Records, "batch", broken)
    monkeypatch.setattr(step, "ATTEMPTS", 2)
    monkeypatch.setattr(step, "FIRST_PAUSE", 0.01)
    dump_id = await bench.order()
    await bench.work(dump_id)
    row = await bench.row(dump_id)
    assert (row.status, row.problem) == (
        DumpStatus.FAILED,
        "the dump could not be written, through no fault of its order: order it again",
    )
    assert bench.left() == []
    assert await bench.used() == 0


async def test_a_worker_that_was_overtaken_throws_away_what_it_wrote(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_records(bench.tools.database, bench.parts, 100)
    dump_id = await bench.order()
    with monkeypatch.context() as patch:
        stands, goes = stand_still(patch, 0)
        slow = asyncio.create_task(work._write(bench.tools, dump_id))  # noqa: SLF001 - the step of a worker that was taken for dead
        await stands.wait()
    await bench.work(dump_id)
    goes.set()
    assert await slow == Progress(goes_on=False)
    assert phones(await bench.archive(dump_id)) == expected(100)
    assert len(bench.left()) == 1


async def test_a_dump_expires_and_its_file_goes(bench: Bench, clock: Clock) -> None:
    await add_records(bench.tools.database, bench.parts, 10)
    kept, thrown_away = await bench.order(), await bench.order()
    await bench.work(kept, thrown_away)
    await cancel(bench, thrown_away)
    sweep = DumpExpiry(bench.tools)
    assert await sweep.step() > 0
    assert len(bench.left()) == 1
    assert (await bench.row(thrown_away)).key is None
    clock.advance(timedelta(days=7) - timedelta(seconds=1))
    await sweep.step()
    assert (await bench.row(kept)).status is DumpStatus.READY
    clock.advance(timedelta(seconds=1))
    await sweep.step()
    row = await bench.row(kept)
    assert (row.status, row.key, row.ended_at) == (DumpStatus.EXPIRED, None, clock.now)
    assert bench.left() == []
    assert await bench.used() == 0
    clock.advance(LISTED + timedelta(seconds=1))
    await sweep.step()
    async with bench.tools.database.read() as session:
        assert await dumps.get(session, kept) is None


async def test_what_failed_work_left_behind_is_removed_an_hour_later(
    bench: Bench, clock: Clock
) -> None:
    await add_records(bench.tools.database, bench.parts, 10)
    dump_id = await bench.order()
    assert (await work._write(bench.tools, dump_id)).goes_on  # noqa: SLF001 - as far as a workflow came that has failed
    assert len(bench.left()) == 1
    await cancel(bench, dump_id)
    sweep = DumpExpiry(bench.tools)
    await sweep.step()
    assert len(bench.left()) == 1
    clock.advance(STALE + timedelta(seconds=1))
    await sweep.step()
    assert bench.left() == []


async def test_a_month_that_is_detached_meanwhile_is_no_crash(
    postgresql_url: str, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read before that is in the file, the rest of the month is not."""
    database = Database(postgresql_url)
    bench = await Bench.make(database, tmp_path, clock)
    async with database.write() as session:
        await partition.make(session, Month.of(START))
        await partition.make(session, Month.of(START).plus(-1))
    early = START - timedelta(days=10)
    await add_records(database, bench.parts, 3_000, since=early)
    await add_records(database, bench.parts, 10)
    dump_id = await bench.order(start=START - timedelta(days=20))
    batch, read = Records.batch, []

    async def detached_meanwhile(*given: Any) -> Any:
        found = await batch(*given)
        read.append(len(found.rows))
        if sum(read) == 2_010:
            detached.set()
        return found

    async def detach() -> None:
        await detached.wait()
        async with database.write() as session:
            assert await partition.detach(session, Month.of(early).table)

    detached = asyncio.Event()
    monkeypatch.setattr(Records, "batch", detached_meanwhile)
    detaching = asyncio.create_task(detach())
    await bench.work(dump_id)
    await detaching
    row = await bench.row(dump_id)
    assert row.status is DumpStatus.READY
    assert row.rows in {2_010, 3_010}  # whichever of the two was first
    await database.close()
