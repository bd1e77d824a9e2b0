"""BLK-3: a cell says what its sheet shows in a general format."""

import datetime as dt

import pytest

from delivery.recipient_file.cell import Cell, text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("  00123 ", "  00123 "),
        ("", ""),
        (13800138000.0, "13800138000"),
        (919876543210.0, "919876543210"),
        (0.0, "0"),
        (-0.0, "0"),
        (-7.0, "-7"),
        (1.5, "1.5"),
        (0.1 + 0.2, "0.3"),
        (1234567890123450.0, "1234567890123450"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        (True, "TRUE"),
        (False, "FALSE"),
        (dt.date(2026, 11, 22), "2026-11-22"),
        (dt.datetime(2026, 11, 22, 9, 5), "2026-11-22 09:05:00"),  # noqa: DTZ001 - a sheet has no zones
        (dt.time(9, 5), "09:05:00"),
        (dt.timedelta(days=2, minutes=3, seconds=4.4), "48:03:04"),
    ],
)
def test_a_cell_as_text(value: Cell, shown: str) -> None:
    assert text(value) == shown
