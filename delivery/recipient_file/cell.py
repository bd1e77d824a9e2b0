"""What a cell says, as text: the way its sheet shows it in a general format."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

Cell = str | float | bool | time | date | datetime | timedelta
"""What the workbook reader gives. A formula is the value last calculated for it, never run again;
an error such as #N/A, and a formula never calculated as text, are empty."""

_LONGEST_EXACT = 1e21  # from there on a sheet itself shows an exponent
_DIGITS = 15  # what a sheet keeps of a number
_WHOLE = re.compile(r"(\+?[0-9]{1,20})\.0{1,20}")
_EXPONENT = re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,20}))?[Ee]\+?([0-9]{1,2})")
_MOST_SHORTENED = 6  # significant digits a sheet leaves when it shortens a number to show it


def text(value: Cell) -> str:
    """Write a cell as text.

    A text stays as it is, leading zeros and blanks too. A whole number loses the `.0` that sheets
    store (13800138000.0 is 13800138000), other numbers keep 15 digits. Dates and times are ISO
    8601 with a blank between the two; a duration is hours:minutes:seconds.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return value.isoformat()


def tidy(value: Cell) -> str:
    """Write a cell as text whose lines end with line feeds."""
    return text(value).replace("\r\n", "\n").replace("\r", "\n")


def are_blank(texts: Sequence[str]) -> bool:
    """Say whether nothing stands in the cells of a row."""
    return not any(value.strip() for value in texts)


def digits(shown: str) -> str | None:
    """Write a whole number without what programs add to it; None when digits of it are lost.

    13800138000.0 and 1.3800138E10 are 13800138000. A spreadsheet saves a .csv as it shows it, and
    of a long number it shows 1.38E+10, six digits at most: that is no number any more, unless it is
    written out to its last digit. What is written in another way stays as it is.
    """
    if match := _WHOLE.fullmatch(shown):
        return match[1]
    match = _EXPONENT.fullmatch(shown)
    if not match:
        return shown
    whole, fraction, exponent = match[1], match[2] or "", int(match[3])
    if fraction[exponent:].strip("0"):
        return shown
    is_cut = len(fraction) < exponent
    if is_cut and len((whole + fraction).strip("0")) <= _MOST_SHORTENED:
        return None
    return whole + fraction[:exponent].ljust(exponent, "0")


def _number(value: float) -> str:
    if float(value).is_integer() and abs(value) < _LONGEST_EXACT:
        return str(int(value))
    return format(value, f".{_DIGITS}g")
