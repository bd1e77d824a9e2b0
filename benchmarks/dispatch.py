"""How many messages a second one worker carries from the queue to the receipt, all persisted.

The peer is the physical limit of this disk and machine: a bare sqlite3 loop that claims and marks
the same number of rows in batches of the same size, with synchronous=FULL, and does nothing else.

    python benchmarks/dispatch.py [--quick] [--json]
"""

import asyncio
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy
from sqlmodel import SQLModel

sys.path.pop(0)  # this folder has a module of the name of one that Python has
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import db  # noqa: F401 - knows every table
from benchmarks.report import Report, Row, read_options
from db.session import Database
from delivery.settings import DeliverySettings
from delivery.worker import Worker
from domain.sandbox import Odds
from tests import sending
from tests.laning import build

GOAL = 5_000
BATCH = DeliverySettings().batch


def now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


def bare(path: Path, messages: int) -> float:
    """Claim and mark rows by the shortest statements there are; gives messages a second."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE m (id INTEGER PRIMARY KEY, state INTEGER, ref TEXT)")
    connection.execute("CREATE INDEX q ON m (state, id)")
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO m VALUES (?, 0, NULL)", ((n,) for n in range(messages)))
    connection.execute("COMMIT")
    started = time.perf_counter()
    while True:
        connection.execute("BEGIN IMMEDIATE")
        claimed = connection.execute(
            "UPDATE m SET state = 1 WHERE id IN "
            "(SELECT id FROM m WHERE state = 0 ORDER BY id LIMIT ?) RETURNING id",
            (BATCH,),
        ).fetchall()
        connection.execute("COMMIT")
        if not claimed:
            break
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "UPDATE m SET state = 2, ref = ? WHERE id = ?", ((f"r{n}", n) for (n,) in claimed)
        )
        connection.execute("COMMIT")
    elapsed = time.perf_counter() - started
    connection.close()
    return messages / elapsed


async def carried(path: Path, messages: int) -> tuple[float, float]:
    """Run a worker on a task; gives messages submitted a second, and receipts included."""
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    SQLModel.metadata.create_all(engine)
    engine.dispose()
    database = Database(f"sqlite+aiosqlite:///{path}")
    await sending.add_account(database, now())
    task = await sending.add_task(database, now(), sending.phones(messages))
    settings = DeliverySettings(odds=Odds(0.98, timedelta(milliseconds=200), 1))
    worker = Worker(database, build(database, now, settings), None, now, settings)
    started = time.perf_counter()
    running = asyncio.create_task(worker.run())
    submitted = 0.0
    while True:
        await asyncio.sleep(0.05)
        row = await sending.task_row(database, task)
        if not submitted and row.accepted + row.refused == messages:
            submitted = time.perf_counter() - started
        if submitted and row.delivered + row.failed == row.accepted:
            break
    elapsed = time.perf_counter() - started
    worker.stop()
    await running
    await database.close()
    return messages / submitted, messages / elapsed


def main() -> int:
    """Measure, print and judge."""
    options = read_options("How many messages a second one worker carries on SQLite.")
    report = Report("Dispatch and receipts on SQLite, synchronous=FULL", options)
    report.facts("sqlalchemy", "aiosqlite")
    messages = 10_000 if options.quick else 50_000
    with tempfile.TemporaryDirectory() as folder:
        limit = bare(Path(folder) / "bare.sqlite", messages)
        submitted, received = asyncio.run(carried(Path(folder) / "console.sqlite", messages))
    peer = f"bare claim and mark, batches of {BATCH}"
    report.add(Row(name=peer, value=limit, unit="messages/s"))
    report.add(
        Row(
            name=f"{messages:,} messages submitted",
            value=submitted,
            unit="messages/s",
            peer=peer,
            ratio=submitted / limit,
        )
    )
    report.add(
        Row(
            name=f"{messages:,} messages with their receipts",
            value=received,
            unit="messages/s",
            peer=peer,
            ratio=received / limit,
            goal=f"at least {GOAL:,} messages/s",
            met=received >= GOAL,
        )
    )
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
