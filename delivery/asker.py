"""Asks carriers what became of messages that were sent and never answered (query_sm)."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from db import lease
from db.session import Database
from delivery.carriers.base import Inbound, Sink
from delivery.lanes import Lanes

ASKED_AT_ONCE: Final = 200
ASKED_EVERY: Final = 10.0  # seconds
PATIENCE: Final = 30.0  # seconds a carrier may take to answer

log = logging.getLogger(__name__)


class Asker:
    """Asks about messages whose tasks wait for a receipt, as far as the carrier's id is known.

    What a carrier answers is taken as a receipt.
    """

    def __init__(
        self, database: Database, lanes: Lanes, clock: Callable[[], datetime], sink: Sink
    ) -> None:
        self._database = database
        self._lanes = lanes
        self._clock = clock
        self._sink = sink

    async def step(self) -> float:
        """Ask about those that are due; gives the seconds until the next look."""
        now = self._clock()
        carriers = [name for name, lane in self._lanes.by_name.items() if lane.up]
        async with self._database.read() as session:
            if not await lease.any_to_ask(session, carriers, now):
                return ASKED_EVERY
        async with self._database.write() as session:
            due = await lease.to_ask(session, carriers, now, ASKED_AT_ONCE)
        by_carrier: defaultdict[str, list[str]] = defaultdict(list)
        for carrier, reference in due:
            by_carrier[carrier].append(reference)
        await asyncio.gather(*(self._ask(*asked) for asked in by_carrier.items()))
        return 0 if len(due) == ASKED_AT_ONCE else ASKED_EVERY

    async def _ask(self, carrier: str, references: Sequence[str]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._lanes.by_name[carrier].carrier.query(references)
        except TimeoutError:
            log.warning("the carrier %s did not say what became of its messages", carrier)
            return
        if found:
            await self._sink(carrier, Inbound(found))
