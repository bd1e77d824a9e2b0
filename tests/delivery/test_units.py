"""Package units while tasks send, fail, are stopped and workers die (PKG-4, BLK-5)."""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import lease, package, settlement
from db import task as tasks
from db.message import MessageRow
from db.session import Database
from db.task import BulkTaskRow
from delivery.settings import DeliverySettings
from domain.carrier import Verdict
from domain.errors import Code, Refused
from domain.frequency import Limits
from domain.message import MessageStatus
from domain.package import PackageKind
from domain.region import Region, SmsType
from domain.task import TaskStatus, UnknownPolicy
from domain.terms import Terms
from tests import sending
from tests.console import Clock
from tests.delivery.scripted import ScriptedCarrier, Stepped

UIN = 12_345_678
GRANTED = 60
SETTINGS = DeliverySettings(
    batch=4, in_flight=8, frequency=Limits(same_content_seconds=30, number_per_day=1_000)
)
NOT_SENT = {
    MessageStatus.QUEUED,
    MessageStatus.WAITING,
    MessageStatus.REFUSED,
    MessageStatus.CANCELLED,
}

workers = st.sampled_from(("one", "two"))
events = st.one_of(
    st.tuples(
        st.just("start"), st.integers(1, 12), st.integers(1, 3), st.sampled_from(UnknownPolicy)
    ),
    st.tuples(st.just("turn"), workers, st.sampled_from([Verdict.ACCEPTED, *Verdict])),
    st.tuples(st.just("turn"), workers, st.sampled_from([Verdict.ACCEPTED, *Verdict])),
    st.tuples(st.just("room"), workers, st.integers(0, 5)),
    st.tuples(st.just("crash"), workers),
    st.tuples(st.just("stop"), st.integers(0, 5)),
    st.tuples(st.just("pass"), st.integers(1, 90)),
)


class World:
    """An account with units, and two workers with a carrier and a fall-back each."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock()
        self.carriers: dict[str, ScriptedCarrier] = {}
        self.workers: dict[str, Stepped] = {}
        for name in ("one", "two"):
            self.hire(name)

    def hire(self, name: str) -> None:
        """Put a worker in the place of one that is gone."""
        near, far = ScriptedCarrier(name="near"), ScriptedCarrier(name="far")
        self.carriers[name] = near
        self.workers[name] = Stepped(self.database, self.clock, SETTINGS, near, far, worker=name)

    async def build(self) -> None:
        await sending.add_account(self.database, self.clock.now)
        async with self.database.write() as session:
            await package.grant(
                session,
                UIN,
                PackageKind.PURCHASED,
                GRANTED,
                now=self.clock.now,
                expires_at=self.clock.now + timedelta(days=900),
            )

    async def play(self, event: Sequence[Any]) -> None:
        name, *rest = event
        if name == "start":
            await self.start(*rest)
        elif name == "turn":
            worker, verdict = rest
            self.carriers[worker].verdicts = [verdict]
            await self.workers[worker].turn()
        elif name == "room":
            worker, most = rest
            self.carriers[worker].most = most
        elif name == "crash":
            await self.crash(rest[0])
        elif name == "stop":
            await self.stop(rest[0])
        else:
            self.clock.advance(timedelta(minutes=rest[0]))

    async def start(self, count: int, segments: int, policy: UnknownPolicy) -> None:
        """Consent to a task, unless the units do not reach."""
        now = self.clock.now
        shared: dict[str, Any] = {
            "account_uin": UIN,
            "app_id": UIN,
            "template_id": UIN,
            "signature_id": UIN,
            "region": Region.MAINLAND,
            "sms_type": SmsType.REGULAR,
            "created_at": now,
        }
        try:
            async with self.database.write() as session:
                row = BulkTaskRow(
                    **shared,
                    name="Autumn",
                    status=TaskStatus.READY,
                    created_by=UIN,
                    recipients=count,
                    segments=count * segments,
                    unknown_policy=policy,
                )
                session.add(row)
                await session.flush()
                session.add_all(
                    MessageRow(
                        **shared,
                        task_id=row.id,
                        phone=phone,
                        country="CN",
                        params='["A2","Monday"]',
                        characters=30,
                        segments=segments,
                    )
                    for phone in sending.phones(count)
                )
                await settlement.consent_to(session, row, now, Terms())
        except Refused as refused:
            if {problem.code for problem in refused.problems} != {Code.INSUFFICIENT_BALANCE}:
                raise

    async def crash(self, worker: str) -> None:
        """Lose a worker with everything it has not recorded; its successor clears up."""
        self.hire(worker)
        async with self.database.write() as session:
            await lease.requeue(session, self.clock.now, worker)

    async def stop(self, place: int) -> None:
        running = [one for one in await self.tasks() if one.status is TaskStatus.SENDING]
        if running:
            async with self.database.write() as session:
                row = await tasks.changing(session, UIN, running[place % len(running)].id)
                await settlement.stop(session, row, self.clock.now)

    async def end(self) -> None:
        """Let everything that is under way come to its end."""
        for worker, carrier in self.carriers.items():
            carrier.verdicts, carrier.most = [], 1_000
            self.clock.advance(timedelta(hours=1))
            for _ in range(30):
                await self.workers[worker].turn()
            await self.workers[worker].finish()
        now = self.clock.now
        async with self.database.write() as session:
            await lease.expire(session, now, now, 1_000)
            for one in await self.tasks():
                assert await settlement.finish(session, one.id, now)

    async def tasks(self) -> list[BulkTaskRow]:
        """Give every task that was consented to."""
        numbers = {row.task_id for row in await sending.messages(self.database)}
        return [await sending.task_row(self.database, one or 0) for one in sorted(numbers, key=str)]

    async def check(self) -> None:
        """Hold the balance to the tasks, and the tasks to their messages."""
        rows, there = await sending.messages(self.database), await self.tasks()
        async with self.database.read() as session:
            balance = await package.balance(session, UIN, self.clock.now)
        assert balance >= 0
        assert balance == GRANTED - sum(one.reserved_units for one in there)
        for one in there:
            mine = [row for row in rows if row.task_id == one.id]
            taken = [row for row in mine if not one.settled_at or row.state not in NOT_SENT]
            assert one.reserved_units == sum(row.segments for row in taken)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(events, min_size=20, max_size=40))
def test_units_are_those_of_what_was_sent_whatever_happens(
    empty_sqlite: Path, history: list[tuple[Any, ...]]
) -> None:
    async def play(path: Path) -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        try:
            world = World(database)
            await world.build()
            for event in [("start", 8, 2, UnknownPolicy.RESEND), *history]:
                await world.play(event)
                await world.check()
            await world.end()
            await world.check()
            assert all(one.settled_at for one in await world.tasks())
        finally:
            await database.close()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "console.sqlite"
        path.write_bytes(empty_sqlite.read_bytes())
        asyncio.run(play(path))
