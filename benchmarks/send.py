"""How many sends a second a server accepts from programs over HTTP, beside what its disk allows.

Each request is signed, decided, judged by every rule, metered and committed before it is answered,
so what limits it first is how often a second SQLite can commit: that is measured on the same disk
in the same run, one bare row a commit. Then requests of 200 numbers, which share a commit.

    python benchmarks/send.py [--quick] [--json]
"""

import asyncio
import base64
import itertools
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

sys.path.pop(0)  # this folder has a module of the name of one that Python has
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import orjson
from sqlmodel import col, func, select

from benchmarks.report import Report, Row, read_options
from db import application, migrate
from db.package import LedgerRow
from db.session import Database
from db.vault import Vault
from server.api.v5.proof import signature
from tests import requesting
from tests.bulk import Parts
from tests.console import KEY
from tests.serving import environment, free_port, serving

SECONDS: Final = 10.0
QUICK_SECONDS: Final = 3.0
CLIENTS: Final = 16
UNITS: Final = 10_000_000
MANY: Final = 200
APP_KEY: Final = "5f03a35d00ee52a21327ab048186a2c4"
SHARE: Final = 0.2
FIRST: Final = 13_800_000_000

Numbers = Callable[[], list[str]]


def bare_commits(path: Path, seconds: float) -> float:
    """Commit one row at a time, as durably as the server does; gives commits a second."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, text TEXT)")
    end, count, started = time.perf_counter() + seconds, 0, time.perf_counter()
    while time.perf_counter() < end:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO bare (text) VALUES ('x')")
        connection.execute("COMMIT")
        count += 1
    took = time.perf_counter() - started
    connection.close()
    return count / took


async def prepare(url: str) -> Parts:
    """Make an account that can send."""
    database = Database(url)
    parts = await requesting.add_sender(database, UNITS)
    async with database.write() as session:
        row = await application.changing(session, parts.account_uin, parts.app_id)
        application.set_key(row, Vault(KEY), APP_KEY)
    await database.close()
    return parts


class Program:
    """Signs requests and sends them over connections that are kept."""

    def __init__(self, port: int, parts: Parts) -> None:
        self._port = port
        self._parts = parts
        self._random = itertools.count(1)

    def request(self, path: str, mobiles: list[str]) -> bytes:
        """Write a signed request."""
        random, now = str(next(self._random)), int(datetime.now(UTC).timestamp())
        tel = [{"nationcode": "86", "mobile": mobile} for mobile in mobiles]
        body = orjson.dumps(
            {
                "tel": tel if path == "sendmultisms2" else tel[0],
                "tpl_id": self._parts.template_id,
                "params": ["A1", "Monday"],
                "time": now,
                "sig": signature(APP_KEY, random, now, mobiles),
            }
        )
        query = f"sdkappid={self._parts.app_id}&random={random}"
        head = f"POST /v5/tlssmssvr/{path}?{query} HTTP/1.1\r\nhost: x\r\n"
        return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body

    async def send(self, path: str, numbers: Numbers, seconds: float) -> tuple[float, float]:
        """Send for a time; gives requests a second and the 95th percentile, in ms."""
        end, waits = time.perf_counter() + seconds, list[float]()

        async def client() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            while time.perf_counter() < end:
                asked = time.perf_counter()
                writer.write(self.request(path, numbers()))
                await accepted(reader)
                waits.append(time.perf_counter() - asked)
            writer.close()

        started = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        took = time.perf_counter() - started
        return len(waits) / took, sorted(waits)[int(len(waits) * 0.95)] * 1_000


async def accepted(reader: asyncio.StreamReader) -> None:
    """Read an answer; raises RuntimeError for one that is not a success for every number."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    answer = orjson.loads(await reader.readexactly(length))
    if answer["result"] or any(one["result"] for one in answer.get("detail", ())):
        raise RuntimeError(f"a send was refused: {answer['errmsg']}")


async def measure(folder: Path, seconds: float, report: Report) -> None:
    """Run a server and send to it."""
    data = folder / "data"
    data.mkdir()
    bare = await asyncio.to_thread(bare_commits, folder / "bare.sqlite", seconds / 2)
    report.add(Row(name="one bare row a commit, same disk", value=bare, unit="commits/s"))
    url = f"sqlite+aiosqlite:///{data}/console.sqlite"
    await asyncio.to_thread(migrate.upgrade, url)
    parts = await prepare(url)
    port, counter = free_port(), itertools.count(FIRST)
    key = base64.b64encode(KEY).decode()
    variables = environment(data, port, secret_key=key, api_rates="SendSms=1000000")
    with serving(variables, "--no-worker"):
        program = Program(port, parts)
        one, waited = await program.send("sendsms", lambda: _numbers(counter, 1), seconds)
        many, waited_many = await program.send(
            "sendmultisms2", lambda: _numbers(counter, MANY), seconds
        )
    report.add(
        Row(
            name=f"requests of one number, {CLIENTS} clients",
            value=one,
            unit="requests/s",
            peer=f"bare commits: {bare:,.0f}/s",
            ratio=one / bare,
            goal=f"{SHARE:.0%} of bare commits",
            met=one >= SHARE * bare,
        )
    )
    report.add(Row(name="the 95th percentile of these", value=waited, unit="ms"))
    report.add(Row(name=f"messages in requests of {MANY}", value=many * MANY, unit="messages/s"))
    report.add(Row(name="the 95th percentile of such a request", value=waited_many, unit="ms"))
    lost = next(counter) - FIRST - await _paid(url)
    report.add(
        Row(name="accepted and not paid for", value=lost, unit="messages", goal="0", met=lost == 0)
    )


def _numbers(counter: Iterator[int], count: int) -> list[str]:
    """Give numbers nobody was sent to yet, so that no frequency limit has a say."""
    return [str(next(counter)) for _ in range(count)]


async def _paid(url: str) -> int:
    database = Database(url)
    async with database.read() as session:
        query = select(func.coalesce(func.sum(-LedgerRow.units), 0)).where(
            col(LedgerRow.message_id).is_not(None)
        )
        paid = (await session.exec(query)).one()
    await database.close()
    return int(paid)


def main() -> int:
    """Measure."""
    options = read_options("How many sends a second a server accepts from programs.")
    report = Report("sends with an AppKey over HTTP, SQLite with synchronous=FULL", options)
    report.facts("sqlalchemy", "aiosqlite", "uvicorn", "starlette")
    with tempfile.TemporaryDirectory() as name:
        seconds = QUICK_SECONDS if options.quick else SECONDS
        asyncio.run(measure(Path(name), seconds, report))
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
