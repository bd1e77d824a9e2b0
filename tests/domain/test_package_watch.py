"""What the balance alarm and renewal may be set to (PKG-2, PKG-3)."""

from zoneinfo import ZoneInfo

import pytest

from domain import package_watch
from domain.errors import Code, Refused
from domain.package_watch import RENEWALS_A_DAY, Renewal, RenewalProblem
from tests.console import START

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize("threshold", [1, 1_000_000_000])
def test_a_threshold_may_go_to_its_bounds(threshold: int) -> None:
    assert package_watch.check_threshold(threshold) == threshold


@pytest.mark.parametrize(
    ("threshold", "code"),
    [(None, Code.REQUIRED), (0, Code.OUT_OF_RANGE), (1_000_000_001, Code.OUT_OF_RANGE)],
)
def test_another_threshold_is_refused(threshold: int | None, code: Code) -> None:
    with pytest.raises(Refused) as refused:
        package_watch.check_threshold(threshold)
    assert [(one.code, one.field) for one in refused.value.problems] == [(code, ("threshold",))]


@pytest.mark.parametrize(
    ("units", "threshold", "codes"),
    [
        (1_000, 1_000, []),
        (1_000_000_000, 1, []),
        (999, 999, [Code.OUT_OF_RANGE]),
        (1_000_000_001, 1, [Code.OUT_OF_RANGE]),
        (1_000, 1_001, [Code.MISMATCH]),
        (10, 11, [Code.OUT_OF_RANGE, Code.MISMATCH]),
    ],
)
def test_a_renewal_lifts_the_balance_over_the_threshold(
    units: int, threshold: int, codes: list[Code]
) -> None:
    found: list[Code] = []
    try:
        package_watch.check_renewed(units, threshold)
    except Refused as refused:
        found = [problem.code for problem in refused.problems]
    assert found == codes


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, None),
        ({"on_sale": False}, RenewalProblem.NOT_ON_SALE),
        ({"revision": 2}, RenewalProblem.CHANGED),
        ({"agreed": None}, RenewalProblem.CHANGED),
        ({"made_today": RENEWALS_A_DAY - 1}, None),
        ({"made_today": RENEWALS_A_DAY}, RenewalProblem.DAILY_LIMIT),
        ({"has_room": False}, RenewalProblem.TOO_MANY_PACKAGES),
    ],
)
def test_a_renewal_is_made_unless_something_stands_in_its_way(
    changes: dict[str, int], problem: RenewalProblem | None
) -> None:
    free = {"on_sale": True, "revision": 1, "agreed": 1, "made_today": 0, "has_room": True}
    assert Renewal(**{**free, **changes}).problem is problem  # type: ignore[arg-type]  # - a table of every field


def test_days_are_the_accounts() -> None:
    assert package_watch.day_of(START, SHANGHAI).isoformat() == "2026-03-02"
    midnight = package_watch.next_day(START, SHANGHAI)
    assert midnight.isoformat() == "2026-03-03T00:00:00+08:00"
    assert package_watch.next_day(midnight, SHANGHAI).isoformat() == "2026-03-04T00:00:00+08:00"
