"""Workbooks of one sheet, written row by row so that memory stays flat.

Texts are written as texts, so what looks like a formula, a link or a number stays what it is.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import xlsxwriter

from delivery.export.table import Rows, local
from domain.cell import Cell

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_MOST: Final = 1_048_575
"""What a sheet holds below its headings."""
_TEXT_MOST: Final = 32_767
_WIDTH: Final = 22
_ILLEGAL: Final = {ord(mark): "\ufffd" for mark in "\ufffe\uffff"}


class XlsxFile:
    """One workbook under way; `close` writes what makes it one."""

    def __init__(self, path: Path, headings: Sequence[str], zone: ZoneInfo) -> None:
        """Begin a workbook; its temporary files stand beside it."""
        self._zone = zone
        self._book = xlsxwriter.Workbook(
            path, {"constant_memory": True, "tmpdir": str(path.parent), "in_memory": False}
        )
        self._time = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._sheet: Any = self._book.add_worksheet()
        self._sheet.set_column(0, len(headings) - 1, _WIDTH)
        self._sheet.freeze_panes(1, 0)
        self._row = 0
        self.write([headings])

    def write(self, rows: Rows) -> None:
        """Add rows."""
        for row in rows:
            for column, cell in enumerate(row):
                self._put(column, cell)
            self._row += 1

    def close(self) -> None:
        """End the workbook."""
        self._book.close()

    def _put(self, column: int, cell: Cell) -> None:
        if isinstance(cell, str):
            self._sheet.write_string(self._row, column, _fit(cell))
        elif isinstance(cell, datetime):
            at = local(cell, self._zone)
            self._sheet.write_datetime(self._row, column, at, self._time)
        elif cell is not None:
            self._sheet.write_number(self._row, column, cell)


def _fit(text: str) -> str:
    """Give what a cell can hold of a text."""
    legal = text[:_TEXT_MOST].translate(_ILLEGAL)
    return legal.encode("utf-8", "replace").decode()
