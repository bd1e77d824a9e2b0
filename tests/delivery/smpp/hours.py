"""Time that passes when a test says so, and a carrier that lives in it."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from delivery.carriers.base import Sink
from delivery.carriers.smpp.carrier import SmppCarrier
from delivery.carriers.smpp.settings import SmppSettings
from delivery.carriers.smpp.timing import Timing
from domain.carrier import Answer, Outgoing
from tests.delivery.sinks import RecordingSink
from tests.smsc_honest import Smsc

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TIMEOUT = 20.0
"""Seconds a request may stay unanswered, by default."""
LINK = 30.0
"""Seconds between two enquire_link."""


class Call:
    """A call that is due at a time of the test's."""

    def __init__(self, run: Callable[[], None]) -> None:
        self.run: Callable[[], None] | None = run

    def cancel(self) -> None:
        """Do not call."""
        self.run = None


class Hours:
    """A clock that stands until it is moved; chance always says 1, so that pauses are whole."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._calls: list[tuple[float, int, Call]] = []
        self._numbers = count()
        self.timing = Timing(lambda: self.seconds, self.later, lambda: 1.0)

    def now(self) -> datetime:
        """Give the time of day."""
        return NOW + timedelta(seconds=self.seconds)

    def later(self, seconds: float, run: Callable[[], None]) -> Call:
        """Call when that much time has been let pass."""
        call = Call(run)
        heapq.heappush(self._calls, (self.seconds + seconds, next(self._numbers), call))
        return call

    async def advance(self, seconds: float) -> None:
        """Let time pass, with every call at its time and a moment for the sockets after each."""
        await settled()
        end = self.seconds + seconds
        while self._calls and self._calls[0][0] <= end:
            self.seconds, _, call = heapq.heappop(self._calls)
            if call.run is not None:
                call.run()
                await settled()
        self.seconds = end
        await settled()


async def settled() -> None:
    """Let what is on its way through the sockets of this machine arrive."""
    for turn in range(60):
        await asyncio.sleep(0 if turn % 10 else 0.0005)


async def until(condition: Callable[[], Any]) -> None:
    """Wait for something that is about to be so."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - sockets set no event
            await asyncio.sleep(0.001)


def settings(smsc: Smsc, **changes: Any) -> SmppSettings:
    """Give the settings of a carrier that leads to an SMSC."""
    known: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": smsc.port,
        "system_id": "console",
        "password": "secret",
        "response_timeout": timedelta(seconds=TIMEOUT),
        "enquire_link": timedelta(seconds=LINK),
    }
    return SmppSettings(**known | changes)


def message(number: int, text: str = "[Shop] hello", segments: int = 1) -> Outgoing:
    """Give a message to a number of its own."""
    return Outgoing(number, f"+8613800{number:06d}", text, segments)


class Submitting:
    """Messages under way to a carrier, and the answers so far."""

    def __init__(self, carrier: SmppCarrier, batch: Sequence[Outgoing]) -> None:
        self.answers: list[Answer] = []
        self._task = asyncio.create_task(carrier.submit(batch, self.answers.extend))

    async def done(self) -> list[Answer]:
        """Wait for the end; gives the answers by message."""
        async with asyncio.timeout(5):
            await self._task
        return sorted(self.answers, key=lambda answer: answer.message_id)

    @property
    def over(self) -> bool:
        """Whether all are answered."""
        return self._task.done()

    async def cancel(self) -> None:
        """Wait for them no longer."""
        self._task.cancel()
        await asyncio.wait([self._task])


async def started(
    smsc: Smsc, hours: Hours, sink: Sink | None = None, **changes: Any
) -> SmppCarrier:
    """Have a carrier that need not come up."""
    if not smsc.port:
        await smsc.start()
    carrier = SmppCarrier("acme", settings(smsc, **changes), hours.now, hours.timing)
    await carrier.start(sink or RecordingSink())
    await settled()
    return carrier


@asynccontextmanager
async def connected(
    smsc: Smsc, hours: Hours, sink: Sink | None = None, **changes: Any
) -> AsyncIterator[SmppCarrier]:
    """Have a carrier bound to an SMSC; it stops at the end, and so does the SMSC."""
    carrier = await started(smsc, hours, sink, **changes)
    try:
        await until(lambda: carrier.state().binds == carrier.state().binds_wanted)
        yield carrier
    finally:
        await smsc.stop()
        async with asyncio.timeout(5):
            await carrier.stop()
