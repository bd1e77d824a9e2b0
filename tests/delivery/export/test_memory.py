"""Memory does not grow with the rows that are written (STA-6, STA-8)."""

import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from delivery.export import csv_file
from delivery.export.table import Rows
from delivery.export.xlsx_file import XlsxFile
from domain.cell import Cell

ZONE: Final = ZoneInfo("Asia/Shanghai")
HEADINGS: Final = ("Serial number", "Mobile number", "Content", "Segments")
BATCH: Final = 500


async def batches(count: int) -> AsyncIterator[Rows]:
    for begin in range(0, count, BATCH):
        yield [_row(number) for number in range(begin, begin + BATCH)]


def _row(number: int) -> tuple[Cell, ...]:
    return (f"5000:{number}", f"+86138{number:08d}", f"Your order {number} arrives", 1)


async def write(form: str, path: Path, rows: int) -> int:
    """Write a table; gives the peak of memory in bytes."""
    tracemalloc.start()
    try:
        if form == "xlsx":
            book = XlsxFile(path, HEADINGS, ZONE)
            async for batch in batches(rows):
                book.write(batch)
            book.close()
        else:
            with path.open("wb") as file:
                file.write(csv_file.head(HEADINGS))
                async for batch in batches(rows):
                    file.write(csv_file.lines(batch, ZONE))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_ten_times_the_rows_take_the_same_memory(form: str, tmp_path: Path) -> None:
    await write(form, tmp_path / "warm", BATCH)  # what is imported and cached once
    few = await write(form, tmp_path / "few", 2_000)
    many = await write(form, tmp_path / "many", 20_000)
    assert (tmp_path / "many").stat().st_size > 5 * (tmp_path / "few").stat().st_size
    assert many < 1.25 * few + 2**16
