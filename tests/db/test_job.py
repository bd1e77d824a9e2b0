"""The outbox and the register of workers: nothing is lost, nothing is named twice."""

import asyncio
from datetime import timedelta

import pytest

from db import job, worker
from db.job import JobKind
from db.session import Database
from db.worker import WorkerRow
from tests.console import START

SECOND = timedelta(seconds=1)


async def add(database: Database, subject_id: int, due_in: timedelta = timedelta()) -> int:
    async with database.write() as session:
        return await job.add(
            session, JobKind.START_TASK, subject_id, due_at=START + due_in, now=START
        )


async def due(database: Database, after: timedelta = timedelta(), limit: int = 10) -> list[int]:
    async with database.read() as session:
        return [row.id for row in await job.due(session, START + after, limit)]


async def test_a_job_is_due_at_its_time_to_the_second_and_oldest_come_first(
    database: Database,
) -> None:
    later, sooner = await add(database, 1, 2 * SECOND), await add(database, 2, SECOND)
    assert await due(database) == []
    assert await due(database, SECOND) == [sooner]
    assert await due(database, 2 * SECOND) == [sooner, later]
    assert await due(database, 2 * SECOND, limit=1) == [sooner]


async def test_a_rolled_back_transaction_asks_for_nothing(database: Database) -> None:
    async def broken() -> None:
        async with database.write() as session:
            await job.add(session, JobKind.ERASE_TASK, 1, due_at=START, now=START)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await broken()
    assert await due(database) == []


async def test_a_started_job_is_not_due_again_and_cannot_be_withdrawn(database: Database) -> None:
    first, second = await add(database, 1), await add(database, 2)
    async with database.write() as session:
        await job.started(session, [first], START)
        await job.withdraw(session, JobKind.START_TASK, 1)
        await job.withdraw(session, JobKind.ERASE_TASK, 2)
    assert await due(database) == [second]
    async with database.write() as session:
        await job.withdraw(session, JobKind.START_TASK, 2)
    assert await due(database) == []


async def test_only_old_finished_jobs_are_forgotten_and_no_id_comes_back(
    database: Database,
) -> None:
    done, running = await add(database, 1), await add(database, 2)
    newest = await add(database, 3)
    async with database.write() as session:
        await job.started(session, [done, running, newest], START)
        await job.finished(session, done, START)
        await job.finished(session, newest, START)
    async with database.write() as session:
        assert await job.forget(session, START, 10) == []
        assert await job.forget(session, START + SECOND, 1) == [done]
        assert await job.forget(session, START + SECOND, 10) == [newest]
    assert await add(database, 4) > newest


async def test_one_of_many_takes_over_a_silent_worker(database: Database) -> None:
    async with database.write() as session:
        await worker.beat(session, "alive", START)
        await worker.beat(session, "dead", START - timedelta(minutes=2))
    now = START + SECOND
    async with database.read() as session:
        (row,) = await worker.silent(session, START - SECOND)
    assert row.id == "dead"

    async def attempt() -> bool:
        async with database.write() as session:
            return await worker.take_over(session, row, now)

    assert sum(await asyncio.gather(*(attempt() for _ in range(8)))) == 1
    # Whoever took over may die as well: its turn ends like that of any worker.
    async with database.read() as session:
        assert [found.id for found in await worker.silent(session, START)] == ["alive"]
        assert len(await worker.silent(session, now)) == 2
    async with database.write() as session:
        await worker.remove(session, "dead")
        await worker.beat(session, "alive", now)
    async with database.read() as session:
        assert await worker.silent(session, START) == []
        assert [row.seen_at for row in await worker.silent(session, now)] == [now]
        assert (await session.get(WorkerRow, "dead")) is None
