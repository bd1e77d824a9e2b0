"""Where carriers bring receipts and replies: many at once become one transaction."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Final

from db import receipt as receipts
from db import reply as replies
from db.session import AsyncSession, Database
from delivery import metric
from delivery.carriers.base import Inbound
from domain.carrier import Receipt
from domain.unsubscription import OptOut

COMMITTED_AT_ONCE: Final = 2_000
SHORT: Final = 0.01
"""Seconds after which the dispatcher is told that somebody waits for its commit."""
LONGEST: Final = 0.5
"""Seconds after which nobody waits for it any more."""

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Brought:
    """What one carrier brought, and whether it is kept."""

    carrier: str
    inbound: Inbound
    kept: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def size(self) -> int:
        """Say how many receipts and replies that is."""
        return len(self.inbound.receipts) + len(self.inbound.replies)


def _never() -> bool:
    """Say that nobody else commits."""
    return False


def _nobody() -> None:
    """Hurry nobody."""


class Receipts:
    """A sink that commits in groups: whoever comes while a commit is under way shares the next.

    While `busy` says that the dispatcher commits or is about to, receipts are left to it, and it is
    told to `hurry`: most come soon after the answers to their submissions, and both are one write
    then.
    """

    def __init__(self, database: Database, opt_out: OptOut, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._opt_out = opt_out
        self._clock = clock
        self._waiting: list[Brought] = []
        self._committer: asyncio.Task[None] | None = None
        self.busy: Callable[[], bool] = _never
        self.hurry: Callable[[], None] = _nobody

    async def __call__(self, carrier: str, inbound: Inbound) -> None:
        """Keep what a carrier brings; once more changes nothing."""
        brought = Brought(carrier, inbound)
        self._waiting.append(brought)
        self._start()
        try:
            await brought.kept
        finally:
            # A carrier that is stopped meanwhile brings it again; nobody waits for this answer.
            brought.kept.cancel()

    def take(self) -> list[Brought]:
        """Give what is next, to be written by the caller and then settled or given back.

        Carriers take turns, so that one that floods delays no other.
        """
        places: Counter[str] = Counter()
        waiting: list[tuple[int, Brought]] = []
        for one in self._waiting:
            if not one.kept.done():
                places[one.carrier] += 1
                waiting.append((places[one.carrier], one))
        self._waiting = [one for _, one in sorted(waiting, key=itemgetter(0))]
        size, count = 0, 0
        for one in self._waiting:
            if count and size + one.size > COMMITTED_AT_ONCE:
                break
            size, count = size + one.size, count + 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group

    def give_back(self, group: Sequence[Brought]) -> None:
        """Let others keep what could not be written."""
        self._waiting[:0] = group
        self._start()

    async def write_replies(self, session: AsyncSession, group: Sequence[Brought]) -> None:
        """Keep the replies of a group in the caller's transaction, one carrier after the other."""
        for carrier, inbounds in sorted(_by_carrier(group).items()):
            written = [reply for one in inbounds for reply in one.replies]
            dropped = await replies.add(session, carrier, written, self._opt_out)
            if dropped:
                log.info("%d replies over %s answer no message and are dropped", dropped, carrier)

    def settle(self, group: Sequence[Brought]) -> None:
        """Tell the carriers that what they brought is kept."""
        for one in group:
            metric.brought(one.carrier, one.inbound.receipts, one.inbound.replies)
            if not one.kept.done():
                one.kept.set_result(None)

    def _start(self) -> None:
        if self._committer is None and self._waiting:
            self._committer = asyncio.create_task(self._run(), name="receipts")

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._leave()
                await self._commit()
        finally:
            self._committer = None

    async def _leave(self) -> None:
        """Leave what waits to the dispatcher, which may have stopped."""
        waited = 0.0
        while self._waiting and self.busy() and waited < LONGEST:
            await asyncio.sleep(SHORT)
            self.hurry()
            waited += SHORT

    async def _commit(self) -> None:
        group = self.take()
        if not group:
            return
        try:
            await self._keep(group)
        except Exception as error:  # noqa: BLE001 - every carrier of the group is told
            for one in group:
                if not one.kept.done():
                    one.kept.set_exception(error)
        else:
            self.settle(group)

    async def _keep(self, group: Sequence[Brought]) -> None:
        async with self._database.write() as session:
            await receipts.apply(session, heard(group), self._clock())
            await self.write_replies(session, group)


def _by_carrier(group: Sequence[Brought]) -> dict[str, list[Inbound]]:
    grouped: defaultdict[str, list[Inbound]] = defaultdict(list)
    for one in group:
        grouped[one.carrier].append(one.inbound)
    return grouped


def heard(group: Sequence[Brought]) -> dict[str, list[Receipt]]:
    """Give the receipts of a group by their carriers."""
    return {
        carrier: [receipt for one in inbounds for receipt in one.receipts]
        for carrier, inbounds in _by_carrier(group).items()
    }
