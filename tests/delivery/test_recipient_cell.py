"""BLK-3: a cell says what its sheet shows in a general format."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.recipient_file.cell import Cell, digits, text


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


@pytest.mark.parametrize(
    ("shown", "number"),
    [
        ("13800138000", "13800138000"),
        ("13800138000.0", "13800138000"),
        ("+8613800138000.00", "+8613800138000"),
        ("1.3800138E10", "13800138000"),
        ("1.3800138e+10", "13800138000"),
        ("8.526666E+10", "85266660000"),
        ("1.3800000000E+10", "13800000000"),
        ("1.38E+10", None),
        ("8.61380E+12", None),
        ("1.380010000E+10", None),
        ("1.38001E+10", None),
        ("1E+10", None),
        ("13800138000.5", "13800138000.5"),
        ("1.38001380005E10", "1.38001380005E10"),
        ("E10", "E10"),
        ("", ""),
    ],
)
def test_a_number_that_a_program_wrote(shown: str, number: str | None) -> None:
    assert digits(shown) == number


@given(st.integers(10**6, 10**15), st.integers(0, 5))
def test_a_number_written_to_its_last_digit_is_whole(number: int, more: int) -> None:
    places = len(str(number)) - 1
    shown = f"{str(number)[0]}.{str(number)[1:]}{'0' * more}E+{places:02}"
    assert digits(shown) == digits(f"{number}.0") == str(number)
