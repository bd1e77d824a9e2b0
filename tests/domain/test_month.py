"""Months as statistics are asked for (STA-7)."""

from datetime import date

import pytest

from domain.errors import Code, Refused
from domain.month import MONTHS_MOST, Month, months


def test_months_are_listed_over_the_end_of_a_year() -> None:
    found = months("2025-11", " 2026-02 ")
    assert list(map(str, found)) == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert (found[0].first, found[-1].last) == (date(2025, 11, 1), date(2026, 2, 28))
    assert Month(2024, 2).last == date(2024, 2, 29)
    assert Month.of(date(2026, 12, 31)).next == Month(2027, 1)


def test_at_most_two_years_are_asked_for_at_once() -> None:
    assert len(months("2024-04", "2026-03")) == MONTHS_MOST
    with pytest.raises(Refused, match="is 25 months: ask for at most 24 at once"):
        months("2024-03", "2026-03")


@pytest.mark.parametrize(
    ("first", "last", "code", "field"),
    [
        ("2026-13", "2026-01", Code.INVALID, "from"),
        ("2026-01", "2026-1", Code.INVALID, "to"),
        ("1999-12", "2000-01", Code.INVALID, "from"),
        ("2026-01", "2999-01", Code.INVALID, "to"),
        ("", "2026-01", Code.INVALID, "from"),
        ("2026-02", "2026-01", Code.OUT_OF_RANGE, "to"),
    ],
)
def test_what_is_no_month_is_refused(first: str, last: str, code: Code, field: str) -> None:
    with pytest.raises(Refused) as refused:
        months(first, last)
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == (code, (field,))
