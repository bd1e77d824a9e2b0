"""The demo's recipient file, and what has to become of it to the last figure."""

import io
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import xlsxwriter
from python_calamine import CalamineWorkbook

from domain.sandbox import ENDINGS

ROWS: Final = 10_000
_HARMED_EVERY: Final = 500
_DELIVERED: Final = "9900"
_OTHERS: Final = ("9901", "9902", "9903", "9907", "9911", "9921")
_OTHERS_EVERY: Final = 20
_SILENT: Final = "9911"


@dataclass(slots=True)
class Expected:
    """The figures the server has to come to."""

    recipients: int = 0
    rejected: int = 0
    duplicates: int = 0
    delivered: int = 0
    awaited: int = 0
    failures: Counter[str] = field(default_factory=Counter)


def fill(form: bytes) -> tuple[bytes, Expected]:
    """Fill the downloaded form with 10,000 rows, every 125th of them wrong on purpose."""
    (header, *_) = (
        CalamineWorkbook.from_filelike(io.BytesIO(form)).get_sheet_by_index(0).to_python()
    )
    expected = Expected()
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, header)
        row: list[str] = []
        for number in range(ROWS):
            row = _row(number, row, expected)
            for column, text in enumerate(row):
                sheet.write_string(number + 1, column, text)
    return target.getvalue(), expected


def _row(number: int, before: list[str], expected: Expected) -> list[str]:
    name, amount = f"customer {number}", f"{number % 90 + 10}.50"
    match number % _HARMED_EVERY:
        case 100:
            expected.rejected += 1
            return ["12345", name, amount]
        case 200:
            expected.rejected += 1
            return ["85266660000", name, amount]
        case 300:
            expected.rejected += 1
            return [_phone(number, _DELIVERED), "www.example.com", amount]
        case 400:
            expected.duplicates += 1
            return before
    ending = (
        _OTHERS[number // _OTHERS_EVERY % len(_OTHERS)]
        if number % _OTHERS_EVERY == 0
        else _DELIVERED
    )
    expected.recipients += 1
    code = ENDINGS[ending].script.code
    if ending == _SILENT:
        expected.awaited += 1
    elif code == "DELIVRD":
        expected.delivered += 1
    else:
        expected.failures[code] += 1
    return [_phone(number, ending), name, amount]


def _phone(number: int, ending: str) -> str:
    return f"138{number:04d}{ending}"
