"""The simulator carrier: product and test double, with the memory of an SMSC (docs/sandbox.md)."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from db import simulator as ledger
from db.session import Database
from db.simulator import Due, Submission
from delivery.carriers.base import Inbound, Sink
from delivery.loop import Loop
from delivery.settings import DeliverySettings
from domain.carrier import Answer, Outgoing, Receipt, Reply, Verdict
from domain.sandbox import DELIVERED, Script, script

PUSHED_AT_ONCE: Final = 1_000
REDELIVERY: Final = timedelta(seconds=2)
KEPT: Final = timedelta(days=1)
GATHER: Final = 0.1  # seconds in which receipts gather, so that they share a commit
TIDIED_EVERY: Final = timedelta(hours=1)


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
        self._unknown: dict[str, datetime] = {}
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
        if self._arrived or self._unknown:
            await self._take(0)

    async def submit(self, batch: Sequence[Outgoing]) -> Sequence[Answer]:
        """Take, throttle or refuse each message, as its number's script says."""
        now = self._clock()
        scripts = [script(message.phone, self._odds) for message in batch]
        throttled = [
            _reference(message)
            for message, played in zip(batch, scripts, strict=True)
            if played.first is Verdict.THROTTLED
        ]
        async with self._database.write() as session:
            tried = await ledger.known(session, throttled) if throttled else frozenset()
            answers, rows = [], []
            for message, played in zip(batch, scripts, strict=True):
                answer = _answer(message, played, again=_reference(message) in tried)
                answers.append(answer)
                if answer.verdict is not Verdict.REFUSED:
                    taken = answer.verdict is Verdict.ACCEPTED
                    rows.append(_row(message, played, now, taken=taken))
            await ledger.submit(session, rows, now)
        if self._loop is not None:
            self._loop.wake()
        return answers

    async def push(self, sink: Sink) -> float:
        """Send one batch of receipts that are due, and say when to look again."""
        now = self._clock()
        if not self._arrived and not self._unknown:
            async with self._database.read() as session:
                due = await ledger.next_due(session)
            if due is None or due > now:
                await self._tidy(now)
                return self._poll if due is None else min(self._poll, (due - now).total_seconds())
        rows = await self._take(PUSHED_AT_ONCE)
        if rows:
            unknown = await sink(self.name, _inbound(rows))
            self._arrived = [row.reference for row in rows if row.reference not in unknown]
            self._unknown = {
                row.reference: now + max(REDELIVERY, now - row.done_at)
                for row in rows
                if row.reference in unknown
            }
        return 0 if len(rows) == PUSHED_AT_ONCE else GATHER

    async def _take(self, limit: int) -> Sequence[Due]:
        """Note what has arrived and take what is due next, in one transaction."""
        now = self._clock()
        async with self._database.write() as session:
            await ledger.acknowledge(session, self._arrived, now)
            await ledger.postpone(session, self._unknown)
            rows = await ledger.take_due(session, now, limit, now + REDELIVERY) if limit else ()
        self._arrived, self._unknown = [], {}
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
    return Answer(message.message_id, Verdict.ACCEPTED, reference=_reference(message))


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
        [Receipt(row.reference, row.code == DELIVERED, row.code, row.done_at) for row in rows],
        [Reply(row.reference, row.phone, row.reply, row.done_at) for row in rows if row.reply],
    )
