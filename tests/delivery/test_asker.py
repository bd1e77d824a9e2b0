"""Questions to carriers about messages that were sent and never answered (query_sm)."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

import pytest

from db import lease
from db.session import Database
from delivery import asker as module
from delivery.asker import ASKED_EVERY, Asker
from delivery.receipts import Receipts
from delivery.settings import DeliverySettings
from domain.carrier import Answer, Receipt, Verdict
from domain.task import TaskStatus, UnknownPolicy
from tests import sending
from tests.console import START, Clock, Statements
from tests.delivery.scripted import ScriptedCarrier
from tests.laning import lanes

HALF_A_MINUTE = timedelta(seconds=30)


@pytest.fixture
async def task(database: Database, clock: Clock) -> int:
    """A task of two messages that waits: of one the carrier's id is known, of the other not."""
    await sending.add_account(database, clock.now)
    task = await sending.add_task(
        database, clock.now, sending.phones(2), unknown_policy=UnknownPolicy.WAIT
    )
    one, two = await sending.claim(database)
    await sending.record(
        database,
        Answer(one.id, Verdict.UNKNOWN, ("ref-1",)),
        Answer(two.id, Verdict.UNKNOWN),
    )
    return task


@pytest.fixture
def carrier() -> ScriptedCarrier:
    return ScriptedCarrier(name=sending.CARRIER)


@pytest.fixture
def asker(database: Database, clock: Clock, carrier: ScriptedCarrier) -> Asker:
    sink = Receipts(database, sending.OPT_OUT, clock)
    return Asker(database, lanes(clock, DeliverySettings(), carrier), clock, sink)


async def test_what_the_carrier_knows_is_taken_as_a_receipt(
    database: Database, clock: Clock, task: int, carrier: ScriptedCarrier, asker: Asker
) -> None:
    assert await asker.step() == ASKED_EVERY
    assert carrier.events == ["query ref-1"]
    assert await sending.states(database) == {"unknown": 2}
    carrier.fates = [Receipt("ref-1", True, "DELIVRD", clock.now)]
    assert await asker.step() == ASKED_EVERY
    assert len(carrier.events) == 1
    clock.advance(HALF_A_MINUTE)
    await asker.step()
    assert await sending.states(database) == {"delivered": 1, "unknown": 1}
    assert (await sending.task_row(database, task)).status is TaskStatus.SENDING


async def test_a_carrier_that_is_away_is_not_asked(
    database: Database, task: int, carrier: ScriptedCarrier, asker: Asker
) -> None:
    carrier.binds = 0
    assert await asker.step() == ASKED_EVERY
    assert carrier.events == []


async def test_with_nothing_to_ask_it_asks_the_database_one_question(
    database: Database, clock: Clock, carrier: ScriptedCarrier, asker: Asker
) -> None:
    with Statements(database) as statements:
        assert await asker.step() == ASKED_EVERY
    assert len(statements) == 1


@pytest.mark.usefixtures("task")
async def test_a_carrier_that_never_says_keeps_nobody_waiting(
    database: Database,
    carrier: ScriptedCarrier,
    asker: Asker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def never(_references: Sequence[str], /) -> Sequence[Receipt]:
        await asyncio.Event().wait()
        return ()

    monkeypatch.setattr(module, "PATIENCE", 0.01)
    monkeypatch.setattr(carrier, "query", never)
    with caplog.at_level(logging.WARNING):
        await asker.step()
    assert "did not say what became of its messages" in caplog.text
    async with database.read() as session:
        assert not await lease.any_to_ask(session, [sending.CARRIER], START)
