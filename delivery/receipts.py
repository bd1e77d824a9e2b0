"""Where carriers bring receipts and replies: many at once become one transaction."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from db import receipt as receipts
from db import reply as replies
from db.session import Database
from delivery.carriers.base import Inbound
from domain.unsubscription import OptOut

COMMITTED_AT_ONCE: Final = 2_000


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

    def __init__(self, database: Database, opt_out: OptOut) -> None:
        self._database = database
        self._opt_out = opt_out
        self._waiting: list[_Brought] = []
        self._turn = asyncio.Lock()

    async def __call__(self, carrier: str, inbound: Inbound) -> None:
        """Keep what a carrier brings."""
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
            async with self._database.write() as session:
                for one in group:
                    await receipts.apply(session, one.carrier, one.inbound.receipts)
                    await replies.add(session, one.carrier, one.inbound.replies, self._opt_out)
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

    def _next_group(self) -> list[_Brought]:
        self._waiting = [one for one in self._waiting if not one.kept.done()]
        size, count = 0, 0
        for one in self._waiting:
            if count and size + one.size > COMMITTED_AT_ONCE:
                break
            size, count = size + one.size, count + 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group
