"""Cells of exports: a spreadsheet calculates nothing of what recipients wrote (STA-6)."""

import csv
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cell import written

SHANGHAI = ZoneInfo("Asia/Shanghai")
LEADS = "=+-@\t\r\n＝＋－＠"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("Your order A1", "Your order A1"),
        ("", ""),
        (None, ""),
        (0, "0"),
        (-3, "-3"),
        (0.5, "0.500000"),
        ("+8613800138000", "+8613800138000"),
        ("+1234567890123456", "'+1234567890123456"),
        ("+86138+1", "'+86138+1"),
        ("+٣٤٥٦٧٨٩", "'+٣٤٥٦٧٨٩"),
        ("=HYPERLINK(A1)", "'=HYPERLINK(A1)"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("＝1+1", "'＝1+1"),
        ("1=1", "1=1"),
        (datetime(2026, 3, 2, 2, 0, 1, 999_999, tzinfo=UTC), "2026-03-02 10:00:01+08:00"),
    ],
)
def test_a_cell_as_csv_holds_it(cell: str | float | datetime | None, shown: str) -> None:
    assert written(cell, SHANGHAI) == shown


@given(st.text())
def test_no_text_begins_a_formula_but_a_bare_phone_number(text: str) -> None:
    shown = written(text, SHANGHAI)
    assert shown in {text, f"'{text}"}
    if shown and shown[0] in LEADS:
        assert shown[0] == "+"
        assert shown[1:].isascii()
        assert shown[1:].isdigit()


@given(st.sampled_from(LEADS), st.text(min_size=1))
def test_what_was_written_comes_back_without_the_apostrophe(lead: str, rest: str) -> None:
    shown = written(lead + rest, SHANGHAI)
    line = io.StringIO(newline="")
    csv.writer(line).writerow([shown, "end"])
    (row,) = csv.reader(io.StringIO(line.getvalue(), newline=""))
    assert row == [shown, "end"]
    assert row[0].removeprefix("'") == lead + rest
