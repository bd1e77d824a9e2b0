"""Dropping events that could not be pushed for as long as they are kept."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from db import callback_expiry
from db.session import Database

AT_ONCE: Final = 1_000
SELDOM: Final = 3_600.0


class Expiry:
    """Drops a bounded number at each step; several workers may do so at once."""

    def __init__(self, database: Database, clock: Callable[[], datetime], keep: timedelta) -> None:
        """Drop what is older than `keep`."""
        self._database = database
        self._clock = clock
        self._keep = keep

    async def step(self) -> float:
        """Drop what is due; gives in how many seconds to look again, 0 when more is left."""
        before = self._clock() - self._keep
        async with self._database.write() as session:
            gone = await callback_expiry.expire(session, before, AT_ONCE)
        return 0 if gone == AT_ONCE else SELDOM
