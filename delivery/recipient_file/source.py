"""The rows of a file, whichever of the two kinds it is."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from delivery.recipient_file.bounds import Bounds, FileRefused
from delivery.recipient_file.cell import Cell
from delivery.recipient_file.sniff import Text, sniff
from domain.errors import Code

_LONGEST_CSV_CELL: Final = 131_072


@dataclass(frozen=True, slots=True)
class Source:
    """Rows from the sheet's first, `first_column` empty columns left out of each.

    `total` is their number; of a .csv the number of lines, which a line break inside a cell
    makes larger.
    """

    rows: Iterator[Sequence[Cell]]
    total: int
    first_column: int


@contextmanager
def opened(path: Path, bounds: Bounds) -> Iterator[Source]:
    """Open a recipient file; FileRefused when it is no sheet, out of bounds or damaged.

    Of a workbook the first visible worksheet counts. Nothing is calculated, fetched or run:
    formulas give their last value, links to other workbooks are not followed.
    """
    kind = sniff(path, bounds)
    if isinstance(kind, Text):
        with path.open(encoding=kind.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=kind.delimiter, strict=True)
            yield Source(_csv_rows(reader, bounds), _lines(path), 0)
        return
    with path.open("rb") as file:
        sheet = _first_sheet(file)
        column, width = (sheet.start[1], sheet.end[1] + 1) if sheet.start and sheet.end else (0, 0)
        _check_width(width, bounds)
        yield Source(sheet.iter_rows(), sheet.total_height, column)


def _first_sheet(file: BinaryIO) -> CalamineSheet:
    try:
        workbook = CalamineWorkbook.from_filelike(file)
        for position, sheet in enumerate(workbook.sheets_metadata):
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible:
                return workbook.get_sheet_by_index(position)
    except CalamineError:
        raise FileRefused(
            Code.INVALID, "the workbook is damaged: open it, save it again as .xlsx and upload that"
        ) from None
    raise FileRefused(Code.INVALID, "the workbook has no visible worksheet")


def _csv_rows(reader: Iterator[list[str]], bounds: Bounds) -> Iterator[Sequence[str]]:
    # A stray quotation mark makes one cell of many rows, which would be sent as its text: a strict
    # reader refuses it where it is noticed, and the limit where it is not.
    csv.field_size_limit(_LONGEST_CSV_CELL)
    row_number = 0
    try:
        for row in reader:
            row_number += 1
            if len(row) > bounds.columns:
                _check_width(len(row), bounds)
            yield row
    except csv.Error:
        raise FileRefused(
            Code.INVALID,
            f"row {row_number + 1} has a quotation mark that is never closed, or that ends a cell"
            " too early: write it twice inside a quoted cell",
        ) from None


def _check_width(width: int, bounds: Bounds) -> None:
    if width > bounds.columns:
        raise FileRefused(
            Code.LIMIT_EXCEEDED,
            f"the sheet has {width:,} columns, more than {bounds.columns}:"
            " keep the number and the variables",
        )


def _lines(path: Path) -> int:
    lines, last = 0, b"\n"
    with path.open("rb") as file:
        while piece := file.read(2**20):
            lines += piece.count(b"\n")
            last = piece[-1:]
    return lines + (last != b"\n")
