"""One worker: everything that goes on behind the schema, in one process and one event loop."""

import asyncio
import logging
import secrets
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Final, Protocol

from db import lease
from db.session import Database
from delivery.asker import Asker
from delivery.carriers import Build
from delivery.dispatcher import Dispatcher
from delivery.fleet import Fleet
from delivery.loop import Loop
from delivery.receipts import Receipts
from delivery.settings import DeliverySettings

EXPIRED_AT_ONCE: Final = 1_000

log = logging.getLogger(__name__)


class Workflows(Protocol):
    """The durable work on whole tasks, as far as a worker runs it."""

    async def start(self) -> None:
        """Take up what was running."""

    async def relay(self, now: datetime) -> int:
        """Start what is due and give its number."""

    async def stop(self) -> None:
        """Leave what is running for the next start."""


class Worker:
    """Relays jobs, dispatches messages, takes receipts, and clears up after dead workers.

    On SQLite there is one worker at a time (the workflows see to that), so it always has the same
    name and takes back at once what it held when it was killed; elsewhere a lease has to run out.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a worker works with
        self,
        database: Database,
        build: Build,
        workflows: Workflows | None,
        clock: Callable[[], datetime],
        settings: DeliverySettings,
        chores: Sequence[Loop] = (),
    ) -> None:
        self.name = "local" if database.is_sqlite else _new_name()
        self._database = database
        self._workflows = workflows
        self._clock = clock
        self._settings = settings
        self._fleet = Fleet(database, build, clock, settings, self.name)
        self._sink = Receipts(database, settings.opt_out, clock)
        self._dispatcher = Dispatcher(
            database, self._fleet.lanes, clock, settings, self.name, self._answered, self._sink
        )
        self._dispatch = Loop("the dispatcher", self._dispatcher.step)
        asker = Asker(database, self._fleet.lanes, clock, self._sink)
        self._loops = [
            self._dispatch,
            Loop("the carriers", self._fleet.follow),
            Loop("the sweeper", self.sweep),
        ]
        if workflows is not None:
            self._loops.append(Loop("the relay", self._relay))
        # These keep to their own times and are not woken.
        self._chores = [
            *chores,
            Loop("the report on carriers", self._fleet.report),
            Loop("the questions to carriers", asker.step),
        ]
        self._deadline: asyncio.Timeout | None = None

    def wake(self) -> None:
        """Look for work now: something was committed that this worker may have to do."""
        for loop in self._loops:
            loop.wake()

    def trouble(self) -> str | None:
        """Say which of its work has stood still for longer than others wait for it, if any."""
        patience = self._settings.lease.total_seconds()
        stuck = [loop.name for loop in self._loops if loop.under_way > patience]
        return f"the worker stands still at {', '.join(stuck)}" if stuck else None

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what is under way is done, within `drain`."""
        for loop in (*self._loops, *self._chores):
            loop.stop()
        if self._deadline is not None:
            bound = self._settings.drain.total_seconds()
            self._deadline.reschedule(asyncio.get_running_loop().time() + bound)

    async def run(self) -> None:
        """Work until stopped."""
        try:
            async with asyncio.timeout(None) as self._deadline, AsyncExitStack() as stack:
                if self._workflows is not None:
                    await self._workflows.start()
                    stack.push_async_callback(self._workflows.stop)
                if self._database.is_sqlite:
                    await self._requeue(self.name)
                stack.push_async_callback(self._dispatcher.finish)
                await self._fleet.start(self._sink)
                stack.push_async_callback(self._fleet.stop)
                async with asyncio.TaskGroup() as group:
                    for loop in (*self._loops, *self._chores):
                        group.create_task(loop.run())
        except TimeoutError:
            log.warning("stopped before all was done; what was held is queued again")

    async def sweep(self) -> float:
        """Queue again what dead workers held, and end what no receipt ever came for."""
        now = self._clock()
        before = now - self._settings.receipt_wait
        async with self._database.read() as session:
            lost = await lease.overdue(session, now)
            waited = await lease.waited(session, before)
        if lost:
            await self._requeue()
        if waited:
            async with self._database.write() as session:
                expired = await lease.expire(session, before, now, EXPIRED_AT_ONCE)
            if expired == EXPIRED_AT_ONCE:
                return 0
        return self._settings.lease.total_seconds() / 4

    async def _requeue(self, worker: str = "") -> None:
        async with self._database.write() as session:
            requeued = await lease.requeue(session, self._clock(), worker)
        if requeued:
            log.warning("%d messages of a dead worker are queued again", requeued)
            self._dispatch.wake()

    def _answered(self) -> None:
        self._dispatch.wake()

    async def _relay(self) -> float:
        if self._workflows is None:
            raise RuntimeError("there are no workflows to relay to")
        if await self._workflows.relay(self._clock()):
            return 0
        return self._settings.poll.total_seconds()


def _new_name() -> str:
    return f"{socket.gethostname()[:40]}-{secrets.token_hex(6)}"
