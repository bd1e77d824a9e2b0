"""What a process measures of itself, as Prometheus reads it.

Numbers that need a question to the database are asked for every few seconds, not for each scrape,
by questions whose cost does not grow with what is queued. Each process gives the same answer to
those, so take their maximum over processes, and the sum of everything else.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.metadata import version
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

import db.metric
import delivery.metric
import graph.metric
from db import callback_outcome, depth
from db.session import AsyncSession, Database

SAMPLED_EVERY: Final = 5.0
LAG_EVERY: Final = 0.25

log = logging.getLogger(__name__)

REGISTRY: Final = CollectorRegistry()
for _registry in (db.metric.REGISTRY, graph.metric.REGISTRY, delivery.metric.REGISTRY):
    REGISTRY.register(_registry)
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
Info("sms_console", "The release that runs.", registry=REGISTRY).info(
    {"version": version("sms-console")}
)
OPERATION: Final = Histogram(
    "sms_console_operation_seconds",
    "Answering a GraphQL operation or a request (`api`), by `ok` or the code of its first error.",
    ["kind", "outcome"],
    registry=REGISTRY,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
LAG: Final = Histogram(
    "sms_console_event_loop_lag_seconds",
    "How much later than asked for the event loop got to its work.",
    registry=REGISTRY,
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
QUEUED: Final = Gauge(
    "sms_console_queued_messages",
    f"Messages no carrier has answered for; of single ones at most {depth.ROWS_MOST} are counted.",
    ["lane"],
    registry=REGISTRY,
)
OLDEST: Final = Gauge(
    "sms_console_oldest_queued_seconds",
    "Age of the oldest queued message; one of a task waits since its task has been sending.",
    ["lane"],
    registry=REGISTRY,
)
CALLBACKS: Final = Gauge(
    "sms_console_callback_events",
    f"Events that wait to be pushed to users; at most {callback_outcome.COUNTED_MOST} are counted.",
    registry=REGISTRY,
)
CALLBACK_LAG: Final = Gauge(
    "sms_console_callback_lag_seconds",
    "Age of the oldest event that waits to be pushed.",
    registry=REGISTRY,
)
KEPT: Final = Gauge(
    "sms_console_kept_receipts",
    f"Receipts no message is known for; at most {depth.ROWS_MOST} are counted.",
    registry=REGISTRY,
)
SAMPLED: Final = Gauge(
    "sms_console_sampled_timestamp_seconds",
    "When the database was last asked for the numbers above.",
    registry=REGISTRY,
)


async def metrics(request: Request) -> Response:
    """Answer a scrape from memory."""
    del request
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


@asynccontextmanager
async def measuring(database: Database, clock: Callable[[], datetime]) -> AsyncIterator[None]:
    """Sample what has to be asked for, as long as the block lasts."""
    tasks = [
        asyncio.create_task(_sample_always(database, clock), name="samples"),
        asyncio.create_task(_watch_lag(), name="event loop lag"),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def sample(session: AsyncSession, now: datetime) -> None:
    """Ask the database once."""
    lanes = {"bulk": await depth.bulk(session), "single": await depth.singles(session)}
    for lane, found in lanes.items():
        QUEUED.labels(lane).set(found.messages)
        OLDEST.labels(lane).set(_age(found.since, now))
    lag = await callback_outcome.lag(session)
    CALLBACKS.set(lag.events)
    CALLBACK_LAG.set(_age(lag.oldest_at, now))
    KEPT.set(await depth.kept_receipts(session))
    SAMPLED.set(now.timestamp())


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


async def _sample_always(database: Database, clock: Callable[[], datetime]) -> None:
    while True:
        try:
            async with asyncio.timeout(SAMPLED_EVERY), database.read() as session:
                await sample(session, clock())
        except Exception as error:  # noqa: BLE001 - the time of the last sample tells of it
            log.warning("the queue could not be measured: %s", type(error).__name__)
        await asyncio.sleep(SAMPLED_EVERY)


async def _watch_lag() -> None:
    loop = asyncio.get_running_loop()
    while True:
        asked = loop.time() + LAG_EVERY
        await asyncio.sleep(LAG_EVERY)
        LAG.observe(max(0.0, loop.time() - asked))
