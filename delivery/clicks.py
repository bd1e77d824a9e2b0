"""Clicks on short URLs (URL-2): answered once they are stored, many in one transaction.

Whoever clicks waits for the next transaction, and one transaction takes all who wait. So a storm
of clicks is one writer among the others, and what was answered is kept whatever happens next.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from db import click as clicks
from db.click import Click, Destination
from db.session import Database
from delivery.metric import SHORT_URL_REQUESTS
from domain.statistic import hour_of

AT_ONCE: Final = 500
WAITING_MOST: Final = 5_000

log = logging.getLogger(__name__)


class Standing(StrEnum):
    """What became of a visit."""

    REDIRECTED = "redirected"
    GONE = "gone"
    """The short URL has expired or was deleted."""
    UNKNOWN = "unknown"
    BUSY = "busy"
    """Too many wait already, or the click could not be stored: nothing was counted."""


class Answer(NamedTuple):
    """Where to send a visitor; `target` is empty unless they are redirected."""

    standing: Standing
    target: str = ""


class Visit(NamedTuple):
    """Somebody asks for a code; `counts` says whether that is a click."""

    code: str
    address: str
    counts: bool


@dataclass(slots=True)
class _Waiting:
    visit: Visit
    at: datetime
    answer: "asyncio.Future[Answer]" = field(default_factory=asyncio.Future)

    def end(self, standing: Standing, target: str = "") -> None:
        # Whoever went away meanwhile has cancelled the future; the click is counted all the same.
        if not self.answer.done():
            self.answer.set_result(Answer(standing, target))


class Clicks:
    """Looks codes up and counts clicks, in batches of whoever waits."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._at_work: asyncio.Task[None] | None = None

    async def visit(self, visit: Visit) -> Answer:
        """Give where a code leads; a click is stored by then."""
        answer = await self._visit(visit)
        SHORT_URL_REQUESTS.labels(answer.standing.value).inc()
        return answer

    async def _visit(self, visit: Visit) -> Answer:
        if len(self._waiting) >= WAITING_MOST:
            return Answer(Standing.BUSY)
        waiting = _Waiting(visit, self._clock())
        self._waiting.append(waiting)
        if self._at_work is None or self._at_work.done():
            self._at_work = asyncio.create_task(self._work(), name="clicks")
        return await waiting.answer

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            try:
                await self._take(batch)
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
                log.error("clicks could not be stored: %s", type(error).__name__)  # noqa: TRY400 - the text may hold addresses
            finally:
                for waiting in batch:
                    waiting.end(Standing.BUSY)

    async def _take(self, batch: Sequence[_Waiting]) -> None:
        async with self._database.read() as session:
            found = await clicks.destinations(session, {each.visit.code for each in batch})
        counted: list[tuple[_Waiting, Destination]] = []
        for waiting in batch:
            place = found.get(waiting.visit.code)
            if place is None:
                waiting.end(Standing.UNKNOWN)
            elif place.deleted_at is not None or waiting.at >= place.expires_at:
                waiting.end(Standing.GONE)
            elif waiting.visit.counts:
                counted.append((waiting, place))
            else:
                waiting.end(Standing.REDIRECTED, place.target)
        if not counted:
            return
        batch_of_clicks = [_click(waiting, place) for waiting, place in counted]
        async with self._database.write() as session:
            await clicks.count(session, batch_of_clicks)
        for waiting, place in counted:
            waiting.end(Standing.REDIRECTED, place.target)


def _click(waiting: _Waiting, place: Destination) -> Click:
    at = waiting.at
    return Click(
        place.short_url_id,
        waiting.visit.address,
        at,
        at.astimezone(place.zone).date(),
        hour_of(at, place.zone),
    )
