"""Looking after the receipts that are kept: for whom they are, and which are too old or too many.

Nothing here is urgent. What the answer to a submission is known for takes its receipts by itself.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from db import kept_receipt, message_part, receipt
from db.session import Database

MATCHED_AT_ONCE: Final = 500
DROPPED_AT_ONCE: Final = 5_000
PAUSE: Final = 15.0
OVERLAP: Final = timedelta(minutes=1)
"""How long a transaction that keeps receipts can take, and clocks of workers differ."""

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
        self._since = datetime.fromtimestamp(0, UTC)  # what an earlier process kept, too

    async def step(self) -> float:
        """Do what there is to do, in part; gives the seconds until the next step is wanted."""
        now = self._clock()
        before = now - self._wait
        async with self._database.read() as session:
            known = await kept_receipt.of_known(session, self._since, MATCHED_AT_ONCE)
            unknown = await kept_receipt.of_unknown(session, 1)
            crowded = await kept_receipt.crowded(session, self._most)
            old = await kept_receipt.overdue(session, before)
            parts = await message_part.overdue(session, before)
        more = len(known) == MATCHED_AT_ONCE
        if not more:
            self._since = now - OVERLAP
        if not (known or unknown or crowded or old or parts):
            return PAUSE
        async with self._database.write() as session:
            if known:
                await receipt.join(session, known, now)
            if unknown:
                more |= await receipt.match(session, now, MATCHED_AT_ONCE) == MATCHED_AT_ONCE
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
