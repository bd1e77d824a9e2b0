"""Receipts of long messages: one for each part, in any order, and one fate (STA-1, STA-4)."""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func
from sqlmodel import select

from db import receipt
from db.kept_receipt import KeptReceiptRow
from db.message import MessageRow
from db.message_part import MessagePartRow
from db.queue import Claimed
from db.session import Database
from domain.carrier import Answer, Receipt, Verdict
from domain.message import MessageStatus
from tests import counting, sending
from tests.console import START as NOW
from tests.console import Statements
from tests.sending import CARRIER, bring, claim, record

LATER = NOW + timedelta(seconds=5)


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


def long(message: Claimed, parts: int = 3) -> Answer:
    """Make the answer to a message the carrier took in parts."""
    references = tuple(reference(message, number) for number in range(1, parts + 1))
    return Answer(message.id, Verdict.ACCEPTED, references)


def reference(message: Claimed, number: int) -> str:
    return f"part-{message.id}-{number}"


def heard(message: Claimed, number: int, code: str = "DELIVRD", at: datetime = LATER) -> Receipt:
    return Receipt(reference(message, number), code == "DELIVRD", code, at)


async def count(database: Database, table: type[MessagePartRow | KeptReceiptRow]) -> int:
    async with database.read() as session:
        return (await session.exec(select(func.count()).select_from(table))).one()


async def test_a_message_is_delivered_with_its_last_part_and_counts_once(
    database: Database, account: int
) -> None:
    task = await sending.add_task(database, NOW, sending.phones(1), segments=3)
    (message,) = await claim(database)
    await record(database, long(message))
    await bring(database, heard(message, 3, at=LATER + timedelta(seconds=9)), heard(message, 1))
    assert await sending.states(database) == {"submitted": 1}
    await bring(database, heard(message, 2), heard(message, 2))
    (row,) = await sending.messages(database)
    assert (row.state, row.code) == (MessageStatus.DELIVERED, "DELIVRD")
    assert row.done_at == LATER + timedelta(seconds=9)
    assert row.carrier_ref == reference(message, 1)
    found = await sending.task_row(database, task)
    assert (found.accepted, found.delivered, found.failed) == (1, 1, 0)
    (counts,) = (await counting.statistics(database)).values()
    assert counts == (1, 1, 3, 1, 0)


async def test_a_message_fails_with_its_first_part_that_fails(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(1))
    (message,) = await claim(database)
    await record(database, long(message))
    await bring(database, heard(message, 1), heard(message, 2, "MK:0012"))
    await bring(database, heard(message, 3, "EXPIRED"), heard(message, 2))
    (row,) = await sending.messages(database)
    assert (row.state, row.code) == (MessageStatus.FAILED, "MK:0012")
    assert await counting.failures(database) == ({"MK:0012": 1},) * 2


@pytest.mark.parametrize("parts", [1, 2])
async def test_a_message_that_is_answered_twice_at_once_counts_once(
    database: Database, account: int, parts: int
) -> None:
    """Its worker lost it and took it again, and both submissions are answered."""
    task = await sending.add_task(database, NOW, sending.phones(1))
    (message,) = await claim(database)
    again = Answer(message.id, Verdict.THROTTLED)
    await record(database, again, long(message, parts), long(message, parts), again)
    assert await sending.states(database) == {"submitted": 1}
    assert (await sending.task_row(database, task)).accepted == 1
    assert await count(database, MessagePartRow) == (parts if parts > 1 else 0)


async def test_the_first_receipt_of_a_part_stands(database: Database, account: int) -> None:
    await sending.add_task(database, NOW, sending.phones(1))
    (message,) = await claim(database)
    await record(database, long(message, 2))
    await bring(database, heard(message, 1), heard(message, 1, "MK:0012"))
    assert await sending.states(database) == {"submitted": 1}
    await bring(database, heard(message, 2))
    assert await sending.states(database) == {"delivered": 1}


async def test_receipts_of_parts_that_overtake_the_answer_are_applied_with_it(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(2))
    one, two = await claim(database)
    await bring(database, heard(one, 2), heard(two, 1), heard(two, 2), heard(two, 3))
    assert await count(database, KeptReceiptRow) == 4
    await record(database, long(one), long(two))
    assert [row.state.value for row in await sending.messages(database)] == [
        "submitted",
        "delivered",
    ]
    assert await count(database, KeptReceiptRow) == 0
    await bring(database, heard(one, 1), heard(one, 3))
    assert await sending.states(database) == {"delivered": 2}


async def test_a_carrier_that_gives_every_part_one_id_tells_of_all_at_once(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(1))
    (message,) = await claim(database)
    await record(database, Answer(message.id, Verdict.ACCEPTED, ("same", "same")))
    await bring(database, Receipt("same", delivered=True, code="DELIVRD", at=LATER))
    assert await sending.states(database) == {"delivered": 1}


async def test_an_id_that_a_carrier_uses_again_is_its_newest_messages(
    database: Database, account: int
) -> None:
    """Old messages may be of one part or of several, and so may the newest."""
    await sending.add_task(database, NOW, sending.phones(3))
    one, two, three = await claim(database)
    await record(database, Answer(one.id, Verdict.ACCEPTED, ("a", "b")))
    await record(database, Answer(two.id, Verdict.ACCEPTED, ("b",)))
    await record(database, Answer(three.id, Verdict.ACCEPTED, ("c", "a")))
    await bring(
        database, *(Receipt(name, delivered=True, code="DELIVRD", at=LATER) for name in "abc")
    )
    assert [row.state.value for row in await sending.messages(database)] == [
        "submitted",
        "delivered",
        "delivered",
    ]


async def test_one_carriers_ids_are_not_anothers(database: Database, account: int) -> None:
    await sending.add_task(database, NOW, sending.phones(1))
    (message,) = await claim(database)
    await record(database, long(message, 2))
    async with database.write() as session:
        await receipt.apply(session, {"another": [heard(message, 1), heard(message, 2)]}, NOW)
    assert await sending.states(database) == {"submitted": 1}


@pytest.mark.parametrize("several", [False, True])
async def test_a_batch_costs_a_fixed_number_of_statements(
    database: Database, account: int, several: bool
) -> None:
    numbers = []
    for size in (4, 40):
        await sending.add_task(database, NOW, sending.phones(size))
        batch = await claim(database, limit=size)
        parts = 2 if several else 1
        early, late = batch[: size // 2], batch[size // 2 :]
        await bring(database, *(heard(one, number) for one in early for number in (1, 2)[:parts]))
        with Statements(database) as answered:
            await record(database, *(long(one, parts) for one in batch))
        with Statements(database) as brought:
            await bring(
                database, *(heard(one, number) for one in late for number in (1, 2)[:parts])
            )
        numbers.append((len(answered), len(brought)))
    assert await sending.states(database) == {"delivered": 44}
    assert numbers[0] == numbers[1]
    # Find, tally, move and count; with parts: which messages, lock them, read and write the parts.
    assert numbers[0][1] <= (14 if several else 11)


async def test_workers_that_hear_of_the_same_messages_wait_for_each_other(
    database: Database, account: int
) -> None:
    """Each hears of one part of every message, in an order of its own."""
    await sending.add_task(database, NOW, sending.phones(20), segments=3)
    batch = await claim(database)
    await record(database, *map(long, batch))
    orders = batch, batch[::-1], batch[10:] + batch[:10]
    await asyncio.gather(
        *(
            bring(database, *(heard(one, number) for one in order))
            for number, order in enumerate(orders, 1)
        )
    )
    assert await sending.states(database) == {"delivered": 20}
    (counts,) = (await counting.statistics(database)).values()
    assert counts == (20, 20, 60, 20, 0)


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), st.integers(0, 2)),
        st.tuples(
            st.integers(0, 2), st.integers(1, 4), st.sampled_from(("DELIVRD",) * 4 + ("EXPIRED",))
        ),
    ),
    max_size=30,
)


class Model:
    """What must come of three messages: the first receipt of each part stands."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = sizes
        self.heard: dict[tuple[int, int], bool] = {}
        self.answered: set[int] = set()

    def state(self, place: int) -> str:
        if place not in self.answered:
            return "claimed"
        parts = [self.heard.get((place, number)) for number in range(1, self.sizes[place] + 1)]
        if False in parts:
            return "failed"
        return "submitted" if None in parts else "delivered"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 4), min_size=3, max_size=3), events=EVENTS)
def test_any_order_of_answers_and_receipts_comes_to_the_same(
    empty_sqlite: Path, sizes: list[int], events: list[tuple[object, ...]]
) -> None:
    async def play(path: Path) -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        try:
            await sending.add_account(database, NOW)
            await sending.add_task(database, NOW, sending.phones(3))
            batch, model = await claim(database), Model(sizes)
            for event in events:
                await one(database, batch, model, event)
            rows = await sending.messages(database)
            assert [row.state.value for row in rows] == [model.state(place) for place in range(3)]
            await counted(database, rows)
        finally:
            await database.close()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "console.sqlite"
        path.write_bytes(empty_sqlite.read_bytes())
        asyncio.run(play(path))


async def one(
    database: Database, batch: Sequence[Claimed], model: Model, event: tuple[object, ...]
) -> None:
    match event:
        case ("answer", int(place)):
            if place not in model.answered:
                model.answered.add(place)
                await record(database, long(batch[place], model.sizes[place]))
        case (int(place), int(number), str(code)) if number <= model.sizes[place]:
            # A message that has failed or arrived hears no more of its parts.
            model.heard.setdefault((place, number), code == "DELIVRD")
            await bring(database, heard(batch[place], number, code))


async def counted(database: Database, rows: Sequence[MessageRow]) -> None:
    """Compare the statistics with the messages."""
    states = [row.state.value for row in rows]
    known = sum(state != "claimed" for state in states)
    expected = (known, known, known, states.count("delivered"), states.count("failed"))
    assert list((await counting.statistics(database)).values()) == ([expected] if known else [])


async def test_parts_are_kept_beside_the_carrier_they_were_given_to(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(2))
    one, two = await claim(database)
    await record(database, long(one, 2), long(two, 1))
    async with database.read() as session:
        rows = (await session.exec(select(MessagePartRow))).all()
    assert [(row.message_id, row.number, row.carrier, row.reference) for row in rows] == [
        (one.id, 1, CARRIER, reference(one, 1)),
        (one.id, 2, CARRIER, reference(one, 2)),
    ]
    assert {row.submitted_at for row in rows} == {NOW}
