"""No unit is lost and none is taken twice, whatever happens at once (PKG-4)."""

import asyncio
import random
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlmodel import col, select, update

from db import package_expiry, settlement, task
from db.message import MessageRow
from db.package import LedgerRow, PackageRow
from db.session import Database
from domain.errors import Code, Refused
from domain.message import MessageStatus
from domain.package import LedgerKind
from domain.price import RefusedUnits
from domain.task import TaskStatus
from tests import bulk, packages
from tests.bulk import Parts
from tests.console import START
from tests.packages import OFFER, TERMS, UIN

SENT = (MessageStatus.SUBMITTED, MessageStatus.DELIVERED, MessageStatus.FAILED)


class Ledger:
    """The books of an account, checked against its messages."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def check(self, now: datetime) -> None:
        """Hold packages to the ledger, and the ledger to tasks and messages."""
        async with self.database.read() as session:
            held = (await session.exec(select(PackageRow))).all()
            changes = (await session.exec(select(LedgerRow))).all()
            tasks = (await session.exec(select(task.BulkTaskRow))).all()
            messages = (await session.exec(select(MessageRow))).all()
        sums, expired, taken = Counter[int](), Counter[int](), Counter[int]()
        for change in changes:
            sums[change.package_id] += change.units
            if change.kind is LedgerKind.EXPIRE:
                expired[change.package_id] -= change.units
            if change.task_id is not None:
                taken[change.task_id] -= change.units
        for row in held:
            assert 0 <= row.remaining == sums[row.id] <= row.units
            assert row.expired == expired[row.id] >= 0
        for each in tasks:
            assert taken[each.id] == each.reserved_units
            mine = [message for message in messages if message.task_id == each.id]
            if each.settled_at:
                sent = sum(one.segments for one in mine if one.state in SENT)
                refused = sum(
                    one.segments
                    for one in mine
                    if one.state is MessageStatus.REFUSED and one.carrier
                )
                assert sent <= each.reserved_units <= sent + refused
            elif each.consented_at:
                assert each.reserved_units == each.segments
        granted = sum(row.units for row in held)
        used = sum(each.reserved_units for each in tasks)
        left = sum(row.remaining for row in held)
        assert granted == left + used + sum(row.expired for row in held)
        usable = sum(
            row.remaining for row in held if row.effective_at <= now and row.expires_at > now
        )
        assert await bulk.balance(self.database, UIN, now) == usable


async def build(database: Database) -> Parts:
    await bulk.add_account(database, START)
    await packages.grant(database, 40, days=2)
    await packages.grant(database, 30, days=4, refused_units=RefusedUnits.KEPT)
    parts = await bulk.add_parts(database, UIN, START)
    item = await packages.sell(database, replace(OFFER, units=60, price_micros=1))
    await packages.set_alarm(database, 25)
    await packages.set_renewal(database, 20, item)
    return parts


async def start(database: Database, parts: Parts, count: int, now: datetime) -> int | None:
    """Start a task of messages with two segments; None when the packages hold too little."""
    task_id = await bulk.add_task(database, parts, now)
    await bulk.make_ready(database, task_id, now, bulk.found(count, segments=2))
    try:
        await packages.consent(database, task_id, now)
    except Refused as refusal:
        if refusal.problems[0].code is not Code.INSUFFICIENT_BALANCE:
            raise
        return None
    return task_id


async def settle(
    database: Database, task_id: int, fates: dict[MessageStatus, int], now: datetime, *, stop: bool
) -> None:
    """Let a task's messages end, the rest being queued still, and stop the task or finish it."""
    waiting = iter(await bulk.messages(database, task_id))
    async with database.write() as session:
        for state, count in fates.items():
            for _, message in zip(range(count), waiting, strict=False):
                carrier = "simulator" if state is not MessageStatus.CANCELLED else None
                statement = update(MessageRow).where(col(MessageRow.id) == message.id)
                await session.exec(statement.values(state=state, carrier=carrier))
        if stop:
            await settlement.stop(session, await task.changing(session, UIN, task_id), now)
        else:
            rest = update(MessageRow).where(
                col(MessageRow.task_id) == task_id, col(MessageRow.state) == MessageStatus.QUEUED
            )
            await session.exec(rest.values(state=MessageStatus.REFUSED, code="blocklist"))
            assert await settlement.finish(session, task_id, now)


fates = st.fixed_dictionaries(
    {
        MessageStatus.SUBMITTED: st.integers(0, 4),
        MessageStatus.FAILED: st.integers(0, 4),
        MessageStatus.REFUSED: st.integers(0, 4),
    }
)


class Books(RuleBasedStateMachine):
    """Senders, stops, failures, purchases, expiry and renewals in any order."""

    empty_sqlite: Path

    @initialize()
    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "console.sqlite"
        path.write_bytes(self.empty_sqlite.read_bytes())
        self.database = Database(f"sqlite+aiosqlite:///{path}")
        self.now = START
        self.running: list[int] = []
        self.parts: Parts = self.run(build(self.database))

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.run(self.database.close())
        self.loop.close()
        self.folder.cleanup()

    @rule(count=st.integers(1, 12))
    def send(self, count: int) -> None:
        task_id = self.run(start(self.database, self.parts, count, self.now))
        if task_id is not None:
            self.running.append(task_id)

    @rule(place=st.integers(0, 3), ended=fates, stop=st.booleans())
    def end(self, place: int, ended: dict[MessageStatus, int], stop: bool) -> None:
        if self.running:
            task_id = self.running.pop(place % len(self.running))
            self.run(settle(self.database, task_id, ended, self.now, stop=stop))

    @rule()
    def buy(self) -> None:
        self.run(packages.buy(self.database, 1, 1, 1, now=self.now))

    @rule(hours=st.integers(1, 60))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def expire(self) -> None:
        self.run(self._expire())

    async def _expire(self) -> None:
        async with self.database.write() as session:
            await package_expiry.expire(session, UIN, self.now, TERMS)

    @invariant()
    def books_are_right(self) -> None:
        self.run(Ledger(self.database).check(self.now))


def test_the_books_are_right_whatever_happens(empty_sqlite: Path) -> None:
    Books.empty_sqlite = empty_sqlite
    case = Books.TestCase
    case.settings = settings(max_examples=10, stateful_step_count=20, deadline=None)
    case().runTest()


async def test_the_books_are_right_with_many_at_once(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several processes' sessions on PostgreSQL: tasks, ends, purchases and expiry together."""
    shared = [Database(postgresql_url) for _ in range(3)]
    packages.Raised(monkeypatch)
    parts = await build(shared[0])
    now = START + timedelta(days=3)

    async def sender(database: Database, seed: int) -> None:
        mine = random.Random(seed)  # noqa: S311 - a story to repeat
        for _ in range(4):
            task_id = await start(database, parts, mine.randint(1, 8), now)
            if task_id is not None:
                ended = {state: mine.randint(0, 2) for state in (*SENT, MessageStatus.REFUSED)}
                await settle(database, task_id, ended, now, stop=mine.random() < 0.5)

    async def buyer(database: Database) -> None:
        for number in range(4):
            await packages.buy(database, 1, 1, 1, now=now, key=f"key-{number}")

    async def reaper(database: Database) -> None:
        for _ in range(4):
            async with database.write() as session:
                await package_expiry.expire(session, UIN, now, TERMS)

    try:
        work = [sender(shared[seed % 3], seed) for seed in range(6)]
        work += [buyer(each) for each in shared] + [reaper(each) for each in shared]
        await asyncio.gather(*work)
        await Ledger(shared[0]).check(now)
        bought = await packages.purchases(shared[0])
        assert len([row for row in bought if row.bought_by]) == 4
        async with shared[0].read() as session:
            ended = (await session.exec(select(task.BulkTaskRow.status))).all()
        assert {TaskStatus.SENDING} & set(ended) == set()
    finally:
        for each in shared:
            await each.close()
