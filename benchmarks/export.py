"""What writing records into files costs, beside a bare writer of CSV over bare rows of sqlite3.

The peer reads the same columns in the same order and writes them with csv and zlib: it puts no
texts together, and looks at no cell. Everything is measured in a process of its own, and the peak
of its memory is compared between few rows and many.

    python benchmarks/export.py [--quick] [--json]      # --quick stops at 100,000 rows
"""

import asyncio
import csv
import io
import sqlite3
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

# Not this folder, where `statistics` would be the benchmark and not the standard library's.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sqlalchemy
from sqlmodel import SQLModel

from benchmarks.report import Report, Row, read_options
from db import dump_work
from db.record import Listing
from db.session import Database
from delivery.export.part import Part
from delivery.export.record import Records
from delivery.export.source import batches
from delivery.export.xlsx_file import XlsxFile
from domain.region import Region
from tests.console import START, Clock
from tests.dumping import Bench, add_records

FEW: Final = 10_000
QUICK: Final = 100_000
MANY: Final = 1_000_000
PEER: Final = "csv and zlib over bare rows of sqlite3"
MOST_TIMES: Final = 8.0
MOST_MEMORY: Final = 1.25
UIN: Final = 12_345_678
ZONE: Final = ZoneInfo("Asia/Shanghai")
BATCH: Final = 2_000
BARE: Final = """
SELECT id, phone, country, params, characters, segments, sms_type, app_id, template_id, task_id,
    state, code, created_at, submitted_at, done_at
FROM message WHERE account_uin = ? AND region = 'mainland' AND submitted_at IS NOT NULL
ORDER BY submitted_at DESC, id DESC
"""

Measured = tuple[float, float]
"""Seconds, and the peak of the process' memory in MB."""


async def make(folder: Path, rows: int) -> None:
    """Make a database with that many records of one account, and a dump of them under work."""
    engine = sqlalchemy.create_engine(f"sqlite:///{folder / 'console.sqlite'}")
    SQLModel.metadata.create_all(engine)
    engine.dispose()
    database = _open(folder)
    bench = await Bench.make(database, folder, Clock())
    await add_records(database, bench.parts, rows)
    async with database.write() as session:
        await dump_work.begin(session, await bench.order())
    await database.close()


def _open(folder: Path) -> Database:
    return Database(f"sqlite+aiosqlite:///{folder / 'console.sqlite'}")


def _records(rows: int) -> Records:
    end = START + timedelta(minutes=rows // 100 + 1)
    listing = Listing(owner=UIN, region=Region.MAINLAND, start=START, end=end)
    return Records(listing, ZONE)


def bare(folder: Path, _rows: int) -> None:
    """Write as the peer does."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    connection = sqlite3.connect(folder / "console.sqlite")
    cursor = connection.execute(BARE, (UIN,))
    with (folder / "bare").open("wb") as file:
        while found := cursor.fetchmany(BATCH):
            text = io.StringIO(newline="")
            csv.writer(text).writerows(found)
            file.write(packer.compress(text.getvalue().encode()))
        file.write(packer.flush())
    connection.close()


def dumped(folder: Path, rows: int) -> None:
    """Write as a dump does: texts put together, every cell looked at, compressed."""

    async def write() -> None:
        database = _open(folder)
        part = Part(database, 1, _records(rows), ZONE, None)
        with (folder / "part").open("wb") as file:
            async for piece in part.pieces(0, rows):
                file.write(piece)
        await database.close()
        if part.written().rows != rows:
            raise SystemExit(f"{part.written().rows} of {rows} rows were written")

    asyncio.run(write())


def workbook(folder: Path, rows: int) -> None:
    """Write as a download of a workbook does."""

    async def write() -> None:
        database, source = _open(folder), _records(rows)
        book = XlsxFile(folder / "book.xlsx", source.headings, ZONE)
        async for batch in batches(database, source):
            book.write(batch)
        book.close()
        await database.close()

    asyncio.run(write())


def measured(work: Callable[[Path, int], None], folder: Path, rows: int) -> Measured:
    """Run something in a process of its own."""
    context = get_context("spawn")
    results = context.SimpleQueue()
    child = context.Process(target=_measure, args=(work, folder, rows, results))
    child.start()
    child.join()
    if child.exitcode:
        raise SystemExit(f"{work.__name__} failed")
    found: Measured = results.get()
    return found


def _measure(work: Callable[[Path, int], None], folder: Path, rows: int, results: object) -> None:
    began = time.perf_counter()
    work(folder, rows)
    seconds = time.perf_counter() - began
    results.put((seconds, _peak()))  # type: ignore[attr-defined]  # - a queue of the context has no type


def _peak() -> float:
    # Not ru_maxrss: that begins with the memory of the process this one was forked from.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def run(
    report: Report, rows: int, works: dict[str, Callable[[Path, int], None]]
) -> dict[str, Measured]:
    """Measure everything over one database."""
    with tempfile.TemporaryDirectory(prefix="sms-console-") as place:
        folder = Path(place)
        asyncio.run(make(folder, rows))
        found = {name: measured(work, folder, rows) for name, work in works.items()}
    for name, (seconds, _) in found.items():
        report.add(Row(name=f"{name}, {rows:,} rows", value=rows / seconds, unit="rows/s"))
    return found


def main() -> int:
    """Measure few rows and many, and compare."""
    options = read_options(str(__doc__).partition("\n")[0])
    report = Report("exports", options)
    report.facts("xlsxwriter", "sqlalchemy", "obstore")
    works: dict[str, Callable[[Path, int], None]] = {
        PEER: bare,
        "dump": dumped,
        "workbook": workbook,
    }
    few = run(report, FEW, works)
    many = run(report, QUICK if options.quick else MANY, works)
    times = many["dump"][0] / many[PEER][0]
    report.add(
        Row(
            name="dump, in times of the peer",
            value=times,
            unit="times",
            peer=PEER,
            goal=f"at most {MOST_TIMES:g}",
            met=times <= MOST_TIMES,
        )
    )
    for name in ("dump", "workbook"):
        grown = many[name][1] / few[name][1]
        report.add(
            Row(
                name=f"peak of memory of {name}, many rows by few",
                value=grown,
                unit="times",
                goal=f"at most {MOST_MEMORY:g}",
                met=grown <= MOST_MEMORY,
            )
        )
    return report.close()


if __name__ == "__main__":
    raise SystemExit(main())
