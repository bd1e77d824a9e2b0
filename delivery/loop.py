"""Work that goes on as long as the process: woken when there is some, ended by no error."""

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 30.0

Step = Callable[[], Awaitable[float]]
Wait = Callable[[asyncio.Event, float], Awaitable[None]]

log = logging.getLogger(__name__)


async def wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, but no longer than `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


class Loop:
    """Takes one step after the other until told to stop.

    A step does what is there to do now and says in how many seconds it wants to look again; 0 is
    at once. A step that raises is logged and tried again, after ever longer pauses.
    """

    def __init__(self, name: str, step: Step, wait: Wait = wait, *, gap: float = 0) -> None:
        """Name the work for the log; a wake-up has effect after `gap` seconds.

        `wait` waits for an event or a time, whichever is first.
        """
        self._name = name
        self._step = step
        self._wait = wait
        self._gap = gap
        self._woken = asyncio.Event()
        self._stopping = False
        self._failures = 0
        self._begun: float | None = None

    @property
    def name(self) -> str:
        """What the log calls it."""
        return self._name

    @property
    def under_way(self) -> float:
        """How many seconds the step under way has taken; 0 between steps."""
        return 0 if self._begun is None else time.monotonic() - self._begun

    def wake(self) -> None:
        """Look at once; a step under way is followed by another."""
        self._woken.set()

    def stop(self) -> None:
        """End after the step under way."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Go on until stopped or cancelled."""
        while not self._stopping:
            self._woken.clear()
            pause = await self._attempt()
            if pause > 0 and not self._stopping:
                await self._wait(self._woken, pause)
                if self._gap and not self._stopping:
                    await asyncio.sleep(self._gap)
            else:
                # A step that never waits must not keep others from their turn.
                await asyncio.sleep(0)

    async def _attempt(self) -> float:
        self._begun = time.monotonic()
        try:
            pause = await self._step()
        except Exception as error:  # noqa: BLE001 - whatever it is, the work goes on
            pause = min(FIRST_PAUSE * 2**self._failures, LONGEST_PAUSE)
            self._failures = min(self._failures + 1, 10)
            log.error(  # noqa: TRY400 - a traceback would show the error's text
                "%s failed and goes on in %.1f s: %s at %s",
                self._name,
                pause,
                type(error).__name__,
                _place(error),
            )
        else:
            self._failures = 0
        finally:
            self._begun = None
        return pause


def _place(error: Exception) -> str:
    """Say where an error was raised; its text may hold phone numbers or content and is left out."""
    frames = list(traceback.extract_tb(error.__traceback__))
    # The last lines of our own say more than those of the driver they called.
    frames = [frame for frame in frames if "site-packages" not in frame.filename][-3:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
