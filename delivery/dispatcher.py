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
from delivery.lanes import Lanes
from delivery.receipts import Receipts, heard
from delivery.settings import DeliverySettings
from delivery.sieve import Sieve
from delivery.trace import span
from domain.carrier import Answer, Outgoing, Receipt

GATHER: Final = 0.05  # seconds in which answers gather, so that they share a commit


def _nobody() -> None:
    """Wake nobody: whoever steps by hand looks again by himself."""


class Dispatcher:
    """Keeps every lane supplied, by one transaction a turn.

    A turn records what carriers have answered, takes the next batch, and gives each carrier its
    part; the carriers work while the next turn is under way. What a worker that is killed leaves in
    doubt is what is in flight, which is bounded.
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
            sink.busy = self._busy
        self._sieve = Sieve(settings)
        self._answers: list[tuple[str, Sequence[Answer]]] = []
        self._answered = 0
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
        limit = min(self._settings.batch, free, sum(rooms.values()))
        if not self._worthwhile(limit):
            return rest
        if limit and not self._answers:
            async with self._database.read() as session:
                if not await queue.waiting(session):
                    return rest
        if not limit and not self._answers:
            return rest
        with span("dispatcher turn", answers=self._answered, most=limit):
            self._turning = True
            try:
                return 0 if await self._turn(limit, rooms) else rest
            finally:
                self._turning = False

    async def finish(self) -> None:
        """Record what is left to record, and claim nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._answers:
            await self._turn(0, {})

    def _worthwhile(self, limit: int) -> bool:
        """Say whether a turn is worth its commit; when it is not, answers are on their way."""
        half = min(self._settings.batch, self._settings.in_flight) / 2
        idle = not self._lanes.in_flight
        return self._gathered or idle or limit >= half or self._answered >= half

    def _hear(self, carrier: str, answers: Sequence[Answer]) -> None:
        """Keep answers for the next turn, and bring it about when there are enough of them."""
        self._answers.append((carrier, answers))
        self._answered += len(answers)
        if self._worthwhile(0):
            self._wake()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER, self._gather)

    def _gather(self) -> None:
        self._timer, self._gathered = None, True
        self._wake()

    async def _turn(self, limit: int, rooms: dict[str, int]) -> bool:
        """Record answers and submit a batch; says whether there may be more to claim at once."""
        now = self._clock()
        answers, self._answers, self._answered = self._answers, [], 0
        self._gathered = False
        # What a turn failed on may be what carriers brought: that is kept by itself once, so that
        # a receipt nobody can write down stops no submission.
        sink = None if self._failed else self._sink
        brought = sink.take() if sink else []
        try:
            async with self._database.write() as session:
                moved = await self._record(session, answers, heard(brought), now)
                request = self._request(now, limit, sorted(rooms))
                batch = await queue.claim(session, request) if limit else []
                parts = await self._sift(session, request, batch, rooms, moved)
                await submission.count(session, moved)
                if sink:
                    await sink.write_replies(session, brought)
        except BaseException:
            self._answers[:0] = answers
            self._answered += sum(len(group) for _, group in answers)
            if sink:
                sink.give_back(brought)
                self._failed = bool(brought)
            raise
        self._failed = False
        if sink:
            sink.settle(brought)
        if batch:
            self._after = batch[-1].account_uin
        for carrier, part in parts.items():
            self._lanes.by_name[carrier].submit(part, self._hear)
        return limit > 0 and len(batch) == limit

    async def _record(
        self,
        session: AsyncSession,
        answers: Sequence[tuple[str, Sequence[Answer]]],
        receipts: Mapping[str, Sequence[Receipt]],
        now: datetime,
    ) -> Moved:
        """Write down what carriers have answered, with the receipts that came with it."""
        moved = Moved(now)
        answered = _by_carrier(answers)
        for carrier in sorted(answered.keys() | receipts.keys()):
            await submission.move(
                session,
                self._worker,
                carrier,
                answered.get(carrier, ()),
                receipts.get(carrier, ()),
                moved,
            )
        return moved

    def _busy(self) -> bool:
        """Say whether a commit is under way, or near, that could take receipts along."""
        return (self._turning or self._answered > 0) and not self._failed

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


def _by_carrier(answers: Sequence[tuple[str, Sequence[Answer]]]) -> dict[str, list[Answer]]:
    grouped: dict[str, list[Answer]] = {}
    for carrier, group in answers:
        grouped.setdefault(carrier, []).extend(group)
    return grouped
