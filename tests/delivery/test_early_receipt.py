"""Receipts that come as soon as the answers: one write for both, and nobody waits for anybody."""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import func, select

from db.kept_receipt import KeptReceiptRow
from db.message_part import MessagePartRow
from db.session import AsyncSession, Database
from delivery.carriers.base import Inbound
from delivery.dispatcher import Dispatcher
from delivery.lanes import Lanes
from delivery.receipts import LONGEST, Brought, Receipts
from delivery.settings import DeliverySettings
from domain.carrier import Outgoing, Receipt
from tests import aftermath, sending
from tests.console import START, Clock, Statements
from tests.delivery.scripted import ScriptedCarrier
from tests.laning import lanes

SETTINGS = DeliverySettings(batch=10, in_flight=10)
ROOMY = DeliverySettings(batch=10, in_flight=20)


class Poisoned(Receipts):
    """A sink that cannot write down what a carrier called "poison" brings."""

    async def write_replies(self, session: AsyncSession, group: Sequence[Brought]) -> None:
        """Fail on it."""
        if any(one.carrier == "poison" for one in group):
            raise ValueError("a text no column takes")
        await super().write_replies(session, group)


class Bench:
    """A dispatcher and its sink on one database."""

    def __init__(
        self, database: Database, clock: Clock, settings: DeliverySettings = SETTINGS
    ) -> None:
        self.database = database
        self.carrier = ScriptedCarrier()
        self.sink = Poisoned(database, sending.OPT_OUT, clock)
        self.lanes: Lanes = lanes(clock, settings, self.carrier)
        self.woken = asyncio.Event()
        self.dispatcher = Dispatcher(
            database, self.lanes, clock, settings, "one", self.woken.set, self.sink
        )

    async def submit(self) -> list[Outgoing]:
        """Take a turn, wait for the answers, and give what was submitted."""
        await self.dispatcher.step()
        for lane in self.lanes.by_name.values():
            await lane.idle()
        return list(self.carrier.batches[-1])

    def bring(self, *receipts: Receipt, carrier: str = "scripted") -> asyncio.Task[None]:
        """Have the carrier bring receipts; the task ends when they are kept."""
        return asyncio.create_task(self.sink(carrier, Inbound(list(receipts))))


@pytest.fixture
async def bench(database: Database, clock: Clock) -> Bench:
    await sending.add_account(database, clock.now)
    return Bench(database, clock)


def receipt(one: Outgoing, *, delivered: bool = True) -> Receipt:
    code = "DELIVRD" if delivered else "MK:0001"
    return Receipt(f"scripted-{one.message_id}", delivered, code, START + timedelta(seconds=1))


async def kept(database: Database) -> int:
    async with database.read() as session:
        return (await session.exec(select(func.count()).select_from(KeptReceiptRow))).one()


async def test_answers_and_their_receipts_are_one_write(
    database: Database, clock: Clock, bench: Bench
) -> None:
    task_id = await sending.add_task(database, clock.now, sending.phones(3))
    first, second, third = await bench.submit()
    brought = bench.bring(receipt(first), receipt(second, delivered=False))
    await asyncio.sleep(0)
    with Statements(database) as statements:
        await bench.dispatcher.step()
    await brought
    assert sum(one.startswith("UPDATE message ") for one in statements.texts) == 1
    assert await sending.states(database) == {"delivered": 1, "failed": 1, "submitted": 1}
    assert await kept(database) == 0
    task = await sending.task_row(database, task_id)
    assert (task.accepted, task.delivered, task.failed) == (3, 1, 1)
    await bench.bring(receipt(third))
    assert await sending.states(database) == {"delivered": 2, "failed": 1}
    found = await aftermath.look(database, task_id, 3)
    assert found.inexact == ()


async def test_a_receipt_of_an_earlier_turn_shares_the_next_one(
    database: Database, clock: Clock, bench: Bench
) -> None:
    await sending.add_task(database, clock.now, sending.phones(20))
    first = await bench.submit()
    await bench.submit()
    brought = bench.bring(*map(receipt, first))
    await asyncio.sleep(0)
    await bench.dispatcher.step()
    await brought
    assert await sending.states(database) == {"delivered": 10, "submitted": 10}


async def test_the_parts_of_a_long_message_are_heard_one_by_one(
    database: Database, clock: Clock, bench: Bench
) -> None:
    await sending.add_task(database, clock.now, sending.phones(1), segments=2)
    bench.carrier.parts = 2
    (message,) = await bench.submit()
    parts = [Receipt(f"scripted-{message.message_id}-{n}", True, "DELIVRD", START) for n in (1, 2)]
    brought = bench.bring(parts[1])
    await asyncio.sleep(0)
    await bench.dispatcher.step()
    await brought
    assert await sending.states(database) == {"submitted": 1}
    await bench.bring(parts[0])
    assert await sending.states(database) == {"delivered": 1}
    async with database.read() as session:
        heard = (await session.exec(select(MessagePartRow.delivered))).all()
    assert list(heard) == [True, True]


async def test_what_cannot_be_kept_stops_no_submission(
    database: Database, clock: Clock, bench: Bench
) -> None:
    await sending.add_task(database, clock.now, sending.phones(20))
    await bench.submit()
    brought = bench.bring(Receipt("ref", True, "DELIVRD", START), carrier="poison")
    await asyncio.sleep(0)
    with pytest.raises(ValueError, match="no column takes"):
        await bench.dispatcher.step()
    assert await sending.states(database) == {"claimed": 10, "queued": 10}
    await bench.submit()
    with pytest.raises(ValueError, match="no column takes"):
        await brought
    await bench.dispatcher.step()
    assert await sending.states(database) == {"submitted": 20}


async def test_receipts_a_moment_after_the_answers_are_one_write_with_them_too(
    database: Database, clock: Clock
) -> None:
    """While there is more to send and room for it, answers wait for the next turn."""
    await sending.add_account(database, clock.now)
    task_id = await sending.add_task(database, clock.now, sending.phones(30))
    bench = Bench(database, clock, ROOMY)
    first = await bench.submit()
    assert await bench.submit() != first
    assert await sending.states(database) == {"claimed": 20, "queued": 10}
    brought = bench.bring(*map(receipt, first))
    await asyncio.sleep(0)
    with Statements(database) as statements:
        await bench.submit()
    await brought
    updates = [one for one in statements.texts if one.startswith("UPDATE message ")]
    assert ["done_at=" in one for one in updates] == [True, False]  # written down, and taken
    assert await sending.states(database) == {"delivered": 10, "claimed": 20}
    await bench.dispatcher.step()
    assert await sending.states(database) == {"delivered": 10, "submitted": 20}
    submitted = [one for batch in bench.carrier.batches[1:] for one in batch]
    await bench.bring(*map(receipt, submitted))
    found = await aftermath.look(database, task_id, 30)
    assert found.inexact == ()


async def test_who_waits_for_the_dispatcher_hurries_it(
    database: Database, clock: Clock, bench: Bench
) -> None:
    await sending.add_task(database, clock.now, sending.phones(2))
    first, _ = await bench.submit()
    bench.woken.clear()
    brought = bench.bring(receipt(first))
    async with asyncio.timeout(LONGEST):
        await bench.woken.wait()
    await bench.dispatcher.step()
    await brought
    assert await kept(database) == 0
    assert await sending.states(database) == {"delivered": 1, "submitted": 1}


async def test_nobody_waits_for_a_dispatcher_that_has_stopped(
    database: Database, clock: Clock, bench: Bench
) -> None:
    await sending.add_task(database, clock.now, sending.phones(2))
    first, _ = await bench.submit()
    async with asyncio.timeout(10 * LONGEST):
        await bench.bring(receipt(first))
    assert await kept(database) == 1
    await bench.dispatcher.finish()
    assert await sending.states(database) == {"delivered": 1, "submitted": 1}


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=6), st.integers(0, 6))
def test_when_a_receipt_comes_changes_no_count(
    empty_sqlite: Path, said: list[tuple[int, bool]], early: int
) -> None:
    """The first receipt of a message stands, whether it came with the answer or after it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "console.sqlite"
        path.write_bytes(empty_sqlite.read_bytes())
        asyncio.run(play(Database(f"sqlite+aiosqlite:///{path}"), said, early))


async def play(database: Database, said: list[tuple[int, bool]], early: int) -> None:
    clock = Clock()
    await sending.add_account(database, clock.now)
    bench = Bench(database, clock)
    task_id = await sending.add_task(database, clock.now, sending.phones(3))
    messages = await bench.submit()
    receipts = [receipt(messages[number], delivered=good) for number, good in said]
    together = [bench.bring(one) for one in receipts[:early]]
    await asyncio.sleep(0)
    await bench.dispatcher.step()
    await asyncio.gather(*together)
    for one in receipts[early:]:
        await bench.bring(one)
    first: dict[int, bool] = {}
    for number, good in said:
        first.setdefault(number, good)
    task = await sending.task_row(database, task_id)
    delivered = sum(first.values())
    assert (task.accepted, task.delivered, task.failed) == (3, delivered, len(first) - delivered)
    found = await aftermath.look(database, task_id, 3)
    assert "hourly statistics" not in found.inexact
    await database.close()
