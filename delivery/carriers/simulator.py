"""The simulator carrier: product and test double, with the memory of an SMSC (docs/sandbox.md)."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from db import simulator as ledger
from db.session import Database
from db.simulator import Due, Submission
from delivery.carriers.base import Answered, Inbound, LiveState, Sink
from delivery.loop import Loop
from delivery.settings import DeliverySettings
from domain.carrier import Answer, Outgoing, Receipt, Reply, Verdict
from domain.sandbox import DELIVERED, Script, script

PUSHED_AT_ONCE: Final = 1_000
REDELIVERY: Final = timedelta(seconds=2)
KEPT: Final = timedelta(days=1)
GATHER: Final = 0.1  # seconds in which receipts gather, so that they share a commit
TIDIED_EVERY: Final = timedelta(hours=1)
ROOM: Final = 10_000
RATE_OVER: Final = timedelta(seconds=5)


log = logging.getLogger(__name__)


class Simulator:
    """Answers submissions by the number's script and sends receipts when they are due.

    Its ledger is written in transactions of its own, as a carrier's would be: what it accepted it
    remembers, whatever becomes of the process that submitted it.
    """

    name = "simulator"

    def __init__(
        self, database: Database, clock: Callable[[], datetime], settings: DeliverySettings
    ) -> None:
        self._database = database
        self._clock = clock
        self._odds = settings.odds
        self._poll = settings.poll.total_seconds()
        self._loop: Loop | None = None
        self._task: asyncio.Task[None] | None = None
        self._arrived: list[str] = []
        self._submitting = 0
        self._submitted: deque[tuple[datetime, int]] = deque()
        self._tidied_at: datetime | None = None

    async def start(self, sink: Sink) -> None:
        """Begin to send receipts to `sink`."""
        self._loop = Loop("the simulator carrier", partial(self.push, sink), gap=GATHER)
        self._task = asyncio.create_task(self._loop.run())

    async def stop(self) -> None:
        """Send nothing more; what has arrived is noted."""
        if self._loop is not None and self._task is not None:
            self._loop.stop()
            await self._task
        if self._arrived:
            await self._take(0)

    def room(self) -> int:
        """Take as many as a large SMSC does."""
        return max(0, ROOM - self._submitting)

    async def submit(self, batch: Sequence[Outgoing], answered: Answered) -> None:
        """Take, throttle or refuse each message, as its number's script says."""
        self._submitting += len(batch)
        try:
            answers = await self._answer(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, the ledger was rolled back
            log.error("the simulator took nothing: %s", type(error).__name__)  # noqa: TRY400 - a traceback would show the error's text
            answers = [Answer(message.message_id, Verdict.UNAVAILABLE) for message in batch]
        finally:
            self._submitting -= len(batch)
        answered(answers)
        if self._loop is not None:
            self._loop.wake()

    async def query(self, references: Sequence[str]) -> Sequence[Receipt]:
        """Look references up in the ledger."""
        async with self._database.read() as session:
            rows = await ledger.done(session, references, self._clock())
        return [_receipt(row) for row in rows]

    def state(self) -> LiveState:
        """Always bound, like the process it is part of."""
        since = self._clock() - RATE_OVER
        while self._submitted and self._submitted[0][0] <= since:
            self._submitted.popleft()
        rate = sum(count for _, count in self._submitted) / RATE_OVER.total_seconds()
        return LiveState(binds=1, binds_wanted=1, window=self._submitting, rate=rate)

    async def _answer(self, batch: Sequence[Outgoing]) -> list[Answer]:
        now = self._clock()
        self._submitted.append((now, len(batch)))
        scripts = [script(message.phone, self._odds) for message in batch]
        throttled = [
            _reference(message)
            for message, played in zip(batch, scripts, strict=True)
            if played.first is Verdict.THROTTLED
        ]
        async with self._database.write() as session:
            tried = await ledger.known(session, throttled) if throttled else frozenset()
            answers: list[Answer] = []
            rows: list[Submission] = []
            for message, played in zip(batch, scripts, strict=True):
                answer = _answer(message, played, again=_reference(message) in tried)
                answers.append(answer)
                if answer.verdict is not Verdict.REFUSED:
                    taken = answer.verdict is Verdict.ACCEPTED
                    rows.append(_row(message, played, now, taken=taken))
            await ledger.submit(session, rows, now)
        return answers

    async def push(self, sink: Sink) -> float:
        """Send one batch of receipts that are due, and say when to look again."""
        now = self._clock()
        if not self._arrived:
            async with self._database.read() as session:
                due = await ledger.next_due(session)
            if due is None or due > now:
                await self._tidy(now)
                return self._poll if due is None else min(self._poll, (due - now).total_seconds())
        rows = await self._take(PUSHED_AT_ONCE)
        if rows:
            await sink(self.name, _inbound(rows))
            self._arrived = [row.reference for row in rows]
        return 0 if len(rows) == PUSHED_AT_ONCE else GATHER

    async def _take(self, limit: int) -> Sequence[Due]:
        """Note what has arrived and take what is due next, in one transaction."""
        now = self._clock()
        async with self._database.write() as session:
            await ledger.acknowledge(session, self._arrived, now)
            rows = await ledger.take_due(session, now, limit, now + REDELIVERY) if limit else ()
        self._arrived = []
        return rows

    async def _tidy(self, now: datetime) -> None:
        if self._tidied_at is None or now - self._tidied_at >= TIDIED_EVERY:
            self._tidied_at = now
            async with self._database.write() as session:
                await ledger.purge(session, now - KEPT)


def _reference(message: Outgoing) -> str:
    return f"sim-{message.message_id}"


def _answer(message: Outgoing, played: Script, *, again: bool) -> Answer:
    if played.first is Verdict.REFUSED:
        return Answer(message.message_id, Verdict.REFUSED, code=played.code)
    if played.first is Verdict.THROTTLED and not again:
        return Answer(message.message_id, Verdict.THROTTLED)
    return Answer(message.message_id, Verdict.ACCEPTED, references=(_reference(message),))


def _row(message: Outgoing, played: Script, now: datetime, *, taken: bool) -> Submission:
    done_at = now + played.delay if taken and played.delay is not None else None
    return Submission(
        reference=_reference(message),
        phone=message.phone,
        times=int(taken),
        code=played.code,
        reply=played.reply,
        done_at=done_at,
    )


def _inbound(rows: Sequence[Due]) -> Inbound:
    return Inbound(
        [_receipt(row) for row in rows],
        [
            Reply(row.phone, row.reply, row.done_at, reference=row.reference)
            for row in rows
            if row.reply
        ],
    )


def _receipt(row: Due) -> Receipt:
    return Receipt(row.reference, row.code == DELIVERED, row.code, row.done_at, row.phone)
