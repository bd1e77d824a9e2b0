"""Dropping records that nobody pulled for as long as they are kept, or of which there are many."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from db import pull_expiry
from db.session import Database
from domain.pull import KEPT, WAITING_MOST

AT_ONCE: Final = 1_000
QUEUES_AT_ONCE: Final = 100
REST: Final = 60.0


class PullExpiry:
    """Walks over all queues in short steps; several workers may do so at once."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], most: int = WAITING_MOST
    ) -> None:
        """Leave `most` records in each queue."""
        self._database = database
        self._clock = clock
        self._most = most
        self._after = 0

    async def step(self) -> float:
        """Drop what is due of some queues; gives in how many seconds to go on, 0 for at once."""
        now = self._clock()
        before = now - KEPT
        async with self._database.read() as session:
            queues = await pull_expiry.queues(session, self._after, QUEUES_AT_ONCE)
            found = [
                await pull_expiry.due(session, queue_id, app_id, before, self._most, AT_ONCE)
                for queue_id, app_id in queues
            ]
        most = 0
        for wanted in filter(None, found):
            async with self._database.write() as session:
                gone = await pull_expiry.drop(session, wanted, before, now, AT_ONCE)
            most = max(most, gone)
        async with self._database.write() as session:
            most = max(most, await pull_expiry.clear(session, AT_ONCE))
        if most == AT_ONCE:
            return 0
        self._after = queues[-1][0] if len(queues) == QUEUES_AT_ONCE else 0
        return 0 if self._after else REST
