"""Checking a large recipient file, against only reading it (BLK-3).

The peer is python-calamine's `iter_rows` over the same file in a process of its own: open, read
every row, do nothing with it. Each is timed from the start of its process, twice by turns, and the
better time counts.
"""

import argparse
import asyncio
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import xlsxwriter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from delivery.recipient_file.bounds import MB, Bounds
from delivery.recipient_file.check import check
from delivery.recipient_file.plan import Batch, CheckPlan
from domain.region import IdentityKind, Region

ROWS, QUICK_ROWS = 900_000, 90_000
ROUNDS = 2
TEMPLATE = "Dear {1}, your {2} of {3} is on its way. Thank you for shopping with us."
BARE = """
import sys
from python_calamine import CalamineWorkbook
rows = CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).iter_rows()
print(sum(1 for row in rows))
"""

Consume = Callable[[Batch], Awaitable[None]]


@dataclass(frozen=True)
class Figure:
    """One line of the report; `ratio` is value to peer, and `goal` its limit."""

    name: str
    value: float
    unit: str
    peer: str
    ratio: float
    goal: str
    met: bool


def make(path: Path, rows: int) -> None:
    """Write a sheet of `rows` recipients, four texts each, as users' programs do."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["Mobile number", "Variable 1", "Variable 2", "Variable 3"])
        digits = random.Random(1)  # noqa: S311 - the same sheet each time
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


def measure(rows: int, consume: Consume) -> list[Figure]:
    """Make the file, run peer and check by turns, and put the better times together."""
    with tempfile.TemporaryDirectory(prefix="sms-console-") as folder:
        path = Path(folder) / "recipients.xlsx"
        arguments = [sys.executable, __file__, "--make", str(path), "--rows", str(rows)]
        subprocess.run(arguments, check=True)
        plan = CheckPlan(
            path=path,
            region=Region.MAINLAND,
            template=TEMPLATE,
            signature="示例公司",
            identity=IdentityKind.ORGANIZATION,
            bounds=Bounds(file_bytes=100 * MB),
        )
        size = path.stat().st_size / MB
        bare, checks = [], []
        for _ in range(ROUNDS):
            bare.append(read_only(path))
            checks.append(asyncio.run(check_all(plan, rows, consume)))
    seconds, peer = min(taken for taken, _ in checks), min(bare)
    growth = max(grown for _, grown in checks)
    reader = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    limit = plan.bounds.memory_bytes / MB
    return [
        _figure(
            f"check {rows:,} rows ({size:.0f} MB)", seconds, "s", "calamine.iter_rows", peer, 3
        ),
        _figure("memory the server grows by", growth, "MB", "60 MB", 60, 1),
        _figure("memory of the largest reader", reader, "MB", f"{limit:,.0f} MB", limit, 1),
    ]


def _figure(  # noqa: PLR0913, PLR0917 - a line of a table
    name: str, value: float, unit: str, peer: str, peer_value: float, goal: float
) -> Figure:
    ratio = value / peer_value
    peer = peer if peer[0].isdigit() else f"{peer} {peer_value:.2f} {unit}"
    return Figure(
        name, round(value, 2), unit, peer, round(ratio, 2), f"at most {goal}x", ratio <= goal
    )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS:,} rows")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    parser.add_argument("--rows", type=int, help="another number of rows")
    parser.add_argument("--make", type=Path, metavar="FILE", help="only write the sheet")
    options = parser.parse_args()
    rows = options.rows or (QUICK_ROWS if options.quick else ROWS)
    if options.make:
        make(options.make, rows)
        return
    for figure in measure(rows, forget):
        if options.json:
            print(json.dumps(asdict(figure), ensure_ascii=False))
        else:
            verdict = "met" if figure.met else "MISSED"
            print(
                f"{figure.name:<36}{figure.value:>9,.2f} {figure.unit:<3}"
                f" {figure.ratio:>5.2f}x of {figure.peer} ({figure.goal}: {verdict})"
            )


if __name__ == "__main__":
    main()
