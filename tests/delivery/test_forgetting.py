"""Numbers nothing was sent to lately are forgotten, some at a time (CFG-3)."""

from datetime import timedelta

import pytest
from sqlmodel import func, select

from db import frequency_check
from db.frequency import FrequencyUsageRow
from db.session import Database
from delivery import forgetting
from delivery.forgetting import PAUSE, REST, Forgetting
from domain.frequency import GUIDE, KEPT
from tests import sending
from tests.console import Clock, Statements


async def send(database: Database, clock: Clock, phones: list[str]) -> None:
    await sending.add_task(database, clock.now, phones)
    async with database.write() as session:
        batch = await sending.taken(session, sending.request(clock.now))
        texts = {message.id: message.params for message in batch}
        assert await frequency_check.check(session, batch, texts, clock.now, GUIDE) == []


async def remembered(database: Database) -> int:
    async with database.read() as session:
        return (await session.exec(select(func.count()).select_from(FrequencyUsageRow))).one()


async def test_a_walk_takes_steps_forgets_what_is_old_and_rests(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "SEEN_AT_ONCE", 3)
    await sending.add_account(database, clock.now)
    phones = sending.phones(8)
    await send(database, clock, phones[:5])
    clock.advance(KEPT)
    await send(database, clock, phones[5:])
    walk = Forgetting(database, clock)
    assert [await walk.step() for _ in range(3)] == [PAUSE, PAUSE, REST]
    assert await remembered(database) == 8
    clock.advance(timedelta(seconds=1))
    assert [await walk.step() for _ in range(3)] == [0, PAUSE, REST]
    assert await remembered(database) == 3


async def test_a_step_that_finds_nothing_writes_nothing(database: Database, clock: Clock) -> None:
    with Statements(database) as statements:
        assert await Forgetting(database, clock).step() == REST
    assert len(statements) == 1
