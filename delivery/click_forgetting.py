"""Forgetting who clicked (URL-2): addresses grown old, and all of short URLs that were deleted."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from db import click as clicks
from db.session import Database
from domain.click import kept_from

AT_ONCE: Final = 2_000
REST: Final = 3_600.0
# A click that was looked up before the deletion may be stored after it.
SETTLED: Final = timedelta(minutes=5)


class ClickForgetting:
    """Erases a bounded number of rows at each step, in one short transaction."""

    def __init__(self, database: Database, clock: Callable[[], datetime], kept: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._kept = kept

    async def step(self) -> float:
        """Erase what is due; gives the seconds until to look again, 0 when more is left."""
        now = self._clock()
        async with self._database.read() as session:
            deleted = await clicks.unerased(session, now - SETTLED)
        async with self._database.write() as session:
            if deleted is not None:
                await clicks.erase(session, deleted, now, AT_ONCE)
                return 0
            gone = await clicks.forget(session, kept_from(now, self._kept), AT_ONCE)
        return 0 if gone == AT_ONCE else REST
