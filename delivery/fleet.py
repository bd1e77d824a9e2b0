"""The carriers that are set up, as this process runs them: followed, never asked for."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Final

from db import carrier as carriers
from db import carrier_state, route
from db.carrier import CarrierRow
from db.session import Database
from delivery.carriers import Build
from delivery.carriers.base import LiveState, Sink
from delivery.lane import Lane
from delivery.lanes import Lanes
from delivery.settings import DeliverySettings
from domain.route import Routing

REPORTED_EVERY: Final = 5.0  # seconds

_Setup = tuple[Any, ...]

log = logging.getLogger(__name__)


class Fleet:
    """Starts, stops and rebuilds carriers when the operator changes them, and tells how they do.

    Starting and stopping take their time in the background, one carrier never waiting for another.
    """

    def __init__(
        self,
        database: Database,
        build: Build,
        clock: Callable[[], datetime],
        settings: DeliverySettings,
        worker: str,
    ) -> None:
        self.lanes = Lanes({}, Routing.of([]))
        self._database = database
        self._build = build
        self._clock = clock
        self._settings = settings
        self._worker = worker
        self._sink: Sink | None = None
        self._version: int | None = None
        self._setups: dict[str, _Setup] = {}
        self._broken: dict[str, LiveState] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, sink: Sink) -> None:
        """Make the default carrier and route unless they were, and start what is set up."""
        self._sink = sink
        async with self._database.write() as session:
            await carriers.ensure_default(session, self._clock())
        await self.follow()

    async def follow(self) -> float:
        """Take over what was changed since the last look; gives the seconds until the next."""
        async with self._database.read() as session:
            version = await route.version(session)
            if version != self._version:
                rows = await carriers.in_force(session)
                self.lanes.routing = await route.routing(session)
                self._match({row.name: row for row in rows})
                self._version, self.lanes.changed = version, True
        return self._settings.poll.total_seconds()

    async def report(self) -> float:
        """Tell the operator how each carrier does here; gives the seconds until the next time."""
        states = {name: lane.carrier.state() for name, lane in self.lanes.by_name.items()}
        states |= self._broken
        async with self._database.write() as session:
            await carrier_state.write(session, self._worker, states, self._clock())
        return REPORTED_EVERY

    async def stop(self) -> None:
        """Stop every carrier, with half of the time there is to drain for what is owed."""
        for name in tuple(self.lanes.by_name):
            self._leave(name)
        tasks = {*self._tasks}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._settings.drain.total_seconds() / 2)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        async with self._database.write() as session:
            await carrier_state.write(session, self._worker, {}, self._clock())

    def _match(self, rows: dict[str, CarrierRow]) -> None:
        for name in tuple(self.lanes.by_name):
            if name not in rows or self._setups[name] != _setup(rows[name]):
                self._leave(name)
        self._broken = {}
        for name, row in rows.items():
            if name not in self.lanes.by_name:
                self._join(row)
            if name in self.lanes.by_name:
                self.lanes.by_name[name].paused = row.paused

    def _join(self, row: CarrierRow) -> None:
        try:
            built = self._build(row)
        except Exception as error:  # noqa: BLE001 - one carrier that cannot be made stops no other
            log.error(  # noqa: TRY400 - a traceback would show the settings
                "the carrier %s cannot be set up: %s", row.name, type(error).__name__
            )
            self._broken[row.name] = LiveState(
                binds=0,
                binds_wanted=1,
                window=0,
                rate=0,
                error=f"it cannot be set up here ({type(error).__name__}): "
                "enter its password again, or see whether this worker has the installation's key",
                error_at=self._clock(),
            )
            return
        lane = Lane(built, self._clock, self._settings)
        self.lanes.by_name[row.name], self._setups[row.name] = lane, _setup(row)
        self._run(self._open(lane))

    async def _open(self, lane: Lane) -> None:
        # A carrier may allow no more connections than the one that is being closed.
        before = self._leaving.get(lane.carrier.name)
        if before is not None:
            await asyncio.wait({before})
        if self._sink is not None and self.lanes.by_name.get(lane.carrier.name) is lane:
            await lane.carrier.start(self._sink)
            lane.open = True

    def _leave(self, name: str) -> None:
        lane = self.lanes.by_name.pop(name)
        del self._setups[name]
        self._leaving[name] = self._run(lane.stop())

    def _run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a carrier could not be started or stopped: %s", type(error).__name__)


def _setup(row: CarrierRow) -> _Setup:
    """Give what a carrier is built of: one that is only paused or renamed in a note stays."""
    return row.kind, row.settings, row.sealed_password
