"""Where carriers bring receipts and replies: many at once become one transaction."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from db import receipt as receipts
from db import reply as replies
from db.session import Database
from delivery import metric
from delivery.carriers.base import Inbound
from domain.unsubscription import OptOut

COMMITTED_AT_ONCE: Final = 2_000

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Brought:
    carrier: str
    inbound: Inbound
    kept: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def size(self) -> int:
        return len(self.inbound.receipts) + len(self.inbound.replies)


class Receipts:
    """A sink that commits in groups: whoever comes while a commit is under way shares the next."""

    def __init__(self, database: Database, opt_out: OptOut, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._opt_out = opt_out
        self._clock = clock
        self._waiting: list[_Brought] = []
        self._turn = asyncio.Lock()

    async def __call__(self, carrier: str, inbound: Inbound) -> None:
        """Keep what a carrier brings; once more changes nothing."""
        brought = _Brought(carrier, inbound)
        self._waiting.append(brought)
        try:
            while not brought.kept.done():
                async with self._turn:
                    if not brought.kept.done():
                        await self._commit()
        finally:
            # A carrier that is stopped meanwhile brings it again; nobody waits for this answer.
            brought.kept.cancel()
        brought.kept.result()

    async def _commit(self) -> None:
        group = self._next_group()
        try:
            await self._keep(group)
        except Exception as error:  # noqa: BLE001 - every carrier of the group is told
            for one in group:
                if not one.kept.done():
                    one.kept.set_exception(error)
        except asyncio.CancelledError:
            # The transaction is gone with its leader; the others' receipts go into the next.
            self._waiting[:0] = group
            raise
        else:
            for one in group:
                if not one.kept.done():
                    one.kept.set_result(None)

    async def _keep(self, group: Sequence[_Brought]) -> None:
        by_carrier: defaultdict[str, list[Inbound]] = defaultdict(list)
        for one in group:
            by_carrier[one.carrier].append(one.inbound)
        nobodys: dict[str, int] = {}
        async with self._database.write() as session:
            for carrier, inbound in sorted(by_carrier.items()):
                heard = [receipt for one in inbound for receipt in one.receipts]
                await receipts.apply(session, carrier, heard, self._clock())
                written = [reply for one in inbound for reply in one.replies]
                nobodys[carrier] = await replies.add(session, carrier, written, self._opt_out)
        for one in group:
            metric.brought(one.carrier, one.inbound.receipts, one.inbound.replies)
        for carrier, number in nobodys.items():
            if number:
                log.info("%d replies over %s answer no message and are dropped", number, carrier)

    def _next_group(self) -> list[_Brought]:
        self._waiting = [one for one in self._waiting if not one.kept.done()]
        size, count = 0, 0
        for one in self._waiting:
            if count and size + one.size > COMMITTED_AT_ONCE:
                break
            size, count = size + one.size, count + 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group
