"""What a page of message records costs at 10,000,000 messages beside 100,000.

Messages are written by SQL: most of one application and template, every thousandth of others, as
many numbers as messages, and some that were turned down. Each question is asked of both databases
in turn, and its answer is held to what it has to be.

    python benchmarks/records.py [--quick] [--json]   # --quick stops at 1,000,000
"""

import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

# Not this folder, where `statistics` would be a file of it and not the standard library's.
sys.path.remove(str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sqlalchemy
from sqlmodel import SQLModel

from benchmarks.report import Report, Row, read_options
from db import record
from db.record import Listing
from db.session import AsyncSession, Database
from domain.region import Region
from tests import sending
from tests.console import START

UIN: Final = 12_345_678
FIRST: Final = datetime(2026, 2, 1, tzinfo=UTC)
DAYS: Final = 28
SMALL: Final = 100_000
SPARSE: Final = 1_000  # every so manieth message is of the other application and template
REFUSED: Final = 50  # and every so manieth was turned down
PAGE: Final = 20
ROUNDS: Final = 40
GOAL: Final = 1.5
STEP: Final = "one step for a state that none is in"
STEP_GOAL: Final = 250  # ms: it reads 10,000 messages each of the sent and of the others

MESSAGES: Final = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :end)
INSERT INTO message (account_uin, app_id, template_id, signature_id, region, sms_type, phone,
    country, params, characters, segments, state, code, carrier, urgent, attempts, created_at,
    submitted_at, done_at)
SELECT :uin, :uin + (i % :sparse = 7), :uin + (i % :sparse = 7), :uin, 'mainland', 'regular',
    '+86138' || substr('0000000' || i, -8), 'CN', '["A1","Monday"]', 30, 1,
    iif(i % :refused = 3, 'refused', 'delivered'), iif(i % :refused = 3, 'NOROUTE', 'DELIVRD'),
    'simulator', 0, 1, at, iif(i % :refused = 3, NULL, at), at
FROM (SELECT i, strftime('%Y-%m-%d %H:%M:%f000', :start, '+' || (i * :seconds / :end) || ' seconds')
      at FROM n)
"""
Question = Callable[[AsyncSession], Awaitable[int]]


def listing(**narrowed: int | str) -> Listing:
    """Ask for the whole time."""
    end = FIRST + timedelta(days=DAYS)
    return Listing(owner=UIN, region=Region.MAINLAND, start=FIRST, end=end, **narrowed)  # type: ignore[arg-type]  # - of names that take them


def page(deep: float = 0, **narrowed: int | str) -> Question:
    """Make a question for a page, `deep` of the time before its end."""
    wanted = listing(**narrowed)
    after = (wanted.end - deep * (wanted.end - wanted.start), 2**62) if deep else None

    async def ask(session: AsyncSession) -> int:
        found = await record.page(session, wanted, first=PAGE, after=after)
        await record.contents(session, found.records)
        return len(found.records)

    return ask


async def counted(session: AsyncSession) -> int:
    """Count as far as counting goes."""
    return (await record.count(session, listing())).number


QUESTIONS: Final[dict[str, tuple[Question, int]]] = {
    "the first page": (page(), PAGE),
    "a page in the middle": (page(0.5), PAGE),
    "an application with 1 of 1,000": (page(app_id=UIN + 1), PAGE),
    "a template with 1 of 1,000": (page(template_id=UIN + 1), PAGE),
    "an application that sent none": (page(app_id=UIN + 2), 0),
    "one number": (page(phone="+8613800050000"), 1),
    STEP: (page(state="expired"), 0),
    "the count, up to its bound": (counted, 10_000),
}


async def prepare(folder: Path, messages: int) -> Database:
    """Make a database of so many messages."""
    path = folder / f"{messages}.sqlite"
    url = f"sqlite+aiosqlite:///{path}"
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    SQLModel.metadata.create_all(engine)
    engine.dispose()
    database = Database(url)
    for uin in (UIN, UIN + 1):
        await sending.add_account(database, START, uin=uin)
    await asyncio.to_thread(fill, path, messages)
    return database


def fill(path: Path, messages: int) -> None:
    """Write messages, and the indexes when all are there."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    made = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'message'"
    indexes = [row for row in connection.execute(made).fetchall() if row[1]]
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    given = {
        "end": messages,
        "uin": UIN,
        "sparse": SPARSE,
        "refused": REFUSED,
        "seconds": DAYS * 86_400,
        "start": f"{FIRST:%Y-%m-%d}",
    }
    connection.execute(MESSAGES, given)
    for _, statement in indexes:
        connection.execute(statement)
    connection.execute("COMMIT")
    connection.close()


async def measure(folder: Path, report: Report, large: int) -> None:
    """Make both databases and ask them in turn."""
    databases = {}
    for size in (SMALL, large):
        begun = time.perf_counter()
        databases[size] = await prepare(folder, size)
        seconds = time.perf_counter() - begun
        report.add(Row(name=f"writing {size:,} messages", value=seconds, unit="s"))
    for name, (question, expected) in QUESTIONS.items():
        step = name == STEP
        took: dict[int, list[float]] = {size: [] for size in databases}
        for _ in range(ROUNDS):
            for size, database in databases.items():
                begun = time.perf_counter()
                async with database.read() as session:
                    found = await question(session)
                took[size].append((time.perf_counter() - begun) * 1e3)
                if found != expected:
                    raise SystemExit(f"{name}: {found} and not {expected} at {size:,}")
        small, many = (sorted(each)[ROUNDS // 2] for each in took.values())
        report.add(
            Row(
                name=f"{name}, at {large:,}",
                value=many,
                unit="ms",
                peer=f"{small:.1f} ms at {SMALL:,}",
                ratio=small / many,
                goal=f"at most {STEP_GOAL} ms" if step else f"at most {GOAL} times as long",
                met=many <= (STEP_GOAL if step else GOAL * small),
            )
        )
    for database in databases.values():
        await database.close()


def main() -> int:
    """Measure and judge."""
    options = read_options("What a page of records costs as messages become many.")
    report = Report("message records", options)
    report.facts("sqlalchemy", "aiosqlite")
    with tempfile.TemporaryDirectory() as folder:
        large = 1_000_000 if options.quick else 10_000_000
        asyncio.run(measure(Path(folder), report, large))
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
