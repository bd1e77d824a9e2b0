"""Rollups against a recount, whatever happens to messages (STA-1, STA-4, STA-5, STA-7, BLK-8)."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from db import lease, receipt, submission
from db.message import TABLE as MESSAGE
from db.queue import Claimed
from db.session import Database
from domain.carrier import Answer, Receipt, Verdict
from domain.task import TaskStatus, UnknownPolicy
from tests import counting, sending
from tests.console import START

# The hours of the second begin at half past in UTC.
ZONES = {1: ZoneInfo("Asia/Shanghai"), 2: ZoneInfo("Asia/Kolkata")}
TASKS = ((1, UnknownPolicy.RESEND), (1, UnknownPolicy.WAIT), (2, UnknownPolicy.WAIT))
COUNTRIES = ("CN", "US", "DEF")
CODES = ("MK:0012", "TD:0001", "InternalError.OtherError")

events = st.one_of(
    st.tuples(st.just("claim"), st.sampled_from("ab"), st.integers(1, 12)),
    st.tuples(
        st.just("answer"),
        st.sampled_from("ab"),
        st.lists(st.sampled_from([Verdict.ACCEPTED, *Verdict]), min_size=1, max_size=12),
    ),
    st.tuples(
        st.just("receipts"),
        st.lists(
            st.tuples(st.integers(1, 30), st.sampled_from(("DELIVRD", *CODES))),
            min_size=5,
            max_size=12,
        ),
    ),
    st.tuples(st.just("pass"), st.integers(1, 90)),
    st.tuples(st.just("requeue")),
    st.tuples(st.just("expire"), st.integers(0, 60)),
)


class World:
    """A database with three tasks of two accounts, and workers that hold what they claimed."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = START
        self.held: dict[str, list[Claimed]] = {"a": [], "b": []}

    async def build(self) -> list[int]:
        for uin, zone in ZONES.items():
            await sending.add_account(self.database, self.now, uin=uin, zone=zone.key)
        task_ids = [
            await sending.add_task(
                self.database,
                self.now,
                sending.phones(10),
                uin=uin,
                segments=n,
                unknown_policy=policy,
            )
            for n, (uin, policy) in enumerate(TASKS, 1)
        ]
        async with self.database.write() as session:
            for rest, country in enumerate(COUNTRIES):
                some = update(MESSAGE).where(MESSAGE.c.id % len(COUNTRIES) == rest)
                await (await session.connection()).execute(some.values(country=country))
        return task_ids

    async def play(self, event: Sequence[Any]) -> None:
        name, *rest = event
        if name == "pass":
            self.now += timedelta(minutes=rest[0])
            return
        async with self.database.write() as session:
            if name == "claim":
                worker, limit = rest
                request = sending.request(self.now, worker=worker, limit=limit)
                self.held[worker] += await sending.taken(session, request)
            elif name == "answer":
                worker, verdicts = rest
                answers = list(map(self.answer, self.held[worker], verdicts))
                self.held[worker] = self.held[worker][len(answers) :]
                await submission.record(session, worker, sending.CARRIER, answers, self.now)
            elif name == "receipts":
                receipts = [
                    Receipt(f"ref-{number}", code == "DELIVRD", code, self.now)
                    for number, code in rest[0]
                ]
                await receipt.apply(session, {sending.CARRIER: receipts}, self.now)
            elif name == "requeue":
                await lease.requeue(session, self.now)
            elif name == "expire":
                before = self.now - timedelta(minutes=rest[0])
                await lease.expire(session, before, self.now, 5)

    @staticmethod
    def answer(message: Claimed, verdict: Verdict) -> Answer:
        if verdict is Verdict.ACCEPTED:
            return sending.accepted(message)
        named = verdict is Verdict.UNKNOWN and message.id % 2 == 0
        references = (f"ref-{message.id}",) if named else ()
        return Answer(message.id, verdict, references, CODES[message.id % len(CODES)])


async def check(database: Database, task_ids: Sequence[int]) -> None:
    rows = await sending.messages(database)
    hours, codes = counting.recount(rows, ZONES)
    assert await counting.statistics(database) == hours
    assert await counting.failures(database) == (codes, codes)
    days, told = counting.recount_days(rows, ZONES)
    assert await counting.countries(database) == days
    assert await counting.told(database) == told
    for task_id in task_ids:
        states = Counter(row.state.value for row in rows if row.task_id == task_id)
        task = await sending.task_row(database, task_id)
        accepted = states["submitted"] + states["delivered"] + states["failed"] + states["expired"]
        assert (task.accepted, task.refused) == (accepted, states["refused"])
        assert (task.delivered, task.failed) == (states["delivered"], states["failed"])
        done = accepted + states["refused"] == task.recipients
        assert task.status is (TaskStatus.SENT if done else TaskStatus.SENDING)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(events, min_size=25, max_size=40))
def test_rollups_equal_a_recount_of_the_messages(
    empty_sqlite: Path, history: list[tuple[Any, ...]]
) -> None:
    async def play(path: Path) -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        try:
            world = World(database)
            task_ids = await world.build()
            for event in history:
                await world.play(event)
            await check(database, task_ids)
        finally:
            await database.close()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "console.sqlite"
        path.write_bytes(empty_sqlite.read_bytes())
        asyncio.run(play(path))
