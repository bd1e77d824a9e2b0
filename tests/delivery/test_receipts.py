"""The sink: committed before acknowledged, and many at once in one commit."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.kept_receipt import KeptReceiptRow
from db.message_part import MessagePartRow
from db.reply import ReplyRow
from db.session import Database
from db.unsubscription import UnsubscriptionRow
from delivery.carriers.base import Inbound
from delivery.receipts import COMMITTED_AT_ONCE, Receipts
from domain.carrier import Answer, Receipt, Reply, Verdict
from tests import counting, sending
from tests.console import START
from tests.sending import CARRIER, accepted, claim, receipt_of, record


class Watched(Database):
    """A database that counts its transactions, holds them up and fails when told."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.writes = 0
        self.broken = False
        self.gate = asyncio.Event()
        self.gate.set()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction."""
        self.writes += 1
        await self.gate.wait()
        async with super().write() as session:
            yield session
            if self.broken:
                raise ConnectionError("the database is away")


@pytest.fixture
async def watched(sqlite_url: str) -> AsyncIterator[Watched]:
    database = Watched(sqlite_url)
    await sending.add_account(database, START)
    yield database
    await database.close()


async def submitted(database: Database, count: int) -> list[Receipt]:
    """Submit messages, and give their receipts."""
    await sending.add_task(database, START, sending.phones(count))
    messages = await claim(database, limit=count)
    await record(database, *map(accepted, messages))
    return [receipt_of(message) for message in messages]


async def test_it_returns_after_the_commit(watched: Watched) -> None:
    receipts = await submitted(watched, 3)
    await Receipts(watched, sending.OPT_OUT, lambda: START)(CARRIER, Inbound(receipts))
    assert await sending.states(watched) == {"delivered": 3}


async def test_what_no_message_has_keeps_nothing_else_back(watched: Watched) -> None:
    (receipt,) = await submitted(watched, 1)
    strange = Receipt("ref-999", True, "DELIVRD", START)
    reply = Reply("+8613800000001", "TD", START, "ref-998")
    await Receipts(watched, sending.OPT_OUT, lambda: START)(
        CARRIER, Inbound([strange, receipt], [reply])
    )
    assert await sending.states(watched) == {"delivered": 1}


async def test_those_who_come_during_a_commit_share_the_next(watched: Watched) -> None:
    receipts = await submitted(watched, 50)
    sink = Receipts(watched, sending.OPT_OUT, lambda: START)
    watched.gate.clear()
    before = watched.writes
    brought = [asyncio.create_task(sink(CARRIER, Inbound([one]))) for one in receipts]
    await asyncio.sleep(0)
    watched.gate.set()
    await asyncio.gather(*brought)
    assert watched.writes - before <= 2
    assert await sending.states(watched) == {"delivered": 50}


async def test_a_commit_is_bounded(watched: Watched) -> None:
    receipts = await submitted(watched, 3)
    sink = Receipts(watched, sending.OPT_OUT, lambda: START)
    many = [receipts[0]] * COMMITTED_AT_ONCE
    watched.gate.clear()
    before = watched.writes
    brought = [
        asyncio.create_task(sink(CARRIER, Inbound(part))) for part in (many, receipts, receipts)
    ]
    await asyncio.sleep(0)
    watched.gate.set()
    await asyncio.gather(*brought)
    assert watched.writes - before == 2


async def test_a_carrier_that_floods_delays_no_other(watched: Watched) -> None:
    receipts = await submitted(watched, 1)
    sink = Receipts(watched, sending.OPT_OUT, lambda: START)
    flood = [Receipt("ref", True, "DELIVRD", START)] * (COMMITTED_AT_ONCE // 2)
    before = watched.writes
    floods = [asyncio.create_task(sink("flood", Inbound(flood))) for _ in range(6)]
    await asyncio.sleep(0)
    await sink(CARRIER, Inbound(receipts))
    assert watched.writes - before <= 2
    assert sum(one.done() for one in floods) <= 3
    await asyncio.gather(*floods)


async def test_a_failed_commit_is_told_to_everybody_in_it_and_nothing_is_kept(
    watched: Watched,
) -> None:
    receipts = await submitted(watched, 2)
    sink = Receipts(watched, sending.OPT_OUT, lambda: START)
    watched.broken = True
    brought = await asyncio.gather(
        *(sink(CARRIER, Inbound([one])) for one in receipts), return_exceptions=True
    )
    assert [type(one) for one in brought] == [ConnectionError] * 2
    assert await sending.states(watched) == {"submitted": 2}
    watched.broken = False
    await sink(CARRIER, Inbound(receipts))
    assert await sending.states(watched) == {"delivered": 2}


async def test_one_who_is_cancelled_takes_nobody_along(watched: Watched) -> None:
    receipts = await submitted(watched, 3)
    sink = Receipts(watched, sending.OPT_OUT, lambda: START)
    watched.gate.clear()
    first, second, third = (asyncio.create_task(sink(CARRIER, Inbound([one]))) for one in receipts)
    await asyncio.sleep(0)
    first.cancel()
    third.cancel()
    await asyncio.sleep(0)
    watched.gate.set()
    await second
    assert (await asyncio.gather(first, third, return_exceptions=True))[0] is not None
    assert (await sending.messages(watched))[1].state.value == "delivered"
    await sink(CARRIER, Inbound(receipts))
    assert await sending.states(watched) == {"delivered": 3}


async def test_what_is_brought_again_changes_nothing(watched: Watched) -> None:
    """The process died between the commit and the acknowledgement."""
    await sending.add_task(watched, START, sending.phones(4))
    one, two, three, four = await claim(watched)
    parts = Answer(two.id, Verdict.ACCEPTED, ("part-1", "part-2"))
    await record(watched, accepted(one), parts, accepted(four))
    told = [
        receipt_of(one),
        Receipt("part-1", True, "DELIVRD", START),
        Receipt("part-2", False, "MK:0012", START),
        receipt_of(three),
        receipt_of(four, "EXPIRED"),
    ]
    replies = [Reply(one.phone, "TD", START), Reply(four.phone, "hello", START)]
    sink = Receipts(watched, sending.OPT_OUT, lambda: START)
    seen = []
    for _ in range(2):
        await sink(CARRIER, Inbound(told, replies))
        seen.append(await everything(watched))
    assert seen[0] == seen[1]
    assert await sending.states(watched) == {"delivered": 1, "failed": 2, "claimed": 1}
    await record(watched, accepted(three))
    await sink(CARRIER, Inbound(told, replies))
    assert await sending.states(watched) == {"delivered": 2, "failed": 2}


async def everything(database: Database) -> object:
    """Give all that receipts and replies may change."""
    async with database.read() as session:
        tables = KeptReceiptRow, MessagePartRow, ReplyRow, UnsubscriptionRow
        rows = [(await session.exec(select(table))).all() for table in tables]
    counts = await counting.statistics(database), await counting.failures(database)
    return await sending.messages(database), rows, counts


async def test_nobodys_replies_are_counted_in_the_log_and_nothing_of_them_is(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    sink = Receipts(watched, sending.OPT_OUT, lambda: START)
    strangers = [Reply("+8613911111111", "a secret", START), Reply("+8613911111112", "b", START)]
    with caplog.at_level(logging.INFO):
        await sink(CARRIER, Inbound([], strangers))
    assert caplog.messages == ["2 replies over simulator answer no message and are dropped"]
