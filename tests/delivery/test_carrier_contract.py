"""What every carrier has to keep, whatever it speaks."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from db.session import Database
from delivery.carriers import CARRIERS, DEFAULT
from delivery.carriers.base import Carrier
from delivery.settings import DeliverySettings
from domain.carrier import Outgoing, Verdict
from domain.sandbox import Odds
from tests.console import Clock
from tests.delivery.sinks import RecordingSink, answers
from tests.sending import phones

SETTINGS = DeliverySettings(
    poll=timedelta(milliseconds=5), odds=Odds(success_rate=1, delay=timedelta(0), seed=1)
)
BATCH = [Outgoing(number, phone, "[Shop] hello") for number, phone in enumerate(phones(20), 1)]


@pytest.fixture(params=sorted(CARRIERS))
def name(request: pytest.FixtureRequest) -> str:
    carrier: str = request.param
    return carrier


@pytest.fixture
async def carrier(name: str, database: Database, clock: Clock) -> AsyncIterator[Carrier]:
    built = CARRIERS[name](database, clock, SETTINGS)
    yield built
    await built.stop()


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()


def test_the_default_carrier_is_one_of_them() -> None:
    assert DEFAULT in CARRIERS


async def test_it_bears_the_name_it_is_listed_under(carrier: Carrier, name: str) -> None:
    assert carrier.name == name
    assert len(name) <= 40


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
    carrier: Carrier, name: str, database: Database, clock: Clock, sink: RecordingSink
) -> None:
    await carrier.start(sink)
    await carrier.stop()
    await answers(carrier, BATCH[0])
    assert sink.calls == 0
    second = CARRIERS[name](database, clock, SETTINGS)
    await second.start(sink)
    await sink.until(1)
    await second.stop()
    assert len(sink.receipts) == 1
