"""The simulator carrier: scripted numbers, a memory of its own, receipts until acknowledged."""

from datetime import timedelta

import pytest
import sqlalchemy

from db import simulator as ledger
from db.session import Database
from delivery.carriers.base import LiveState
from delivery.carriers.simulator import RATE_OVER, ROOM, Simulator
from delivery.settings import DeliverySettings
from domain.carrier import Answer, Outgoing, Receipt, Reply, Verdict
from domain.sandbox import Odds
from tests.console import Clock
from tests.delivery.sinks import RecordingSink, answers

SETTINGS = DeliverySettings(odds=Odds(success_rate=1, delay=timedelta(seconds=10), seed=1))


def message(number: int, ending: str = "0000") -> Outgoing:
    return Outgoing(number, f"+861380000{ending}", "[Shop] hello")


@pytest.fixture
def simulator(database: Database, clock: Clock) -> Simulator:
    return Simulator(database, clock, SETTINGS)


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()


async def duplicates(database: Database) -> int:
    async with database.read() as session:
        return await ledger.duplicates(session)


async def test_a_number_decides_what_the_carrier_answers(simulator: Simulator) -> None:
    given = await answers(simulator, message(1), message(2, "9920"), message(3, "9921"))
    assert given == [
        Answer(1, Verdict.ACCEPTED, references=("sim-1",)),
        Answer(2, Verdict.REFUSED, code="InvalidParameterValue.IncorrectPhoneNumber"),
        Answer(3, Verdict.THROTTLED),
    ]


async def test_a_throttled_message_is_accepted_the_second_time_also_by_a_new_process(
    simulator: Simulator, database: Database, clock: Clock, sink: RecordingSink
) -> None:
    await answers(simulator, message(1, "9921"))
    await simulator.push(sink)
    assert sink.calls == 0
    second = Simulator(database, clock, SETTINGS)
    (answer,) = await answers(second, message(1, "9921"))
    assert answer == Answer(1, Verdict.ACCEPTED, references=("sim-1",))
    await second.push(sink)
    assert [receipt.code for receipt in sink.receipts] == ["DELIVRD"]
    assert await duplicates(database) == 0


async def test_receipts_come_when_they_are_due_and_carry_that_time(
    simulator: Simulator, clock: Clock, sink: RecordingSink
) -> None:
    submitted_at = clock.now
    await answers(simulator, message(1), message(2, "9902"), message(3, "9910"), message(4, "9911"))
    await simulator.push(sink)
    assert sink.receipts == [Receipt("sim-2", False, "MK:0004", submitted_at, "+8613800009902")]
    clock.advance(timedelta(seconds=15))
    await simulator.push(sink)
    assert [receipt.reference for receipt in sink.receipts] == ["sim-2", "sim-1"]
    delay = sink.receipts[1].at - submitted_at
    assert timedelta(seconds=5) <= delay <= timedelta(seconds=15)
    clock.advance(timedelta(seconds=15))
    await simulator.push(sink)
    assert sink.receipts[2] == Receipt(
        "sim-3", True, "DELIVRD", submitted_at + timedelta(seconds=30), "+8613800009910"
    )
    clock.advance(timedelta(hours=20))
    await simulator.push(sink)
    assert len(sink.receipts) == 3


async def test_it_says_when_the_next_receipt_is_due(
    simulator: Simulator, clock: Clock, sink: RecordingSink
) -> None:
    assert await simulator.push(sink) == 1
    await answers(simulator, message(1, "9910"))
    assert await simulator.push(sink) == 1
    clock.advance(timedelta(seconds=29.75))
    assert await simulator.push(sink) == 0.25


async def test_a_recipient_replies(simulator: Simulator, clock: Clock, sink: RecordingSink) -> None:
    await answers(simulator, message(1, "9930"))
    await simulator.push(sink)
    assert sink.receipts == [Receipt("sim-1", True, "DELIVRD", clock.now, "+8613800009930")]
    assert sink.replies == [Reply("+8613800009930", "TD", clock.now, "sim-1")]


async def test_a_receipt_comes_again_until_it_is_acknowledged(
    simulator: Simulator, clock: Clock, sink: RecordingSink
) -> None:
    await answers(simulator, message(1, "9900"))
    sink.failures = 1
    with pytest.raises(ConnectionError):
        await simulator.push(sink)
    clock.advance(timedelta(seconds=1))
    await simulator.push(sink)
    assert sink.receipts == []
    clock.advance(timedelta(seconds=1))
    await simulator.push(sink)
    clock.advance(timedelta(seconds=60))
    await simulator.push(sink)
    await simulator.push(sink)
    assert len(sink.receipts) == 1


async def test_it_says_what_became_of_messages_whose_fate_is_final(
    simulator: Simulator, clock: Clock
) -> None:
    batch = [message(1, "9900"), message(2, "9902"), message(3), message(4, "9911")]
    await answers(simulator, *batch)
    clock.advance(timedelta(seconds=1))
    found = await simulator.query(["sim-1", "sim-2", "sim-3", "sim-4", "sim-5"])
    assert {(one.reference, one.delivered, one.code, one.phone) for one in found} == {
        ("sim-1", True, "DELIVRD", "+8613800009900"),
        ("sim-2", False, "MK:0004", "+8613800009902"),
    }


async def test_it_tells_how_it_does(simulator: Simulator, clock: Clock) -> None:
    await answers(simulator, *map(message, range(1, 11)))
    assert simulator.state() == LiveState(binds=1, binds_wanted=1, window=0, rate=2)
    assert simulator.room() == ROOM
    clock.advance(RATE_OVER)
    assert simulator.state().rate == 0


async def test_what_its_ledger_cannot_take_was_not_submitted(
    simulator: Simulator, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with database.write() as session:
        drop = sqlalchemy.text("DROP TABLE simulated_submission")
        await (await session.connection()).execute(drop)
    assert await answers(simulator, message(1)) == [Answer(1, Verdict.UNAVAILABLE)]
    assert "the simulator took nothing: OperationalError" in caplog.text


async def test_what_is_submitted_twice_is_counted_and_gets_one_receipt(
    simulator: Simulator, database: Database, sink: RecordingSink
) -> None:
    await answers(simulator, message(1, "9900"), message(2, "9900"))
    await answers(simulator, message(1, "9900"))
    await answers(simulator, message(1, "9900"))
    assert await duplicates(database) == 2
    await simulator.push(sink)
    await simulator.push(sink)
    assert sorted(receipt.reference for receipt in sink.receipts) == ["sim-1", "sim-2"]


async def test_a_submission_is_forgotten_after_a_day(
    simulator: Simulator, database: Database, clock: Clock, sink: RecordingSink
) -> None:
    await answers(simulator, message(1, "9911"))
    for forgotten, hours in ((False, 24), (True, 1)):
        clock.advance(timedelta(hours=hours))
        await simulator.push(sink)
        async with database.read() as session:
            assert bool(await ledger.known(session, ["sim-1"])) is not forgotten
