"""One carrier of this process, and what it was given: nothing here waits for another carrier."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from delivery import metric
from delivery.carriers.base import Carrier
from delivery.settings import DeliverySettings
from delivery.trace import span
from domain.carrier import Answer, Outgoing, Verdict

FIRST_PAUSE: Final = timedelta(seconds=0.1)
LONGEST_PAUSE: Final = timedelta(seconds=10)
_AGAIN: Final = frozenset({Verdict.THROTTLED, Verdict.UNAVAILABLE})

Heard = Callable[[str, Sequence[Answer]], None]

log = logging.getLogger(__name__)


class Lane:
    """Submits to one carrier, several batches side by side.

    Every message it takes is answered once: at half its lease, when others are about to take it
    over, whatever the carrier has not answered is unknown.
    """

    def __init__(
        self, carrier: Carrier, clock: Callable[[], datetime], settings: DeliverySettings
    ) -> None:
        self.carrier = carrier
        self.open = False
        """Whether it has started and does not stop."""
        self.paused = False
        """Whether the operator wants nothing submitted to it."""
        self.in_flight = 0
        self._clock = clock
        self._patience = settings.lease.total_seconds() / 2
        self._tasks: set[asyncio.Task[None]] = set()
        self._refusals = 0
        self._paused_until: datetime | None = None

    @property
    def up(self) -> bool:
        """Whether the carrier is there at all, with room or without."""
        return self.open and not self.paused and self.carrier.state().binds > 0

    def room(self) -> int:
        """Say how many messages it can take now."""
        closed = not self.open or self.paused or self.pause() > 0
        return 0 if closed else self.carrier.room()

    def pause(self) -> float:
        """Give the seconds until a carrier that took nothing at all is tried again."""
        if self._paused_until is None:
            return 0
        return max(0.0, (self._paused_until - self._clock()).total_seconds())

    def submit(self, batch: Sequence[Outgoing], heard: Heard) -> None:
        """Submit messages in the background; `heard` gets one answer for each, as they come."""
        self.in_flight += len(batch)
        task = asyncio.create_task(self._submit(batch, heard), name=f"lane {self.carrier.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Take nothing more, and wait for what is owed; cancelled, it gives that up as unknown."""
        self.open = False
        try:
            await self.carrier.stop()
            await self.idle()
        finally:
            if self.in_flight:
                log.warning(
                    "the carrier %s is left with %d messages without an answer",
                    self.carrier.name,
                    self.in_flight,
                )
            for task in self._tasks:
                task.cancel()
            await self.idle()

    async def idle(self) -> None:
        """Wait until all that was submitted so far is answered."""
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _submit(self, batch: Sequence[Outgoing], heard: Heard) -> None:
        left = {message.message_id for message in batch}

        def answered(answers: Sequence[Answer]) -> None:
            own = [answer for answer in answers if answer.message_id in left]
            left.difference_update(answer.message_id for answer in own)
            self._hear(own, heard)

        try:
            with span("carrier submit", carrier=self.carrier.name, messages=len(batch)):
                async with asyncio.timeout(self._patience):
                    await self.carrier.submit(batch, answered)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the fate of the rest is open
            log.warning(
                "the carrier %s left %d messages without an answer: %s",
                self.carrier.name,
                len(left),
                type(error).__name__,
            )
        finally:
            if left:
                answered([Answer(message_id, Verdict.UNKNOWN) for message_id in sorted(left)])

    def _hear(self, answers: Sequence[Answer], heard: Heard) -> None:
        self.in_flight -= len(answers)
        metric.answered(self.carrier.name, answers)
        if any(answer.verdict not in _AGAIN for answer in answers):
            self._refusals, self._paused_until = 0, None
        elif answers:
            pause = min(FIRST_PAUSE * 2**self._refusals, LONGEST_PAUSE)
            self._paused_until = self._clock() + pause
            self._refusals = min(self._refusals + 1, 10)
        heard(self.carrier.name, answers)
