"""What every carrier has to keep, whatever it speaks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final

import pytest

from db import carrier as carriers
from db.carrier import CarrierRow
from db.session import Database
from db.vault import Vault
from delivery.carriers.base import Carrier
from delivery.settings import DeliverySettings
from domain.carrier import Outgoing, Verdict
from domain.carrier_form import draft
from domain.carrier_settings import Smpp
from domain.sandbox import Odds
from tests.console import KEY, Clock
from tests.delivery.sinks import RecordingSink, answers
from tests.foreign_smsc import has_npm, npm_smsc, smpp34_smsc
from tests.laning import build
from tests.sending import phones

SETTINGS = DeliverySettings(
    poll=timedelta(milliseconds=5), odds=Odds(success_rate=1, delay=timedelta(0), seed=1)
)
BATCH = [Outgoing(number, phone, "[Shop] hello") for number, phone in enumerate(phones(20), 1)]
SMSCS: Final = {"smpp34": smpp34_smsc, "npm": npm_smsc}
NO_NPM = pytest.mark.skipif(not has_npm(), reason="Node or its smpp is not here: make test")


@pytest.fixture(params=["simulator", "smpp34", pytest.param("npm", marks=NO_NPM)])
async def row(
    request: pytest.FixtureRequest, database: Database, clock: Clock
) -> AsyncIterator[CarrierRow]:
    """The simulator, and SMPP to SMSCs that others wrote."""
    if request.param == "simulator":
        async with database.write() as session:
            await carriers.ensure_default(session, clock.now)
            (default,) = await carriers.in_force(session)
        yield default
        return
    smsc: AbstractAsyncContextManager[int] = SMSCS[request.param]()
    async with smsc as port:
        smpp = Smpp(host="127.0.0.1", port=port, system_id="console")
        new = draft(request.param, "", smpp, "secret")
        async with database.write() as session:
            added = await carriers.add(session, new, Vault(KEY), clock.now)
        yield added


@pytest.fixture
async def carrier(row: CarrierRow, database: Database, clock: Clock) -> AsyncIterator[Carrier]:
    built = build(database, clock, SETTINGS)(row)
    yield built
    await built.stop()


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()


async def started(carrier: Carrier, sink: RecordingSink) -> None:
    await carrier.start(sink)
    async with asyncio.timeout(5):
        while not carrier.room():  # noqa: ASYNC110 - a carrier tells nobody that it is connected
            await asyncio.sleep(0.001)


async def test_it_bears_the_name_it_is_listed_under(carrier: Carrier, row: CarrierRow) -> None:
    assert carrier.name == row.name
    assert len(row.name) <= 40


async def test_it_has_room_and_says_how_it_does(carrier: Carrier, sink: RecordingSink) -> None:
    await started(carrier, sink)
    state = carrier.state()
    assert state.binds == state.binds_wanted > 0
    assert (state.window, state.error, state.error_at) == (0, "", None)


async def test_each_message_gets_one_answer_and_a_reference_of_its_own(
    carrier: Carrier, sink: RecordingSink
) -> None:
    await started(carrier, sink)
    given = await answers(carrier, *BATCH)
    assert [answer.message_id for answer in given] == [one.message_id for one in BATCH]
    assert {answer.verdict for answer in given} == {Verdict.ACCEPTED}
    references = {reference for answer in given for reference in answer.references}
    assert len(references) == len(BATCH)
    assert all(0 < len(reference) <= 80 for reference in references)


async def test_batches_may_be_submitted_side_by_side(carrier: Carrier, sink: RecordingSink) -> None:
    await started(carrier, sink)
    parts = [BATCH[start : start + 5] for start in range(0, len(BATCH), 5)]
    given = await asyncio.gather(*(answers(carrier, *part) for part in parts))
    assert [[answer.message_id for answer in some] for some in given] == [
        [one.message_id for one in part] for part in parts
    ]


async def test_receipts_bear_the_references_of_the_answers(
    carrier: Carrier, sink: RecordingSink
) -> None:
    await started(carrier, sink)
    given = await answers(carrier, *BATCH)
    async with asyncio.timeout(5):
        while len(sink.receipts) < len(BATCH):
            await sink.until(sink.calls + 1)
    assert {one.reference for one in sink.receipts} == {answer.references[0] for answer in given}
    assert all(one.delivered for one in sink.receipts)


async def test_what_the_sink_could_not_keep_is_brought_again(
    carrier: Carrier, clock: Clock, sink: RecordingSink
) -> None:
    sink.failures = 1
    await started(carrier, sink)
    await answers(carrier, BATCH[0])
    await sink.until(1)
    clock.advance(timedelta(minutes=1))
    await sink.until(2)
    assert len(sink.receipts) == 1


async def test_what_was_not_kept_is_brought_to_the_next_process(
    carrier: Carrier, row: CarrierRow, database: Database, clock: Clock, sink: RecordingSink
) -> None:
    sink.failures = 1_000
    await started(carrier, sink)
    (answer,) = await answers(carrier, BATCH[0])
    await sink.until(1)
    await carrier.stop()
    stopped_at = sink.calls
    clock.advance(timedelta(minutes=1))
    await asyncio.sleep(0.02)
    assert sink.calls == stopped_at
    second, kept = build(database, clock, SETTINGS)(row), RecordingSink()
    await second.start(kept)
    await kept.until(1)
    await second.stop()
    assert [one.reference for one in kept.receipts] == list(answer.references)


async def test_it_may_be_stopped_twice(carrier: Carrier, sink: RecordingSink) -> None:
    await started(carrier, sink)
    await carrier.stop()
    await carrier.stop()
    assert sink.calls == 0
