"""From the queue to a carrier and back: one batch in doubt at most, none forgotten (BLK-5)."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import update

from db.message import TABLE
from db.session import Database
from db.template import TemplateRow
from delivery.carriers.base import Answered, LiveState, Sink
from delivery.content import REMEMBERED, Contents
from delivery.dispatcher import LONGEST_PAUSE, Dispatcher
from delivery.settings import DeliverySettings
from domain.carrier import Answer, Outgoing, Receipt, Verdict
from domain.task import TaskStatus
from tests import sending
from tests.console import Clock, Statements

SETTINGS = DeliverySettings(batch=10, poll=timedelta(seconds=3))


class ScriptedCarrier:
    """Answers each batch as the next of `verdicts` says, then accepts; keeps what it was given."""

    name = "scripted"

    def __init__(self, *verdicts: Verdict | type[Exception]) -> None:
        self.verdicts = list(verdicts)
        self.batches: list[Sequence[Outgoing]] = []

    async def start(self, sink: Sink) -> None:
        """Bring nothing."""

    async def stop(self) -> None:
        """Bring nothing."""

    def room(self) -> int:
        """Take any number."""
        return 1_000

    async def query(self, _references: Sequence[str], /) -> Sequence[Receipt]:
        """Know nothing."""
        return ()

    def state(self) -> LiveState:
        """Be bound."""
        return LiveState(binds=1, binds_wanted=1, window=0, rate=0)

    async def submit(self, batch: Sequence[Outgoing], answered: Answered, /) -> None:
        """Answer all alike."""
        self.batches.append(batch)
        verdict = self.verdicts.pop(0) if self.verdicts else Verdict.ACCEPTED
        if not isinstance(verdict, Verdict):
            raise verdict
        answered([Answer(one.message_id, verdict, (f"ref-{one.message_id}",)) for one in batch])


@pytest.fixture
async def account(database: Database, clock: Clock) -> int:
    return await sending.add_account(database, clock.now)


def make(database: Database, clock: Clock, carrier: ScriptedCarrier) -> Dispatcher:
    return Dispatcher(database, carrier, clock, SETTINGS, "one")


async def test_a_task_is_submitted_batch_by_batch_and_then_sent(
    database: Database, clock: Clock, account: int
) -> None:
    numbers = sending.phones(25)
    task = await sending.add_task(database, clock.now, numbers)
    carrier = ScriptedCarrier()
    dispatcher = make(database, clock, carrier)
    assert [await dispatcher.step() for _ in range(4)] == [0, 0, 0, 3]
    assert [len(batch) for batch in carrier.batches] == [10, 10, 5]
    assert [one.phone for batch in carrier.batches for one in batch] == numbers
    assert (await sending.task_row(database, task)).status is TaskStatus.SENT
    assert await sending.states(database) == {"submitted": 25}


async def test_the_text_is_the_template_filled_in_with_its_signature_in_front(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, sending.phones(1))
    carrier = ScriptedCarrier()
    await make(database, clock, carrier).step()
    assert carrier.batches[0][0].text == "【Shop】Order A2 leaves on Monday"


async def test_an_idle_dispatcher_asks_one_question_and_writes_nothing(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, sending.phones(3), status=TaskStatus.READY)
    dispatcher = make(database, clock, ScriptedCarrier())
    with Statements(database) as statements:
        assert await dispatcher.step() == 3
    assert len(statements) == 1
    assert statements.texts[0].startswith("SELECT")


async def test_a_killed_worker_leaves_one_batch_in_doubt(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, sending.phones(35))
    dispatcher = make(database, clock, ScriptedCarrier())
    for _ in range(3):
        await dispatcher.step()
    assert await sending.states(database) == {"submitted": 20, "claimed": 10, "queued": 5}


async def test_a_stopped_worker_leaves_none(database: Database, clock: Clock, account: int) -> None:
    await sending.add_task(database, clock.now, sending.phones(35))
    dispatcher = make(database, clock, ScriptedCarrier())
    await dispatcher.step()
    await dispatcher.finish()
    await dispatcher.finish()
    assert await sending.states(database) == {"submitted": 10, "queued": 25}


async def test_it_slows_down_while_the_carrier_takes_nothing(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, sending.phones(5))
    carrier = ScriptedCarrier(*[Verdict.THROTTLED] * 6, *[Verdict.UNAVAILABLE] * 4)
    dispatcher = make(database, clock, carrier)
    pauses = [await dispatcher.step() for _ in range(10)]
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, *[LONGEST_PAUSE] * 3]
    assert await dispatcher.step() == 0
    await dispatcher.finish()
    assert await sending.states(database) == {"submitted": 5}
    assert [row.attempts for row in await sending.messages(database)] == [11] * 5


async def test_a_batch_whose_fate_is_not_known_waits_for_its_lease(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, sending.phones(5))
    dispatcher = make(database, clock, ScriptedCarrier(ConnectionError))
    with pytest.raises(ConnectionError):
        await dispatcher.step()
    assert await dispatcher.step() == 3
    assert await sending.states(database) == {"claimed": 5}


async def test_a_carrier_that_never_answers_is_left_at_half_the_lease(
    database: Database, clock: Clock, account: int
) -> None:
    class Silent(ScriptedCarrier):
        async def submit(self, _batch: Sequence[Outgoing], _answered: Answered, /) -> None:
            await asyncio.Event().wait()

    await sending.add_task(database, clock.now, sending.phones(5))
    settings = DeliverySettings(batch=10, lease=timedelta(milliseconds=20))
    dispatcher = Dispatcher(database, Silent(), clock, settings, "one")
    assert await dispatcher.step() > 0
    await dispatcher.finish()
    assert await sending.states(database) == {"claimed": 5}


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
    await dispatcher.step()
    await dispatcher.finish()
    assert len(carrier.batches[0]) == 2
    assert await sending.states(database) == {"submitted": 2, "refused": 1}
    assert await sending.failures(database) == ({code: 1}, {code: 1})
    assert (await sending.task_row(database, task)).status is TaskStatus.SENT


async def test_a_batch_of_none_that_can_be_rendered_reaches_no_carrier(
    database: Database, clock: Clock, account: int
) -> None:
    await sending.add_task(database, clock.now, sending.phones(3))
    async with database.write() as session:
        await (await session.connection()).execute(update(TABLE).values(params="[]"))
    carrier = ScriptedCarrier()
    dispatcher = make(database, clock, carrier)
    assert await dispatcher.step() == 0
    assert await dispatcher.step() == 3
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
    for _ in range(3):
        await dispatcher.step()
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
