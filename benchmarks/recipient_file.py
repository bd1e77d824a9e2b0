"""How long checking a large recipient file takes, against only reading it (BLK-3).

    python benchmarks/recipient_file.py [--quick] [--json]

The peer is python-calamine's `iter_rows` over the same file in a process of its own: open, read
every row, do nothing with it. Both are timed from the start of their process, by turns, and the
better time of each counts.
"""

import asyncio
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from multiprocessing import get_context
from pathlib import Path

import psutil
import xlsxwriter

sys.path.pop(0)  # this folder has a module of the name of one that Python has
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import Report, Row, read_options
from delivery.recipient_file.bounds import MB, Bounds
from delivery.recipient_file.check import check
from delivery.recipient_file.plan import Batch, CheckPlan
from domain.region import IdentityKind, Region

ROWS, QUICK_ROWS = 900_000, 90_000
ROUNDS = 2
MOST_TIMES, MOST_GROWTH = 3, 60
PEER = "calamine.iter_rows alone"
TEMPLATE = "Dear {1}, your {2} of {3} is on its way. Thank you for shopping with us."
BARE = """
import sys
from python_calamine import CalamineWorkbook
rows = CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).iter_rows()
print(sum(1 for row in rows))
"""

Consume = Callable[[Batch], Awaitable[None]]


def make(path: Path, rows: int) -> None:
    """Write a sheet of `rows` recipients, four texts each, no two alike."""
    digits = random.Random(1)  # noqa: S311 - the same sheet each time
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["Mobile number", "Variable 1", "Variable 2", "Variable 3"])
        for row in range(1, rows + 1):
            sheet.write_string(row, 0, f"138{row:08}")
            sheet.write_string(row, 1, f"Customer {digits.randrange(10**8)}")
            sheet.write_string(row, 2, f"order {digits.randrange(10**16)}")
            sheet.write_string(row, 3, f"{digits.randrange(10**6)}.50 yuan")


def read_only(path: Path) -> float:
    """Seconds that the peer needs."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", BARE, str(path)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


async def check_all(plan: CheckPlan, rows: int, consume: Consume) -> tuple[float, float]:
    """Seconds that the check needs with its consumer, and MB that this process grew by."""
    process = psutil.Process()
    before = peak = process.memory_info().rss
    recipients = 0
    began = time.perf_counter()
    async for batch in check(plan):
        await consume(batch)
        recipients += len(batch.recipients)
        peak = max(peak, process.memory_info().rss)
    seconds = time.perf_counter() - began
    if recipients != rows:
        raise SystemExit(f"{recipients} recipients were found in {rows} rows")
    return seconds, (peak - before) / MB


async def forget(_: Batch) -> None:
    """Keep nothing: the figures are of the checking alone."""


def measure(report: Report, rows: int, consume: Consume = forget) -> None:
    """Make the file, run peer and check by turns, report the better times."""
    with tempfile.TemporaryDirectory(prefix="sms-console-") as folder:
        path = Path(folder) / "recipients.xlsx"
        maker = get_context("spawn").Process(target=make, args=(path, rows))
        maker.start()
        maker.join()
        plan = CheckPlan(
            path=path,
            region=Region.MAINLAND,
            template=TEMPLATE,
            signature="示例公司",
            identity=IdentityKind.ORGANIZATION,
            bounds=Bounds(file_bytes=100 * MB),
        )
        report.add(Row(name=f"file of {rows:,} rows", value=path.stat().st_size / MB, unit="MB"))
        bare, checks = [], []
        for _ in range(ROUNDS):
            bare.append(read_only(path))
            checks.append(asyncio.run(check_all(plan, rows, consume)))
    add_figures(report, min(bare), min(checks)[0], max(grown for _, grown in checks))


def add_figures(report: Report, bare: float, seconds: float, growth: float) -> None:
    """Report the times in seconds and the growth in MB."""
    times = seconds / bare
    report.add(Row(name=PEER, value=bare, unit="s"))
    report.add(Row(name="checking", value=seconds, unit="s", peer=PEER, ratio=bare / seconds))
    report.add(
        Row(
            name="checking, in times of bare reading",
            value=times,
            unit="times",
            goal=f"at most {MOST_TIMES}",
            met=times <= MOST_TIMES,
        )
    )
    report.add(
        Row(
            name="memory the server grows by",
            value=growth,
            unit="MB",
            goal=f"under {MOST_GROWTH}",
            met=growth < MOST_GROWTH,
        )
    )
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    report.add(Row(name="memory of the largest reader", value=largest, unit="MB"))


def main() -> int:
    """Run from the command line; 1 when a goal is missed."""
    options = read_options((__doc__ or "").partition("\n")[0])
    report = Report("Checking a recipient file", options)
    report.facts("python-calamine", "xlsxwriter", "orjson")
    measure(report, QUICK_ROWS if options.quick else ROWS)
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
