"""What counting each click of a short URL costs, and what a storm of clicks does to other writers.

Inside one process, 64 visitors click as fast as they are answered, counted as the server does it,
many in one transaction, beside one transaction for each click. Another writer commits all the
while, as a mutation or a worker would. Then over HTTP: a real server's redirects, each stored
before it is answered, beside HEAD requests to it, which are looked up alike and store nothing.

    python benchmarks/redirect.py [--quick] [--json]
"""

import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

sys.path.pop(0)  # this folder has a module of the name of one that Python has
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httptools
from sqlmodel import SQLModel

from benchmarks.report import Report, Row, read_options
from db import click as clicks
from db import migrate, quota, short_url
from db.click import Click
from db.session import Database
from delivery.clicks import Clicks, Standing, Visit
from domain.quota import TEMPLATES
from domain.short_url import Draft
from domain.statistic import hour_of
from tests import bulk
from tests.serving import environment, free_port, serving

VISITORS: Final = 64
SECONDS: Final = 10.0
QUICK_SECONDS: Final = 3.0
ADDRESSES: Final = 5_000
PAUSE: Final = 0.05
TIMES_BETTER: Final = 3.0
SHARE: Final = 0.3
AGENT: Final = "Mozilla/5.0 (Linux; Android 14) Chrome/120.0 Mobile Safari/537.36"

Way = Callable[[str, str], Awaitable[None]]


def utc_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


async def prepare(database: Database) -> str:
    """Make the account and the short URL; gives its code."""
    now = utc_now()
    account = await bulk.add_account(database, now)
    draft = Draft("Sale", "https://example.com/sale", "https://s.example.com")
    async with database.write() as session:
        row = await short_url.add(session, account.uin, draft, now, timedelta(days=90))
    return row.code


def together(database: Database) -> Way:
    """Count as the server does."""
    counted = Clicks(database, utc_now)

    async def visit(code: str, address: str) -> None:
        answer = await counted.visit(Visit(code, address, counts=True))
        if answer.standing is not Standing.REDIRECTED:
            raise RuntimeError(f"a click ended as {answer.standing}")

    return visit


def one_by_one(database: Database) -> Way:
    """Count each click in a transaction of its own."""

    async def visit(code: str, address: str) -> None:
        async with database.read() as session:
            place = (await clicks.destinations(session, {code}))[code]
        at = utc_now()
        day, hour = at.astimezone(place.zone).date(), hour_of(at, place.zone)
        async with database.write() as session:
            await clicks.count(session, [Click(place.short_url_id, address, at, day, hour)])

    return visit


async def storm(database: Database, way: Way, code: str, seconds: float) -> tuple[float, float]:
    """Click for a time; gives clicks a second and the 95th percentile of another writer, in ms."""
    end = time.perf_counter() + seconds
    numbers = itertools.count()
    waits: list[float] = []

    async def visitor() -> None:
        while time.perf_counter() < end:
            number = next(numbers) % ADDRESSES
            await way(code, f"203.0.{number // 250}.{number % 250}")

    async def writer() -> None:
        while time.perf_counter() < end:
            asked = time.perf_counter()
            async with database.write() as session:
                await quota.take(session, 12_345_678, TEMPLATES, 0)
            waits.append(time.perf_counter() - asked)
            await asyncio.sleep(PAUSE)

    started = time.perf_counter()
    await asyncio.gather(writer(), *(visitor() for _ in range(VISITORS)))
    took = time.perf_counter() - started
    return next(numbers) / took, sorted(waits)[int(len(waits) * 0.95)] * 1_000


async def in_process(folder: Path, seconds: float, report: Report) -> None:
    """Compare the two ways on databases of their own, and add what came of it."""
    found = []
    for name, way in (("each", one_by_one), ("together", together)):
        url = f"sqlite+aiosqlite:///{folder}/{name}.sqlite"
        database = Database(url)
        await _tables(database)
        code = await prepare(database)
        found.append(await storm(database, way(database), code, seconds))
        await database.close()
    (each, waited_each), (rate, waited) = found
    peer = f"one transaction a click: {each:,.0f}/s"
    report.add(
        Row(
            name=f"clicks stored for {VISITORS} who click at once",
            value=rate,
            unit="clicks/s",
            peer=peer,
            ratio=rate / each,
            goal=f"{TIMES_BETTER} times",
            met=rate >= TIMES_BETTER * each,
        )
    )
    report.add(
        Row(
            name="another writer's transaction meanwhile, 95th percentile",
            value=waited,
            unit="ms",
            peer=f"one transaction a click: {waited_each:,.0f} ms",
            ratio=waited_each / waited,
            goal="no longer than beside the peer",
            met=waited <= waited_each,
        )
    )


async def _tables(database: Database) -> None:
    async with database.write() as session:
        await (await session.connection()).run_sync(SQLModel.metadata.create_all)


class _Client(asyncio.Protocol):
    """One connection that asks again as soon as it is answered; costs little beside the server."""

    def __init__(self, request: bytes, end: float) -> None:
        self._request = request
        self._end = end
        self.answers = 0
        self.done = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.WriteTransport):
            raise TypeError("a connection that cannot be written to")
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_headers_complete(self) -> None:
        if self._parser.get_status_code() != 302:
            self._transport.close()
            self.done.set_exception(RuntimeError(f"answered {self._parser.get_status_code()}"))
            return
        self.answers += 1
        self._parser = httptools.HttpResponseParser(self)
        if time.perf_counter() < self._end:
            self._transport.write(self._request)
        else:
            self._transport.close()
            self.done.set_result(None)


def _same(client: _Client) -> _Client:
    return client


async def ask(port: int, method: str, code: str, seconds: float) -> float:
    """Ask a server for a time over as many connections as there are visitors; gives answers/s."""
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    clients = []
    for number in range(VISITORS):
        request = (
            f"{method} /s/{code} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {AGENT}\r\n"
            f"X-Forwarded-For: 203.0.113.{number}\r\n\r\n"
        )
        client = _Client(request.encode(), started + seconds)
        clients.append(client)
        await loop.create_connection(partial(_same, client), "127.0.0.1", port)
    await asyncio.gather(*(client.done for client in clients))
    return sum(client.answers for client in clients) / (time.perf_counter() - started)


async def over_http(folder: Path, seconds: float, report: Report) -> None:
    """Measure a real server, and add what came of it."""
    port = free_port()
    variables = environment(folder / "data", port)
    (folder / "data").mkdir()
    url = f"sqlite+aiosqlite:///{folder}/data/console.sqlite"
    await asyncio.to_thread(migrate.upgrade, url)
    database = Database(url)
    code = await prepare(database)
    await database.close()
    with serving(variables, "--no-worker"):
        plain = await ask(port, "HEAD", code, seconds)
        stored = await ask(port, "GET", code, seconds)
    report.add(
        Row(
            name=f"redirects over HTTP, {VISITORS} connections, each stored before its answer",
            value=stored,
            unit="requests/s",
            peer=f"the same server, nothing stored (HEAD): {plain:,.0f}/s",
            ratio=stored / plain,
            goal=f"at least {SHARE:.0%} of it",
            met=stored >= SHARE * plain,
        )
    )


def main() -> int:
    """Measure both."""
    options = read_options("What counting each click of a short URL costs.")
    report = Report("clicks on short URLs, SQLite with synchronous=FULL", options)
    report.facts("sqlalchemy", "aiosqlite", "uvicorn", "starlette")
    seconds = QUICK_SECONDS if options.quick else SECONDS
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(in_process(Path(name), seconds, report))
        asyncio.run(over_http(Path(name), seconds, report))
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
