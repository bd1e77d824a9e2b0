"""Cells of exported tables: what stands in them, and how CSV writes it harmlessly (STA-6)."""

import re
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

Cell = str | int | float | datetime | None

# A spreadsheet takes a text that begins so for a formula, in East Asian editions also full-width.
_FORMULA: Final = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
# A number that a spreadsheet can make nothing of but that number, so E.164 stays as it is.
_PHONE: Final = re.compile(r"\+[0-9]{1,15}", re.ASCII)
_DIGITS: Final = 6


def written(cell: Cell, zone: ZoneInfo) -> str:
    """Give a cell as CSV holds it, before any quoting.

    Times are local with their offset, shares have six digits. A text that a spreadsheet would
    calculate gets an apostrophe in front, but phone numbers with their plus do not.
    """
    if isinstance(cell, str):
        return harmless(cell)
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.astimezone(zone).isoformat(" ", "seconds")
    return f"{cell:.{_DIGITS}f}" if isinstance(cell, float) else str(cell)


def harmless(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would calculate; it makes it a text."""
    return f"'{text}" if _FORMULA.match(text) and not _PHONE.fullmatch(text) else text
