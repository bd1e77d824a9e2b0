"""The time a carrier's connections live in; tests have their own."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

_Result = TypeVar("_Result")


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Do not call; after the call it does nothing."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds on a clock that never goes back, calls on that clock, and chance (0 up to 1)."""

    monotonic: Callable[[], float]
    later: Callable[[float, Callable[[], None]], Timer]
    chance: Callable[[], float]

    @classmethod
    def of_loop(cls) -> Self:
        """Give the time of the running event loop."""
        loop = asyncio.get_running_loop()
        return cls(loop.time, loop.call_later, random.SystemRandom().random)

    async def within(self, seconds: float, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Wait for work; raises TimeoutError when it took longer and was cancelled."""
        task = asyncio.ensure_future(work)
        expired = False

        def expire() -> None:
            nonlocal expired
            expired = True
            task.cancel()

        timer = self.later(seconds, expire)
        try:
            return await task
        except asyncio.CancelledError:
            if expired:
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()

    async def pause(self, seconds: float, until: asyncio.Event) -> None:
        """Wait for a time or an event, whichever is first."""
        due = asyncio.Event()
        timer = self.later(seconds, due.set)
        waits = [asyncio.ensure_future(event.wait()) for event in (due, until)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()
        timer.cancel()
