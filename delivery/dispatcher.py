"""From the queue to the carriers: claim a batch, hold it to the rules, submit it, write it down."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from db import queue, submission
from db.queue import REROUTED_AT_ONCE, Claim, Claimed
from db.session import AsyncSession, Database
from db.submission import Moved
from delivery import metric
from delivery.answers import Answered, Answers
from delivery.lanes import Lanes
from delivery.receipts import Brought, Receipts, heard
from delivery.settings import DeliverySettings
from delivery.sieve import Sieve
from delivery.trace import span
from domain.carrier import Answer, Outgoing, Receipt, Verdict

GATHER: Final = 0.05  # seconds in which answers gather, so that they share a commit
_FINAL: Final = frozenset({Verdict.ACCEPTED, Verdict.REFUSED})


def _nobody() -> None:
    """Wake nobody: whoever steps by hand looks again by himself."""


class Dispatcher:
    """Keeps every lane supplied, by one transaction a turn.

    A turn takes the next batch, records what carriers have answered and brought, and gives each
    carrier its part; the carriers work while the next turn is under way. Answers wait for the turn
    after, once, when their receipts may come by then: a message is written once instead of twice.
    What a worker that is killed leaves in doubt is what is in flight or not recorded, which is
    bounded.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a dispatcher works with
        self,
        database: Database,
        lanes: Lanes,
        clock: Callable[[], datetime],
        settings: DeliverySettings,
        worker: str,
        wake: Callable[[], None] = _nobody,
        sink: Receipts | None = None,
    ) -> None:
        self._database = database
        self._lanes = lanes
        self._clock = clock
        self._settings = settings
        self._worker = worker
        self._wake = wake
        self._sink = sink
        if sink is not None:
            sink.busy, sink.hurry = self._busy, self._hurry
        self._sieve = Sieve(settings)
        self._answers = Answers()
        self._timer: asyncio.TimerHandle | None = None
        self._gathered = False
        self._after = 0
        self._stale: Collection[str] | None = ()
        self._failed = self._turning = False

    async def step(self) -> float:
        """Take one turn; gives the seconds until the next is wanted."""
        rest = self._lanes.pause(self._settings.poll.total_seconds())
        if await self._reroute():
            return 0
        rooms = self._lanes.rooms()
        free = self._settings.in_flight - self._lanes.in_flight
        left = free - self._answers.fresh
        patient = left >= self._half
        limit = min(self._settings.batch, left if patient else free, sum(rooms.values()))
        if not self._worthwhile(limit):
            return rest
        if limit and not self._answers:
            async with self._database.read() as session:
                if not await queue.waiting(session):
                    return rest
        if not limit and not self._answers:
            return rest
        with span("dispatcher turn", answers=len(self._answers), most=limit):
            self._turning = True
            try:
                return 0 if await self._turn(limit, rooms, patient=patient) else rest
            finally:
                self._turning = False

    async def finish(self) -> None:
        """Record what is left to record, and claim nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._answers:
            await self._turn(0, {}, patient=False)

    @property
    def _half(self) -> float:
        return min(self._settings.batch, self._settings.in_flight) / 2

    def _worthwhile(self, limit: int) -> bool:
        """Say whether a turn is worth its commit; when it is not, answers are on their way."""
        idle = not self._lanes.in_flight
        most = max(limit, len(self._answers))
        return self._gathered or idle or most >= self._half

    def _hear(self, carrier: str, answers: Sequence[Answer]) -> None:
        """Keep answers for the next turn, and bring it about when there are enough of them."""
        self._answers.add(carrier, answers)
        if self._worthwhile(0):
            self._wake()
        else:
            self._await_gathered()

    def _await_gathered(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER, self._gather)

    def _gather(self) -> None:
        self._timer, self._gathered = None, True
        self._wake()

    async def _turn(self, limit: int, rooms: dict[str, int], *, patient: bool) -> bool:
        """Submit a batch and record answers; says whether there may be more to claim at once.

        With `patient` there is room for answers to be recorded a turn later.
        """
        self._gathered = False
        # What a turn failed on may be what carriers brought: that is kept by itself once, so that
        # a receipt nobody can write down stops no submission.
        sink = None if self._failed else self._sink
        answers: Answered = {}
        brought: Sequence[Brought] = ()
        try:
            async with self._database.write() as session:
                moved = Moved(self._clock())
                request = self._request(moved.at, limit, sorted(rooms))
                batch = await queue.claim(session, request) if limit else []
                brought = sink.take() if sink else ()
                receipts = heard(brought)
                # Without another turn to come at once, an answer would wait for nothing.
                patient = patient and bool(batch)
                answers = self._answers.take_due(receipts) if patient else self._answers.take()
                await self._record(session, answers, receipts, moved)
                parts = await self._sift(session, request, batch, rooms, moved)
                await submission.count(session, moved)
                if sink:
                    await sink.write_replies(session, brought)
        except BaseException:
            self._answers.give_back(answers)
            if sink:
                sink.give_back(brought)
                self._failed = bool(brought)
            raise
        self._failed = False
        if sink:
            sink.settle(brought)
        if self._answers:
            self._await_gathered()
        if batch:
            self._after = batch[-1].account_uin
        for carrier, part in parts.items():
            self._lanes.by_name[carrier].submit(part, self._hear)
        return limit > 0 and (len(batch) == limit or _any_again(answers))

    async def _record(
        self,
        session: AsyncSession,
        answers: Answered,
        receipts: Mapping[str, Sequence[Receipt]],
        moved: Moved,
    ) -> None:
        """Write down what carriers have answered, with the receipts that came with it."""
        for carrier in sorted(answers.keys() | receipts.keys()):
            await submission.move(
                session,
                self._worker,
                carrier,
                answers.get(carrier, ()),
                receipts.get(carrier, ()),
                moved,
            )

    def _busy(self) -> bool:
        """Say whether a commit is under way, or near, that could take receipts along."""
        return (self._turning or bool(self._answers)) and not self._failed

    def _hurry(self) -> None:
        """Have that commit made, because somebody waits for it."""
        if not self._turning:
            self._gathered = True
            self._wake()

    def _request(self, now: datetime, limit: int, carriers: Sequence[str]) -> Claim:
        return Claim(
            worker=self._worker,
            limit=limit,
            now=now,
            lease=self._settings.lease,
            application_delay=self._settings.application_delay,
            after=self._after,
            carriers=carriers,
        )

    async def _sift(
        self,
        session: AsyncSession,
        request: Claim,
        batch: Sequence[Claimed],
        rooms: dict[str, int],
        moved: Moved,
    ) -> dict[str, list[Outgoing]]:
        """Say what becomes of each message of a batch, and give each carrier its part."""
        if not batch:
            return {}
        ways = {message.id: self._lanes.way(message, rooms) for message in batch}
        parked = [(one, way.carrier) for one in batch if (way := ways[one.id]) and not way.now]
        waits = {message.id for message, _ in parked}
        unrouted = {message_id for message_id, way in ways.items() if way is None}
        fit = [one for one in batch if one.id not in waits]
        outgoing, refused = await self._sieve.sift(session, fit, unrouted, moved.at)
        sent = {one.message_id for one in outgoing}
        carriers = {key: way.carrier for key, way in ways.items() if way and key in sent}
        taken = [(one, carriers[one.id]) for one in fit if one.id in carriers]
        await queue.park(session, parked)
        await submission.refuse(session, refused, moved)
        metric.REFUSED.inc(len(refused))
        await queue.take(session, request, taken)
        parts: dict[str, list[Outgoing]] = {}
        for one in outgoing:
            parts.setdefault(carriers[one.message_id], []).append(one)
        return parts

    async def _reroute(self) -> bool:
        """Queue again what waits for a carrier that others may take now; says whether it did."""
        away = self._lanes.left(self._clock())
        if self._lanes.changed:
            self._lanes.changed, self._stale = False, None
        elif away and self._stale is not None:
            self._stale = away
        if self._stale is not None and not self._stale:
            return False
        async with self._database.write() as session:
            moved = await queue.reroute(session, self._stale)
        if moved < REROUTED_AT_ONCE:
            self._stale = ()
        return moved > 0


def _any_again(answers: Answered) -> bool:
    """Say whether an answer may have put its message back into the queue."""
    return any(one.verdict not in _FINAL for group in answers.values() for one in group)
