"""No window ever holds more than its limit, whatever workers do in whatever order (CFG-3)."""

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import frequency, frequency_check, lease, queue, submission
from db.queue import Claimed
from db.session import Database
from domain import frequency as rules
from domain.carrier import Answer, Verdict
from domain.frequency import Limits
from tests import sending
from tests.console import START
from tests.limiting import ONE, TWO

ZONE = ZoneInfo("Asia/Shanghai")
HOUR = 3_600

plans = st.builds(
    Limits,
    same_content_seconds=st.sampled_from([1, 30, 600]),
    number_per_day=st.integers(1, 8),
    number_per_hour=st.none() | st.integers(1, 4),
    same_content_per_day=st.none() | st.integers(1, 3),
    application_per_day=st.none() | st.integers(1, 10),
)
events = st.one_of(
    st.tuples(st.just("take"), st.sampled_from("ab"), st.integers(1, 6)),
    st.tuples(
        st.just("answer"),
        st.sampled_from("ab"),
        st.lists(st.sampled_from(list(Verdict)), min_size=1, max_size=6),
    ),
    st.tuples(st.just("pass"), st.sampled_from([1, 29, 30, 61, 600, 3_599, 3_600, 20_000, 80_000])),
    st.tuples(st.just("requeue")),
    st.tuples(st.just("forget")),
)


class Passed(NamedTuple):
    """When a message last passed, and to whom with what."""

    at: float
    day: str
    phone: str
    content: str


class World:
    """A database with messages to two numbers in three contents, and two workers."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self.database = database
        self.limits = limits
        self.now = START
        self.held: dict[str, list[Claimed]] = {"a": [], "b": []}
        self.passed: dict[int, Passed] = {}
        self.days: defaultdict[str, set[int]] = defaultdict(set)

    async def build(self) -> None:
        await sending.add_account(self.database, self.now)
        for _ in range(5):
            await sending.add_task(self.database, self.now, [ONE, TWO, ONE])

    async def play(self, event: Sequence[Any]) -> None:
        name, *rest = event
        if name == "pass":
            self.now += timedelta(seconds=rest[0])
            return
        async with self.database.write() as session:
            if name == "take":
                worker, limit = rest
                request = sending.request(self.now, worker=worker, limit=limit)
                batch = await queue.claim(session, request)
                texts = {message.id: message.params for message in batch}
                refused = await frequency_check.check(session, batch, texts, self.now, self.limits)
                await sending.sifted(session, request, batch, refused)
                codes = {answer.message_id: answer.code for answer in refused}
                for message in batch:
                    self.judge(message, codes.get(message.id))
                self.held[worker] += [one for one in batch if one.id not in codes]
            elif name == "answer":
                worker, verdicts = rest
                answers = [
                    sending.accepted(one)
                    if verdict is Verdict.ACCEPTED
                    else Answer(one.id, verdict, code="x")
                    for one, verdict in zip(self.held[worker], verdicts, strict=False)
                ]
                self.held[worker] = self.held[worker][len(answers) :]
                await submission.record(session, worker, sending.CARRIER, answers, self.now)
            elif name == "requeue":
                await lease.requeue(session, self.now)
            elif name == "forget":
                before = self.now - rules.KEPT
                stale, _ = await frequency.stale(session, frequency.FIRST, before, 10)
                await frequency.forget(session, stale, before)

    def judge(self, message: Claimed, code: str | None) -> None:
        """Hold a verdict to what the limits say, counted anew from all that passed."""
        mine = Passed(
            self.now.timestamp(),
            self.now.astimezone(ZONE).date().isoformat(),
            message.phone,
            message.params,
        )
        assert code == self.expected(message.id, mine)
        if code is None:
            self.passed[message.id] = mine
            self.days[mine.day].add(message.id)

    def expected(self, message_id: int, mine: Passed) -> str | None:
        others = [
            one
            for number, one in self.passed.items()
            if number != message_id and one.phone == mine.phone
        ]
        today = [one for one in others if one.day == mine.day]
        same = [one for one in others if one.content == mine.content]
        if any(mine.at - one.at < self.limits.same_content_seconds for one in same):
            return rules.SAME_CONTENT
        full = {
            rules.SAME_CONTENT_DAILY: (
                self.limits.same_content_per_day,
                sum(one.day == mine.day for one in same),
            ),
            rules.NUMBER_HOURLY: (
                self.limits.number_per_hour,
                sum(mine.at - one.at < HOUR for one in others),
            ),
            rules.NUMBER_DAILY: (self.limits.number_per_day, len(today)),
            rules.APPLICATION_DAILY: (
                self.limits.application_per_day,
                len(self.days[mine.day] - {message_id}),
            ),
        }
        for code, (most, count) in full.items():
            if most is not None and count >= most:
                return code
        return None


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(limits=plans, story=st.lists(events, min_size=15, max_size=40))
def test_every_verdict_is_that_of_a_recount(
    empty_sqlite: Path, limits: Limits, story: list[tuple[Any, ...]]
) -> None:
    async def play(path: Path) -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        try:
            world = World(database, limits)
            await world.build()
            for event in story:
                await world.play(event)
        finally:
            await database.close()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "console.sqlite"
        path.write_bytes(empty_sqlite.read_bytes())
        asyncio.run(play(path))
