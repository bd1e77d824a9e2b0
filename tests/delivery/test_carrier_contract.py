"""What every carrier has to keep, whatever it speaks."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from db import carrier as carriers
from db.carrier import CarrierRow
from db.session import Database
from delivery.carriers.base import Carrier
from delivery.settings import DeliverySettings
from domain.carrier import Outgoing, Verdict
from domain.sandbox import Odds
from tests.console import Clock
from tests.delivery.sinks import RecordingSink, answers
from tests.laning import build
from tests.sending import phones

SETTINGS = DeliverySettings(
    poll=timedelta(milliseconds=5), odds=Odds(success_rate=1, delay=timedelta(0), seed=1)
)
BATCH = [Outgoing(number, phone, "[Shop] hello") for number, phone in enumerate(phones(20), 1)]


@pytest.fixture
async def row(database: Database, clock: Clock) -> CarrierRow:
    async with database.write() as session:
        await carriers.ensure_default(session, clock.now)
        (default,) = await carriers.in_force(session)
    return default


@pytest.fixture
async def carrier(row: CarrierRow, database: Database, clock: Clock) -> AsyncIterator[Carrier]:
    built = build(database, clock, SETTINGS)(row)
    yield built
    await built.stop()


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()


async def test_it_bears_the_name_it_is_listed_under(carrier: Carrier, row: CarrierRow) -> None:
    assert carrier.name == row.name
    assert len(row.name) <= 40


async def test_it_has_room_and_says_how_it_does(carrier: Carrier, sink: RecordingSink) -> None:
    await carrier.start(sink)
    assert carrier.room() > 0
    assert carrier.state().binds == carrier.state().binds_wanted > 0


async def test_each_message_gets_one_answer_and_a_reference_of_its_own(carrier: Carrier) -> None:
    given = await answers(carrier, *BATCH)
    assert [answer.message_id for answer in given] == [one.message_id for one in BATCH]
    assert {answer.verdict for answer in given} == {Verdict.ACCEPTED}
    references = {reference for answer in given for reference in answer.references}
    assert len(references) == len(BATCH)
    assert all(0 < len(reference) <= 80 for reference in references)


async def test_receipts_bear_the_references_of_the_answers(
    carrier: Carrier, sink: RecordingSink
) -> None:
    await carrier.start(sink)
    given = await answers(carrier, *BATCH)
    async with asyncio.timeout(5):
        while len(sink.receipts) < len(BATCH):
            await sink.until(sink.calls + 1)
    assert {one.reference for one in sink.receipts} == {answer.references[0] for answer in given}


async def test_what_the_sink_could_not_keep_is_brought_again(
    carrier: Carrier, clock: Clock, sink: RecordingSink
) -> None:
    sink.failures = 1
    await carrier.start(sink)
    await answers(carrier, BATCH[0])
    await sink.until(1)
    clock.advance(timedelta(minutes=1))
    await sink.until(2)
    assert len(sink.receipts) == 1


async def test_nothing_is_brought_after_stop_and_the_rest_by_the_next_process(
    carrier: Carrier, row: CarrierRow, database: Database, clock: Clock, sink: RecordingSink
) -> None:
    await carrier.start(sink)
    await carrier.stop()
    await answers(carrier, BATCH[0])
    assert sink.calls == 0
    second = build(database, clock, SETTINGS)(row)
    await second.start(sink)
    await sink.until(1)
    await second.stop()
    assert len(sink.receipts) == 1
