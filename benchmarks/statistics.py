"""What statistics cost at 10,000,000 messages beside 100,000, and if they are right.

Most messages are written by SQL, with the rollups that follow from how they are made; 5,000 are
sent through the queue, whose own writes add to the same rollups. A recount of every message has to
give the numbers that every page shows.

    python benchmarks/statistics.py [--quick] [--json]      # --quick stops at 1,000,000
"""

import asyncio
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

# Not this folder, where `statistics` would be this file and not the standard library's.
sys.path.remove(str(Path(__file__).resolve().parent))
sys.path.pop(0)  # this folder has a module of the name of one that Python has
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import Report, Row, read_options
from db import migrate
from db.account import AccountRow
from db.session import Database
from db.store import Store
from domain.region import IdentityKind, Verification
from domain.statistic import day_of
from tests import sending
from tests.console import START, Clock, Console

UIN: Final = 12_345_678
FIRST: Final = datetime(2026, 2, 1, tzinfo=UTC)
HOURS: Final = 28 * 24
TEMPLATES: Final = 20
CELLS: Final = HOURS * TEMPLATES  # message i is in hour i % HOURS, template i // HOURS % TEMPLATES
FAILS_EACH: Final = 50  # of the messages of one cell every fiftieth has failed, from the first on
SENT: Final = 5_000
SMALL: Final = 100_000
ROUNDS: Final = 40
GOAL: Final = 1.2
ZONE: Final = "Asia/Shanghai"
COUNTS: Final = ("requests", "accepted", "segments", "delivered", "failed")

MESSAGES: Final = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :end)
INSERT INTO message (account_uin, task_id, app_id, template_id, region, sms_type, phone, country,
    params, characters, segments, state, code, carrier, urgent, attempts, created_at, submitted_at,
    done_at)
SELECT :uin, NULL, :uin, 1 + i / :hours % :templates, 'mainland', 'regular',
    '+86138' || substr('0000000' || i, -8), 'CN', '[]', 30, 1 + i / :cells % 2,
    iif(i / :cells % :fails = 0, 'failed', 'delivered'),
    iif(i / :cells % :fails = 0, 'MK:0012', 'DELIVRD'), 'simulator', 0, 1, at, at, at
FROM (SELECT i, strftime('%Y-%m-%d %H:00:00.000000', :start, '+' || (i % :hours) || ' hours') at
      FROM n)
"""
RECOUNT: Final = """
SELECT count(*), sum(state != 'refused'), sum(iif(state != 'refused', segments, 0)),
    sum(state = 'delivered'), sum(state = 'failed') FROM message
"""
PAGES: Final = {
    "overview of 30 days": """
{ statisticOverview(input: {region: MAINLAND, period: LAST_30_DAYS}) {
    totals { requests accepted billableSegments delivered failed }
    series { at: start requests delivered }
} }
""",
    "receipt analysis of 30 days": """
{ receiptAnalysis(input: {region: MAINLAND, period: LAST_30_DAYS}) {
    totals { delivered: successes failed: failures }
    series { at: start withReceipt } buckets { bucket failures } failures { code failures }
} }
""",
    "countries of 30 days": """
{ countryStatistic(input: {region: MAINLAND, period: LAST_30_DAYS}) {
    requests accepted billableSegments delivered failed
} }
""",
    "24 months": """
{ monthStatistic(input: {region: MAINLAND, from: "2024-04", to: "2026-03"}) {
    requests accepted billableSegments delivered failed
} }
""",
}


def fill(path: Path, messages: int) -> None:
    """Write messages and their rollups."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    given = {
        "end": messages,
        "uin": UIN,
        "hours": HOURS,
        "templates": TEMPLATES,
        "cells": CELLS,
        "fails": FAILS_EACH,
        "start": f"{FIRST:%Y-%m-%d}",
    }
    connection.execute(MESSAGES, given)
    connection.executemany(
        "INSERT INTO statistic VALUES (:account_uin, :region, :hour, :app_id, :template_id,"
        " :requests, :accepted, :segments, :delivered, :failed)",
        (cell(number, messages) for number in range(min(CELLS, messages))),
    )
    connection.executemany(
        "INSERT INTO failure_statistic (account_uin, region, hour, app_id, template_id, code,"
        " count, receipts) VALUES (:account_uin, :region, :hour, :app_id, :template_id, 'MK:0012',"
        " :failed, :failed)",
        (cell(number, messages) for number in range(min(CELLS, messages))),
    )
    connection.executemany(
        "INSERT INTO country_statistic VALUES (:account_uin, :region, :day, 'CN', :app_id,"
        " :requests, :accepted, :segments, :delivered, :failed)",
        days(messages),
    )
    connection.execute("COMMIT")
    connection.close()


def cell(number: int, messages: int) -> dict[str, Any]:
    """Give the rollup of one hour and template, by how messages are made and not by a count."""
    requests = -(-(messages - number) // CELLS)
    failed = -(-requests // FAILS_EACH)
    hour = FIRST + timedelta(hours=number % HOURS)
    return {
        "account_uin": UIN,
        "region": "mainland",
        "hour": f"{hour:%Y-%m-%d %H:%M:%S.%f}",
        "app_id": UIN,
        "template_id": 1 + number // HOURS,
        "requests": requests,
        "accepted": requests,
        "segments": requests + requests // 2,
        "delivered": requests - failed,
        "failed": failed,
    }


def days(messages: int) -> list[dict[str, Any]]:
    """Give the rollups of the account's days: the sums of their hours."""
    found: dict[str, dict[str, Any]] = {}
    for number in range(min(CELLS, messages)):
        hour = cell(number, messages)
        day = str(day_of(FIRST + timedelta(hours=number % HOURS), ZoneInfo(ZONE)))
        counts = found.setdefault(day, hour | {"day": day} | dict.fromkeys(COUNTS, 0))
        for name in COUNTS:
            counts[name] += hour[name]
    return list(found.values())


async def send(database: Database) -> None:
    """Send some messages as a worker does, refused and failed ones among them."""
    await sending.add_task(database, START, sending.phones(SENT))
    while batch := await sending.claim(database, limit=500):
        answers = [
            sending.refused(one) if one.id % 17 == 0 else sending.accepted(one) for one in batch
        ]
        await sending.record(database, *answers)
        receipts = [
            sending.receipt_of(one, "MK:0012" if one.id % 13 == 0 else "DELIVRD")
            for one in batch
            if one.id % 17
        ]
        await sending.bring(database, *receipts)


async def ask(console: Console, page: str) -> tuple[float, tuple[int, ...]]:
    """Ask for a page; gives milliseconds and what its totals or its lines add up to."""
    account = AccountRow(
        uin=UIN,
        name="",
        identity=IdentityKind.ORGANIZATION,
        verification=Verification.VERIFIED,
        time_zone=ZONE,
        created_at=START,
    )
    begun = time.perf_counter()
    (shown,) = (await console.root(account).run(PAGES[page])).values()
    milliseconds = (time.perf_counter() - begun) * 1e3
    lines = shown if isinstance(shown, list) else [shown["totals"]]
    return milliseconds, tuple(map(sum, zip(*(line.values() for line in lines), strict=True)))


def recount(path: Path) -> tuple[int, ...]:
    """Count every message."""
    with sqlite3.connect(path) as connection:
        return tuple(connection.execute(RECOUNT).fetchone())


async def prepare(folder: Path, messages: int) -> Console:
    """Make a database of so many messages."""
    url = f"sqlite+aiosqlite:///{folder / f'{messages}.sqlite'}"
    migrate.upgrade(url)
    console = Console(Database(url), Store.open(folder / "files"), Clock())
    await sending.add_account(console.database, START, uin=UIN)
    await send(console.database)
    await asyncio.to_thread(fill, path_of(console), messages - SENT)
    return console


def path_of(console: Console) -> Path:
    """Give the file of a database."""
    return Path(console.database.url.database or "")


async def measure(folder: Path, report: Report, large: int) -> None:
    """Make both databases, ask them in turn, and recount them."""
    consoles = {}
    for size in (SMALL, large):
        begun = time.perf_counter()
        consoles[size] = await prepare(folder, size)
        seconds = time.perf_counter() - begun
        report.add(Row(name=f"writing {size:,} messages", value=seconds, unit="s"))
    shown: dict[int, dict[str, tuple[int, ...]]] = {size: {} for size in consoles}
    for page in PAGES:
        took: dict[int, list[float]] = {size: [] for size in consoles}
        for _ in range(ROUNDS):
            for size, console in consoles.items():
                milliseconds, shown[size][page] = await ask(console, page)
                took[size].append(milliseconds)
        small, many = (sorted(each)[ROUNDS // 2] for each in took.values())
        report.add(Row(name=f"{page} at {SMALL:,}", value=small, unit="ms"))
        report.add(
            Row(
                name=f"{page} at {large:,}",
                value=many,
                unit="ms",
                peer=f"at {SMALL:,}",
                ratio=small / many,
                goal=f"at most {GOAL} times as long",
                met=many <= GOAL * small,
            )
        )
    for size, console in consoles.items():
        begun = time.perf_counter()
        counted = await asyncio.to_thread(recount, path_of(console))
        seconds = time.perf_counter() - begun
        totals = set(shown[size].values())
        # The receipt analysis shows the last two of the five.
        equal = totals == {counted, counted[-2:]} and counted[0] == size
        report.add(
            Row(
                name=f"every page equals a recount of {size:,}",
                value="yes" if equal else f"no: {totals} and {counted}",
                unit="",
                goal="yes",
                met=equal,
            )
        )
        report.add(Row(name=f"the recount of {size:,}", value=seconds, unit="s"))
        await console.database.close()


def main() -> int:
    """Measure and judge."""
    options = read_options("What statistics cost as messages become many.")
    report = Report("statistics", options)
    report.facts("sqlalchemy", "aiosqlite", "strawberry-graphql")
    with tempfile.TemporaryDirectory() as folder:
        large = 1_000_000 if options.quick else 10_000_000
        asyncio.run(measure(Path(folder), report, large))
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
