"""Looking after the receipts that are kept: for whom they are, and which are too old or too many.

Nothing here is urgent. What the answer to a submission is known for takes its receipts by itself.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from db import kept_receipt, message_part, receipt
from db.session import Database

MATCHED_AT_ONCE: Final = 500
DROPPED_AT_ONCE: Final = 5_000
PAUSE: Final = 15.0

log = logging.getLogger(__name__)


class ReceiptKeeping:
    """Each step is one short read and, where needed, one short write."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        wait: timedelta,
        most: int = kept_receipt.KEPT_MOST,
    ) -> None:
        """Keep receipts, and the parts they may be of, for `wait`, and `most` of each carrier."""
        self._database = database
        self._clock = clock
        self._wait = wait
        self._most = most

    async def step(self) -> float:
        """Do what there is to do, in part; gives the seconds until the next step is wanted."""
        before = self._clock() - self._wait
        async with self._database.read() as session:
            matching = await kept_receipt.of_unknown(session, 1)
            crowded = await kept_receipt.crowded(session, self._most)
            old = await kept_receipt.overdue(session, before)
            parts = await message_part.overdue(session, before)
        if not (matching or crowded or old or parts):
            return PAUSE
        more = False
        async with self._database.write() as session:
            if matching:
                await receipt.match(session, self._clock(), MATCHED_AT_ONCE)
            dropped = await kept_receipt.forget(session, before, DROPPED_AT_ONCE) if old else 0
            for carrier, number in crowded.items():
                most = min(number, DROPPED_AT_ONCE)
                dropped += await kept_receipt.crowd_out(session, carrier, most)
                more |= number > most
            if parts:
                gone = await message_part.forget(session, before, DROPPED_AT_ONCE)
                more |= gone == DROPPED_AT_ONCE
        if dropped:
            log.warning("%d receipts that no message was known for are dropped", dropped)
        return 0 if more or dropped >= DROPPED_AT_ONCE else PAUSE
