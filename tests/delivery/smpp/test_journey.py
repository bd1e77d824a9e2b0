"""From a task over SMPP to receipts and replies in the database (BLK-8, STA-1, STA-3, UNS-1)."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from sqlalchemy import update
from sqlmodel import select

from db.reply import ReplyRow
from db.session import Database
from db.template import TemplateRow
from db.unsubscription import UnsubscriptionRow
from delivery.carriers.smpp.carrier import SmppCarrier
from delivery.carriers.smpp.settings import SmppSettings
from delivery.dispatcher import Dispatcher
from delivery.receipts import Receipts
from delivery.settings import DeliverySettings
from tests import sending
from tests.console import START
from tests.delivery.smpp.hours import until
from tests.laning import lanes, turn
from tests.smsc_honest import Smsc, Submitted, mobile_originated, receipt

NAME = "smpp"
LONG = "Order {1} leaves on {2}. " + "It comes to your door. " * 10


class Hasty(Smsc):
    """Sends the receipt of each part before it answers the submission."""

    def on_submit(self, one: Submitted) -> None:
        """Tell what became of it, then take it."""
        number = len(self.accepted) + 1
        self.deliver(receipt(f"id-{number}", one.destination[2]), first=number)
        self.accept(one)


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, START)


class Journey:
    """A worker's part, by hand: one carrier, its sink, and a dispatcher."""

    def __init__(self, database: Database, smsc: Smsc) -> None:
        self.database = database
        self.smsc = smsc
        settings = SmppSettings(host="127.0.0.1", port=smsc.port, system_id="us", password="")
        delivery = DeliverySettings()
        self.carrier = SmppCarrier(NAME, settings, self.now)
        self.sink = Receipts(database, sending.OPT_OUT, self.now)
        self.lanes = lanes(self.now, delivery, self.carrier)
        self.dispatcher = Dispatcher(database, self.lanes, self.now, delivery, "one")

    @staticmethod
    def now() -> datetime:
        return START

    async def send(self) -> None:
        """Submit what is queued, and record what was answered."""
        await until(lambda: self.carrier.room() > 0)
        while await turn(self.dispatcher, self.lanes) == 0:
            pass
        await self.dispatcher.finish()

    async def acknowledged(self, number: int) -> None:
        """Wait until so many deliver_sm are acknowledged."""
        await until(lambda: len(self.smsc.acknowledged()) >= number)


async def travel(database: Database, smsc: Smsc) -> AsyncIterator[Journey]:
    await smsc.start()
    journey = Journey(database, smsc)
    await journey.carrier.start(journey.sink)
    yield journey
    await journey.carrier.stop()
    await smsc.stop()


@pytest.fixture
async def honest(database: Database, account: int) -> AsyncIterator[Journey]:
    async for journey in travel(database, Smsc()):
        yield journey


@pytest.fixture
async def hasty(database: Database, account: int) -> AsyncIterator[Journey]:
    async for journey in travel(database, Hasty()):
        yield journey


async def lengthen(database: Database) -> None:
    """Give the template a text of two parts."""
    async with database.write() as session:
        await (await session.connection()).execute(update(TemplateRow).values(content=LONG))


async def test_a_long_message_arrives_with_its_last_part(
    database: Database, honest: Journey
) -> None:
    await lengthen(database)
    await sending.add_task(database, START, sending.phones(1), segments=2)
    await honest.send()
    ids = [message_id for _, message_id in honest.smsc.accepted]
    assert len(ids) >= 2
    *early, last = ids
    honest.smsc.deliver(*map(receipt, early))
    await honest.acknowledged(len(early))
    assert await sending.states(database) == {"submitted": 1}
    honest.smsc.deliver(receipt(last), first=100)
    await honest.acknowledged(len(ids))
    assert await sending.states(database) == {"delivered": 1}


async def test_receipts_before_the_response_are_not_lost(
    database: Database, hasty: Journey
) -> None:
    await lengthen(database)
    task = await sending.add_task(database, START, sending.phones(30), segments=2)
    await hasty.send()
    await hasty.acknowledged(len(hasty.smsc.accepted))
    assert await sending.states(database) == {"delivered": 30}
    found = await sending.task_row(database, task)
    assert (found.accepted, found.delivered, found.failed) == (30, 30, 0)


async def test_a_reply_finds_the_last_message_and_unsubscribes(
    database: Database, honest: Journey
) -> None:
    (phone,) = sending.phones(1)
    await sending.add_task(database, START, [phone])
    await honest.send()
    digits = phone.removeprefix("+")
    words = mobile_originated(b"TD", digits), mobile_originated(b"TD", "8613911111111")
    honest.smsc.deliver(*words)
    await honest.acknowledged(2)
    honest.smsc.deliver(words[0], first=50)
    await honest.acknowledged(3)
    (message,) = await sending.messages(database)
    async with database.read() as session:
        (reply,) = (await session.exec(select(ReplyRow))).all()
        (gone,) = (await session.exec(select(UnsubscriptionRow))).all()
    assert (reply.message_id, reply.text, reply.received_at) == (message.id, "TD", START)
    assert (gone.phone, gone.opt_outs) == (phone, 1)
