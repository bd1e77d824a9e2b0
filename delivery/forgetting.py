"""Forgetting numbers that nothing was sent to lately: no frequency limit looks at them (CFG-3)."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from db import frequency
from db.frequency import FIRST
from db.session import Database
from domain.frequency import KEPT

SEEN_AT_ONCE: Final = 2_000
PAUSE: Final = 5.0
REST: Final = 3_600.0


class Forgetting:
    """Walks over all numbers in steps of one short read and, where needed, one short write.

    Where several workers walk, each number is forgotten once; what one skips the next walk finds.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._after = FIRST

    async def step(self) -> float:
        """Look at the next numbers; gives the seconds until the next are wanted."""
        before = self._clock() - KEPT
        async with self._database.read() as session:
            stale, self._after = await frequency.stale(session, self._after, before, SEEN_AT_ONCE)
        if stale:
            async with self._database.write() as session:
                await frequency.forget(session, stale, before)
        if self._after == FIRST:
            return REST
        return 0 if len(stale) == SEEN_AT_ONCE else PAUSE
