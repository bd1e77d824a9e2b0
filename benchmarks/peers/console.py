"""This product against the same SMSC: a bulk task on a database of its own, by real workers."""

import asyncio
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psutil
from sqlalchemy.engine import make_url

from benchmarks.peers.smsc import Counts, Smsc
from db import carrier as carriers
from db import migrate, route
from db.session import Database
from db.vault import Vault
from domain.carrier_form import Draft
from domain.carrier_settings import Smpp
from domain.message import MessageStatus
from domain.route import Target
from domain.route_form import Conditions
from domain.route_form import Draft as RouteDraft
from server.settings import Settings
from tests import sending
from tests.serving import COMMAND, ROOT, environment, free_port

BINDS: Final = 2
WINDOW: Final = 100
PARTS: Final = 20_000  # recipients inserted at once
JOINED_SECONDS: Final = 60
SAMPLE: Final = 0.5  # seconds between looks at the memory


@dataclass(frozen=True, slots=True)
class Sent:
    """How a task went."""

    counts: Counts
    delivered: int
    """Messages with their receipt in the database, when all was over."""
    first_megabytes: float
    """Memory of the largest worker at the tenth thousand receipt."""
    peak_megabytes: float
    """The most memory a worker ever had."""


def measure(  # noqa: PLR0913 - what is sent, through what and by whom
    folder: Path, smsc: Smsc, messages: int, *, workers: int, url: str | None, seconds: float
) -> Sent:
    """Send a task of this size with so many workers, on SQLite unless `url` says otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    given = {} if url is None else {"database_url": url}
    variables = environment(folder, free_port(), **given)
    settings = Settings(data=folder, database_url=url or "")
    migrate.upgrade(settings.database)
    asyncio.run(_prepare(settings, smsc, messages))
    smsc.reset()
    with ExitStack() as stack:
        running = [stack.enter_context(_worker(variables)) for _ in range(workers)]
        first, peak = _watch(running, smsc, messages, seconds)
        counts = smsc.counts()
        delivered = asyncio.run(_delivered(settings, messages))
    return Sent(counts, delivered, first, peak)


async def _prepare(settings: Settings, smsc: Smsc, messages: int) -> None:
    database, vault, now = Database(settings.database), Vault(settings.key), datetime.now(UTC)
    smpp = Smpp(host="127.0.0.1", port=smsc.port, system_id="bench", binds=BINDS, window=WINDOW)
    async with database.write() as session:
        await carriers.ensure_default(session, now)
        draft = Draft(name="smsc", note="", smpp=smpp, password="bench")  # noqa: S106 - of a benchmark
        await carriers.add(session, draft, vault, now)
        everything = RouteDraft(Conditions(), (Target("smsc", 1),), None, "")
        await route.add(session, everything, 1, now)
    await sending.add_account(database, now)
    first = sending.FIRST_PHONE
    # Several tasks, because the test's helper holds all rows of one in memory.
    for begin in range(0, messages, PARTS):
        numbers = [f"+86{first + begin + n}" for n in range(min(PARTS, messages - begin))]
        await sending.add_task(database, now, numbers)
    await database.close()


@contextmanager
def _worker(variables: dict[str, str]) -> Iterator[psutil.Process]:
    with subprocess.Popen(
        [*COMMAND, "worker"],
        env=variables,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def _watch(
    workers: Sequence[psutil.Process], smsc: Smsc, messages: int, seconds: float
) -> tuple[float, float]:
    first = peak = 0.0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        counts = smsc.counts()
        peak = max(peak, *(worker.memory_info().rss / 2**20 for worker in workers))
        if not first and counts.acknowledged >= 10_000:
            first = peak
        if counts.acknowledged >= messages:
            break
        time.sleep(SAMPLE)
    return first or peak, peak


async def _delivered(settings: Settings, messages: int) -> int:
    """Count deliveries; receipts that overtook their answers are joined within seconds."""
    database = Database(settings.database)
    try:
        for _ in range(JOINED_SECONDS):
            states = await sending.states(database)
            if states.get(MessageStatus.DELIVERED.value, 0) >= messages:
                break
            await asyncio.sleep(1)
    finally:
        await database.close()
    if sum(states.values()) != messages:
        raise RuntimeError(f"{messages} messages were to be sent, the database has {states}")
    return states.get(MessageStatus.DELIVERED.value, 0)


def new_database(server: str, name: str) -> str:
    """Make an empty PostgreSQL database; gives its URL."""
    import psycopg  # noqa: PLC0415 - only for this

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return make_url(server).set(database=name).render_as_string(hide_password=False)
