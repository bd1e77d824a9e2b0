"""What a cell says, as text: the way its sheet shows it in a general format."""

from datetime import date, datetime, time, timedelta

Cell = str | float | bool | time | date | datetime | timedelta
"""What the workbook reader gives. A formula is the value last calculated for it, never run again;
an error such as #N/A, and a formula never calculated as text, are empty."""

_LONGEST_EXACT = 1e21  # from there on a sheet itself shows an exponent
_DIGITS = 15  # what a sheet keeps of a number


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


def _number(value: float) -> str:
    if float(value).is_integer() and abs(value) < _LONGEST_EXACT:
        return str(int(value))
    return format(value, f".{_DIGITS}g")
