"""CSV as RFC 4180 has it: commas, CRLF, UTF-8 with a byte order mark.

Without the mark, Excel reads a file in the code page of its country and shows Chinese as noise.
"""

import csv
import io
from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from delivery.export.table import Rows
from domain.cell import written

MARK: Final = "\ufeff".encode()
MEDIA_TYPE: Final = "text/csv; charset=utf-8"


def head(headings: Sequence[str]) -> bytes:
    """Give the beginning of a file."""
    return MARK + _lines([headings])


def lines(rows: Rows, zone: ZoneInfo) -> bytes:
    """Give rows; no cell of them calculates anything."""
    return _lines([[written(cell, zone) for cell in row] for row in rows])


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
