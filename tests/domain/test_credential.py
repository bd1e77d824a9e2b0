"""The credentials file: readable by a machine, harmless in a spreadsheet (CAM-1)."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.credential import FORMULA_MARKS, Credentials, as_csv


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_what_a_spreadsheet_would_compute_begins_with_an_apostrophe(cell: str) -> None:
    row = read(as_csv([Credentials(name=cell, uin=1, password=cell)]))[1]
    assert (row[0], row[2]) == (f"'{cell}", f"'{cell}")


@given(st.lists(st.tuples(st.text(), st.text()), max_size=4))
def test_every_cell_comes_back_as_it_was_and_none_is_a_formula(
    pairs: list[tuple[str, str]],
) -> None:
    written = as_csv(Credentials(name=name, uin=1, password=password) for name, password in pairs)
    head, *rows = read(written)
    assert len(head) == 6
    assert len(rows) == len(pairs)
    for (name, password), row in zip(pairs, rows, strict=True):
        for cell, given_text in ((row[0], name), (row[2], password)):
            assert not cell.startswith(FORMULA_MARKS)
            assert given_text in {cell, cell.removeprefix("'")}
