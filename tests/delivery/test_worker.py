"""The whole worker: from a task that sends to its last receipt, stopped and killed on the way."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from db import simulator as ledger
from db.session import Database
from delivery.carriers.base import Answered
from delivery.carriers.simulator import Simulator
from delivery.loop import Loop
from delivery.settings import DeliverySettings
from delivery.worker import Worker, Workflows
from domain.carrier import Outgoing
from domain.sandbox import Odds
from domain.task import TaskStatus
from tests import counting, sending
from tests.console import Clock, Statements
from tests.laning import build

PROMPT = timedelta(milliseconds=5)
NEVER = timedelta(hours=1)
ALWAYS = Odds(success_rate=1, delay=timedelta(0), seed=1)


class RecordingWorkflows:
    """Notes what a worker asks of the durable work."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.relayed = asyncio.Event()

    async def start(self) -> None:
        """Note it."""
        self.calls.append("start")

    async def relay(self, now: datetime) -> int:
        """Note it, and have nothing to start."""
        self.calls.append(f"relay {now:%H:%M}")
        self.relayed.set()
        return 0

    async def stop(self) -> None:
        """Note it."""
        self.calls.append("stop")


def make(
    database: Database, clock: Clock, workflows: Workflows | None = None, **settings: Any
) -> Worker:
    """Put a worker together with every carrier."""
    given: dict[str, Any] = {"poll": PROMPT, "odds": ALWAYS, "batch": 10, **settings}
    chosen = DeliverySettings(**given)
    return Worker(database, build(database, clock, chosen), workflows, clock, chosen)


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[None]:
    """Run a worker for the block and stop it in order."""
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        async with asyncio.timeout(10):
            await task


async def until(
    database: Database, expected: dict[str, int] | str, clock: Clock | None = None
) -> None:
    """Wait until messages are in these states, or one is in this state; the clock may run."""
    async with asyncio.timeout(20):
        while (found := await sending.states(database)) != expected:
            if isinstance(expected, str) and found.get(expected):
                return
            if clock is not None:
                clock.advance(timedelta(seconds=1))
            # The worker tells nobody; the database is where its work shows.
            await asyncio.sleep(0.002)


@pytest.fixture
async def account(database: Database, clock: Clock) -> int:
    return await sending.add_account(database, clock.now)


async def duplicates(database: Database) -> int:
    async with database.read() as session:
        return await ledger.duplicates(session)


async def test_a_task_is_sent_to_the_last_receipt(
    database: Database, clock: Clock, account: int
) -> None:
    numbers = [*sending.phones(60), "+8613800009902", "+8613800009920", "+8613800009921"]
    task = await sending.add_task(database, clock.now, numbers)
    async with running(make(database, clock)):
        await until(database, {"delivered": 61, "failed": 1, "refused": 1})
    found = await sending.task_row(database, task)
    assert found.status is TaskStatus.SENT
    assert (found.accepted, found.refused, found.delivered, found.failed) == (62, 1, 61, 1)
    (counts,) = (await counting.statistics(database)).values()
    assert counts == (63, 62, 62, 61, 1)
    assert await duplicates(database) == 0


async def test_it_is_woken_by_a_commit_and_need_not_poll(
    database: Database, clock: Clock, account: int
) -> None:
    worker = make(database, clock, poll=NEVER)
    async with running(worker):
        await asyncio.sleep(0.02)
        await sending.add_task(database, clock.now, sending.phones(3))
        worker.wake()
        await until(database, {"delivered": 3})


async def test_it_relays_jobs_between_start_and_stop(
    database: Database, clock: Clock, account: int
) -> None:
    workflows = RecordingWorkflows()
    worker = make(database, clock, workflows, poll=NEVER)
    async with running(worker):
        await workflows.relayed.wait()
        workflows.relayed.clear()
        worker.wake()
        await workflows.relayed.wait()
    assert workflows.calls == ["start", "relay 02:00", "relay 02:00", "stop"]


async def test_a_stopped_worker_records_what_it_submitted_and_claims_no_more(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, sending.phones(500))
    worker = make(database, clock, odds=Odds(1, timedelta(days=1), 1))
    async with running(worker):
        await until(database, "submitted")
    after = await sending.states(database)
    assert set(after) == {"submitted", "queued"}
    async with running(make(database, clock)):
        await until(database, {"submitted": after["submitted"], "delivered": after["queued"]})
    assert await duplicates(database) == 0


async def test_a_killed_worker_is_followed_by_one_that_sends_a_batch_twice_at_most(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, sending.phones(200))
    killed = asyncio.create_task(make(database, clock, in_flight=10).run())
    await until(database, "submitted")
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    async with running(make(database, clock)):
        # What was in doubt gets its receipt when the carrier brings it again.
        await until(database, {"delivered": 200}, clock)
    assert await duplicates(database) <= 10


async def test_what_another_worker_held_is_sent_when_its_lease_ends(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, sending.phones(5))
    await sending.claim(database, "dead")
    worker = make(database, clock, poll=NEVER, lease=sending.LEASE)
    async with running(worker):
        await asyncio.sleep(0.02)
        assert await sending.states(database) == {"claimed": 5}
        clock.advance(sending.LEASE)
        worker.wake()
        await until(database, {"delivered": 5})


async def test_a_message_without_receipt_ends_after_its_time(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, ["+8613800009911"])
    worker = make(database, clock)
    async with running(worker):
        await until(database, {"submitted": 1})
        clock.advance(timedelta(hours=72))
        worker.wake()
        await until(database, {"expired": 1})


async def test_more_than_a_thousand_expire_in_steps(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, ["+8613800009911"] * 1_001)
    messages = await sending.claim(database, limit=1_001)
    await sending.record(database, *map(sending.accepted, messages))
    clock.advance(timedelta(hours=72))
    worker = make(database, clock, lease=timedelta(seconds=40))
    assert await worker.sweep() == 0
    assert await worker.sweep() == 10
    assert await sending.states(database) == {"expired": 1_001}


async def test_an_idle_sweep_writes_nothing(database: Database, clock: Clock, account: int) -> None:
    await sending.add_task(database, clock.now, sending.phones(3))
    with Statements(database) as statements:
        await make(database, clock).sweep()
    assert [one.split()[0] for one in statements.texts] == ["SELECT", "SELECT"]


async def test_a_loop_that_fails_is_tried_again_and_the_others_go_on(
    database: Database, clock: Clock, account: int, caplog: pytest.LogCaptureFixture
) -> None:
    class Flaky(RecordingWorkflows):
        async def relay(self, now: datetime) -> int:
            if not self.calls.count("relay"):
                self.calls.append("relay")
                raise ConnectionError("secret +8613800138000")
            return await super().relay(now)

    workflows = Flaky()
    await sending.add_task(database, clock.now, sending.phones(3))
    async with running(make(database, clock, workflows)):
        await workflows.relayed.wait()
        await until(database, {"delivered": 3})
    assert "the relay failed" in caplog.text
    assert "138001" not in caplog.text


async def test_a_worker_that_cannot_drain_ends_within_its_bound(
    database: Database, clock: Clock, account: int, caplog: pytest.LogCaptureFixture
) -> None:
    class Stuck(Simulator):
        reached = asyncio.Event()

        async def submit(self, _batch: Sequence[Outgoing], _answered: Answered, /) -> None:
            self.reached.set()
            await asyncio.Event().wait()

    await sending.add_task(database, clock.now, sending.phones(3))
    settings = DeliverySettings(poll=PROMPT, drain=timedelta(seconds=2))
    stuck = Stuck(database, clock, settings)
    worker = Worker(database, lambda _row: stuck, None, clock, settings)
    with caplog.at_level(logging.WARNING):
        async with running(worker):
            await Stuck.reached.wait()
    assert "the carrier simulator is left with 3 messages without an answer" in caplog.text
    assert await sending.states(database) == {"queued": 3}


async def test_workers_of_one_file_share_a_name_and_no_others_do(
    database: Database, clock: Clock
) -> None:
    assert make(database, clock).name == make(database, clock).name == "local"
    elsewhere = Database("postgresql+psycopg://nobody@localhost/none")
    names = {make(elsewhere, clock).name for _ in range(5)}
    assert len(names) == 5
    assert max(map(len, names)) <= 64
    await elsewhere.close()


async def test_a_task_of_a_disabled_application_waits_until_it_is_enabled(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, sending.phones(3))
    async with database.write() as session:
        await (await session.connection()).execute(
            text("UPDATE application SET wanted_enabled = false")
        )
    worker = make(database, clock)
    async with running(worker):
        await asyncio.sleep(0.02)
        assert await sending.states(database) == {"queued": 3}
        async with database.write() as session:
            await (await session.connection()).execute(
                text("UPDATE application SET wanted_enabled = true")
            )
        await until(database, {"delivered": 3})


async def test_a_worker_that_stands_still_says_where(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = make(database, clock, lease=timedelta(seconds=5))
    assert worker.trouble() is None
    monkeypatch.setattr(Loop, "under_way", 5.1)
    assert worker.trouble() == (
        "the worker stands still at the dispatcher, the carriers, the sweeper"
    )
