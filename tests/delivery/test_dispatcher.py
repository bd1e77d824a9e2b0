"""From the queue to a carrier and back: one batch in doubt at most, none forgotten (BLK-5)."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from db.message import TABLE
from db.session import Database
from db.template import TemplateRow
from delivery.content import REMEMBERED, Contents
from delivery.settings import DeliverySettings
from domain.carrier import Verdict
from domain.task import TaskStatus, UnknownPolicy
from tests import counting, sending
from tests.console import Clock, Statements
from tests.delivery.scripted import ScriptedCarrier, Stepped

SETTINGS = DeliverySettings(batch=10, poll=timedelta(seconds=3))


@pytest.fixture
async def account(database: Database, clock: Clock) -> int:
    return await sending.add_account(database, clock.now)


def make(database: Database, clock: Clock, carrier: ScriptedCarrier) -> Stepped:
    return Stepped(database, clock, SETTINGS, carrier)


async def test_a_task_is_submitted_batch_by_batch_and_then_sent(
    database: Database, clock: Clock, account: int
) -> None:
    numbers = sending.phones(25)
    task = await sending.add_task(database, clock.now, numbers)
    carrier = ScriptedCarrier()
    dispatcher = make(database, clock, carrier)
    assert await dispatcher.turns(4) == [0, 0, 3, 3]
    assert [len(batch) for batch in carrier.batches] == [10, 10, 5]
    assert [one.phone for batch in carrier.batches for one in batch] == numbers
    assert (await sending.task_row(database, task)).status is TaskStatus.SENT
    assert await sending.states(database) == {"submitted": 25}


async def test_the_text_is_the_template_filled_in_with_its_signature_in_front(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, sending.phones(1))
    carrier = ScriptedCarrier()
    await make(database, clock, carrier).turn()
    assert carrier.batches[0][0].text == "【Shop】Order A2 leaves on Monday"


async def test_an_idle_dispatcher_asks_one_question_and_writes_nothing(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, sending.phones(3), status=TaskStatus.READY)
    dispatcher = make(database, clock, ScriptedCarrier())
    with Statements(database) as statements:
        assert await dispatcher.turn() == 3
    assert len(statements) == 1
    assert statements.texts[0].startswith("SELECT")


async def test_a_killed_worker_leaves_in_doubt_what_is_in_flight_and_no_more(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, sending.phones(95))
    settings = DeliverySettings(batch=10, in_flight=25)
    dispatcher = Stepped(database, clock, settings, carrier := ScriptedCarrier())
    carrier.answering.clear()
    for _ in range(5):
        await dispatcher.dispatcher.step()
    assert await sending.states(database) == {"claimed": 25, "queued": 70}
    carrier.answering.set()
    await dispatcher.turns(2)
    assert await sending.states(database) == {"submitted": 25, "claimed": 10, "queued": 60}


async def test_a_stopped_worker_leaves_none(database: Database, clock: Clock, account: int) -> None:
    await sending.add_task(database, clock.now, sending.phones(35))
    dispatcher = make(database, clock, ScriptedCarrier())
    await dispatcher.turn()
    await dispatcher.finish()
    await dispatcher.finish()
    assert await sending.states(database) == {"submitted": 10, "queued": 25}


async def test_it_slows_down_while_the_carrier_takes_nothing(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, sending.phones(5))
    carrier = ScriptedCarrier(*[Verdict.THROTTLED] * 6, *[Verdict.UNAVAILABLE] * 4)
    dispatcher = make(database, clock, carrier)
    pauses = []
    for _ in range(10):
        await dispatcher.turn()
        await dispatcher.turn()  # which records that nothing was taken
        pauses.append(dispatcher.lanes.pause(60))
        clock.advance(timedelta(seconds=pauses[-1]))
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10, 10]
    await dispatcher.turn()
    await dispatcher.finish()
    assert await sending.states(database) == {"submitted": 5}
    assert [row.attempts for row in await sending.messages(database)] == [11] * 5


async def test_what_a_carrier_fails_to_answer_is_sent_again(
    database: Database, clock: Clock, account: int, caplog: pytest.LogCaptureFixture
) -> None:
    await sending.add_task(database, clock.now, sending.phones(5))
    carrier = ScriptedCarrier(ConnectionError)
    dispatcher = make(database, clock, carrier)
    assert await dispatcher.turns(3) == [3, 0, 3]
    await dispatcher.finish()
    assert "left 5 messages without an answer: ConnectionError" in caplog.text
    assert [len(batch) for batch in carrier.batches] == [5, 5]
    assert await sending.states(database) == {"submitted": 5}


async def test_a_carrier_that_never_answers_is_left_at_half_the_lease(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(
        database, clock.now, sending.phones(5), unknown_policy=UnknownPolicy.WAIT
    )
    settings = DeliverySettings(batch=10, lease=timedelta(milliseconds=20))
    dispatcher = Stepped(database, clock, settings, carrier := ScriptedCarrier())
    carrier.answering.clear()
    assert await dispatcher.turn() > 0
    await dispatcher.finish()
    assert await sending.states(database) == {"unknown": 5}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"template_id": 999}, "FailedOperation.TemplateUnapprovedOrNotExist"),
        ({"signature_id": 999}, "FailedOperation.SignatureIncorrectOrUnapproved"),
        ({"params": '["A2"]'}, "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"),
        (
            {"params": f'["{"x" * 490}","Monday"]'},
            "InvalidParameterValue.ContentLengthLimit",
        ),
    ],
)
async def test_a_message_that_cannot_be_rendered_is_refused_and_the_others_go_on(
    database: Database, clock: Clock, account: int, change: dict[str, object], code: str
) -> None:
    task = await sending.add_task(database, clock.now, sending.phones(3))
    async with database.write() as session:
        statement = update(TABLE).where(TABLE.c.id == 2)
        await (await session.connection()).execute(statement.values(**change))
    carrier = ScriptedCarrier()
    dispatcher = make(database, clock, carrier)
    await dispatcher.turn()
    await dispatcher.finish()
    assert len(carrier.batches[0]) == 2
    assert await sending.states(database) == {"submitted": 2, "refused": 1}
    assert await counting.failures(database) == ({code: 1}, {code: 1})
    assert (await sending.task_row(database, task)).status is TaskStatus.SENT


async def test_a_batch_of_none_that_can_be_rendered_reaches_no_carrier(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, sending.phones(3))
    async with database.write() as session:
        await (await session.connection()).execute(update(TABLE).values(params="[]"))
    carrier = ScriptedCarrier()
    dispatcher = make(database, clock, carrier)
    assert await dispatcher.turn() == 3
    assert carrier.batches == []
    assert await sending.states(database) == {"refused": 3}


async def test_accounts_take_turns_from_batch_to_batch(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, sending.phones(500))
    small = await sending.add_account(database, clock.now, uin=account + 1)
    last = await sending.add_task(database, clock.now, sending.phones(10), uin=small)
    carrier = ScriptedCarrier()
    dispatcher = make(database, clock, carrier)
    for _ in range(4):
        await dispatcher.turn()
    assert (await sending.task_row(database, last)).status is TaskStatus.SENT


async def test_remembered_templates_are_bounded(
    database: Database, clock: Clock, account: int
) -> None:
    contents = Contents()
    async with database.write() as session:
        first = await session.get(TemplateRow, account)
        assert first is not None
        shared = first.model_dump(exclude={"id"})
        session.add_all(TemplateRow(**shared) for _ in range(REMEMBERED + 5))
    await sending.add_task(database, clock.now, sending.phones(1))
    (message,) = await sending.claim(database)
    async with database.read() as session:
        with Statements(database) as statements:
            for template_id in range(account + 1, account + REMEMBERED + 4):
                await contents.render(session, [message._replace(template_id=template_id)])
            loads = len(statements)
            outgoing, _ = await contents.render(session, [message])
    assert loads >= REMEMBERED
    assert len(statements) > loads
    assert len(outgoing) == 1
