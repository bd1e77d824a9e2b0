"""Keeping the months of the message table on PostgreSQL: made ahead, let go when they are old."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from db import message_context, partition
from db.session import Database

OFTEN: Final = 3_600.0  # seconds between looks; a month is made three months ahead

log = logging.getLogger(__name__)


class Partitions:
    """Makes the parts that are missing, and detaches those older than `kept` whole months.

    `kept` is 0 where every month stays. A part with a message that is not final stays until it is.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime], kept: int) -> None:
        self._database = database
        self._clock = clock
        self._kept = kept

    async def step(self) -> float:
        """Do what is due, each part in a transaction of its own; gives the seconds until then."""
        now = self._clock()
        async with self._database.read() as session:
            missing = await partition.missing(session, now)
        for month in missing:
            async with self._database.write() as session:
                made = await partition.make(session, month)
            if made:
                log.info("made %s, for messages of a month to come", month.table)
        if self._kept:
            await self._let_go(now)
        return OFTEN

    async def _let_go(self, now: datetime) -> None:
        async with self._database.read() as session:
            old = await partition.old(session, now, self._kept)
        for part in old:
            async with self._database.read() as session:
                in_work = await partition.in_work(session, part)
            if in_work:
                log.warning("%s is old but stays: it has messages that are not final", part)
                continue
            await self._erase_contexts(part)
            async with self._database.write() as session:
                detached = await partition.detach(session, part)
            if detached:
                log.info("detached %s: archive it and drop it when nobody needs it", part)

    async def _erase_contexts(self, part: str) -> None:
        """Erase what came with its messages, in bounded steps; before, or nobody would find it."""
        erased = 1
        while erased:
            async with self._database.write() as session:
                erased = await message_context.erase_month(session, part)
