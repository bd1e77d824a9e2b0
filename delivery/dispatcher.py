"""From the queue to the carrier: claim a batch, hold it to the rules, submit it, write it down."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from db import frequency_check, queue, refusal
from db.queue import Claim, Claimed, Moved
from db.refusal import Rules
from db.session import AsyncSession, Database
from delivery.carriers.base import Carrier
from delivery.content import Contents
from delivery.settings import DeliverySettings
from domain.carrier import Answer, Outgoing, Verdict

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 10.0

log = logging.getLogger(__name__)


class Dispatcher:
    """Submits one batch at a time.

    The answers of a batch are recorded in the transaction that claims the next one, so a worker
    that is killed leaves exactly one batch whose fate is not known, and a batch costs one commit.
    """

    def __init__(
        self,
        database: Database,
        carrier: Carrier,
        clock: Callable[[], datetime],
        settings: DeliverySettings,
        worker: str,
    ) -> None:
        self._database = database
        self._carrier = carrier
        self._clock = clock
        self._settings = settings
        self._rules = Rules(blocklist_delay=settings.blocklist_delay)
        self._worker = worker
        self._contents = Contents()
        self._answers: Sequence[Answer] = ()
        self._after = 0
        self._refusals = 0

    async def step(self) -> float:
        """Handle one batch; gives the seconds until the next is wanted."""
        if not self._answers:
            async with self._database.read() as session:
                if not await queue.waiting(session):
                    return self._settings.poll.total_seconds()
        outgoing = await self._turn()
        if outgoing is None:
            return self._settings.poll.total_seconds()
        if not outgoing:
            return 0
        self._answers = await self._submit(outgoing)
        return self._pause()

    async def finish(self) -> None:
        """Record what is left to record, and claim nothing more."""
        if self._answers:
            name, now = self._carrier.name, self._clock()
            async with self._database.write() as session:
                await queue.record(session, self._worker, name, self._answers, now)
            self._answers = ()

    async def _turn(self) -> list[Outgoing] | None:
        """Record answers, take a batch, and give what no rule refuses; None when none is left."""
        now, settings = self._clock(), self._settings
        request = Claim(
            worker=self._worker,
            limit=settings.batch,
            now=now,
            lease=settings.lease,
            application_delay=settings.application_delay,
            after=self._after,
        )
        async with self._database.write() as session:
            moved = Moved(now)
            await queue.move(session, self._worker, self._carrier.name, self._answers, moved)
            batch = await queue.claim(session, request)
            outgoing, refused = await self._sift(session, batch, now)
            await queue.move(session, self._worker, self._carrier.name, refused, moved)
            await queue.count(session, moved)
        self._answers = ()
        if not batch:
            return None
        self._after = batch[-1].account_uin
        return outgoing

    async def _sift(
        self, session: AsyncSession, batch: Sequence[Claimed], now: datetime
    ) -> tuple[list[Outgoing], list[Answer]]:
        """Render a batch and hold it to the rules, in the order of a send's checks."""
        outgoing, refused = await self._contents.render(session, batch)
        texts = {one.message_id: one.text for one in outgoing}
        fit = _without(batch, refused)
        refused += await refusal.refused(session, fit, now, self._rules)
        fit, limits = _without(fit, refused), self._settings.frequency
        refused += await frequency_check.check(session, fit, texts, now, limits)
        gone = {answer.message_id for answer in refused}
        return [one for one in outgoing if one.message_id not in gone], refused

    async def _submit(self, outgoing: Sequence[Outgoing]) -> Sequence[Answer]:
        answers: list[Answer] = []
        try:
            # Past half the lease, others are about to take the batch over.
            async with asyncio.timeout(self._settings.lease.total_seconds() / 2):
                await self._carrier.submit(outgoing, answers.extend)
        except TimeoutError:
            log.warning(
                "the carrier %s did not answer %d messages in time: their lease runs out",
                self._carrier.name,
                len(outgoing) - len(answers),
            )
        return answers

    def _pause(self) -> float:
        """Slow down while the carrier takes nothing at all."""
        again = {Verdict.THROTTLED, Verdict.UNAVAILABLE}
        if any(answer.verdict not in again for answer in self._answers):
            self._refusals = 0
            return 0
        pause: float = min(FIRST_PAUSE * 2**self._refusals, LONGEST_PAUSE)
        self._refusals = min(self._refusals + 1, 10)
        return pause


def _without(batch: Sequence[Claimed], refused: Sequence[Answer]) -> Sequence[Claimed]:
    if not refused:
        return batch
    gone = {answer.message_id for answer in refused}
    return [message for message in batch if message.id not in gone]
