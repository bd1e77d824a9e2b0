"""Frequency limits with many workers, at a fixed cost a batch, and forgotten (CFG-3)."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from db import frequency, frequency_check
from db.frequency import FIRST, FrequencyUsageRow
from db.queue import Claimed
from db.session import Database
from domain.frequency import APPLICATION_DAILY, GUIDE, NUMBER_DAILY, SAME_CONTENT, Limits
from tests import sending
from tests.console import START as NOW
from tests.console import Statements
from tests.limiting import ONE, SECOND, THREE, TWO, allow, send, take, used

EVERYTHING = Limits(
    same_content_seconds=30,
    number_per_day=10,
    number_per_hour=5,
    same_content_per_day=5,
    application_per_day=50,
)


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


async def take_all(
    database: Database, limits: Limits, size: int
) -> tuple[list[Claimed], Counter[str]]:
    """Let six workers take everything there is, `size` messages at a time."""
    passed: list[Claimed] = []
    codes: Counter[str] = Counter()

    async def work(worker: str) -> None:
        while (await sending.states(database)).get("queued"):
            took, refused = await take(database, limits=limits, worker=worker, limit=size)
            passed.extend(took)
            codes.update(answer.code for answer in refused)

    await asyncio.gather(*(work(f"worker {number}") for number in range(6)))
    return passed, codes


@pytest.mark.parametrize("size", [1, 3, 10])
async def test_workers_at_once_never_share_a_place(
    database: Database, account: int, size: int
) -> None:
    limits = replace(GUIDE, application_per_day=25)
    await sending.add_task(database, NOW, [ONE, TWO, THREE] * 20)
    passed, codes = await take_all(database, limits, size)
    assert len(passed) == 25
    assert max(Counter(message.phone for message in passed).values()) <= 10
    assert codes.total() == 35
    assert set(codes) <= {NUMBER_DAILY, APPLICATION_DAILY}
    assert await used(database, account) == ("2026-03-02", 25)
    assert await sending.states(database) == {"claimed": 25, "refused": 35}


async def test_workers_at_once_send_the_same_content_once(database: Database, account: int) -> None:
    for _ in range(12):
        await sending.add_task(database, NOW, [ONE, TWO])
    passed, codes = await take_all(database, GUIDE, 2)
    assert Counter(message.phone for message in passed) == {ONE: 1, TWO: 1}
    assert codes == {SAME_CONTENT: 22}


async def test_a_batch_costs_the_same_statements_however_large(
    database: Database, account: int
) -> None:
    await allow(database, account, THREE)
    async with database.write() as session:
        await frequency.change(session, account, EVERYTHING, NOW)
    await sending.add_task(database, NOW, [*sending.phones(60), ONE])
    counts = []
    async with database.write() as session:
        batch = await sending.taken(session, sending.request(NOW))
        texts = {message.id: message.params for message in batch}
        for part in (batch[:1], batch[1:]):
            with Statements(database) as statements:
                await frequency_check.check(session, part, texts, NOW, GUIDE)
            counts.append(len(statements))
        with Statements(database) as statements:
            assert await frequency_check.check(session, [], {}, NOW, GUIDE) == []
    # SQLite looks and then writes all; PostgreSQL writes first, to hold what it looks at, and what
    # passed to a number that was known once more.
    assert counts == ([7, 7] if database.is_sqlite else [6, 7])
    assert len(statements) == 0


async def test_numbers_that_are_new_cost_a_look_and_a_write(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(60))
    async with database.write() as session:
        batch = await sending.taken(session, sending.request(NOW))
        texts = {message.id: message.params for message in batch}
        with Statements(database) as statements:
            assert await frequency_check.check(session, batch, texts, NOW, GUIDE) == []
    # Beside the applications; on PostgreSQL the write is the look.
    assert len(statements) == (3 if database.is_sqlite else 2)


async def test_numbers_nothing_was_sent_to_lately_are_forgotten(
    database: Database, account: int
) -> None:
    numbers = sending.phones(7)
    await send(database, numbers)
    later = NOW + timedelta(hours=20)
    await send(database, numbers[:2], later)
    before = NOW + SECOND
    stale: list[tuple[int, str]] = []
    after, looks = FIRST, 0
    async with database.read() as session:
        while looks == 0 or after != FIRST:
            found, after = await frequency.stale(session, after, before, 3)
            stale += found
            looks += 1
    assert (looks, stale) == (3, [(account, phone) for phone in numbers[2:]])
    async with database.write() as session:
        used_again = [(account, numbers[0]), *stale[1:]]
        await frequency.forget(session, used_again, before)
    async with database.read() as session:
        kept = (await session.exec(select(FrequencyUsageRow.phone))).all()
    assert sorted(kept) == numbers[:3]
