"""What the excessive messaging reminder may be set to (CFG-1)."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain import warning_threshold as rules
from domain.errors import Code, Refused
from domain.region import Region
from domain.warning_threshold import OFF, Reminder


@pytest.mark.parametrize(
    "reminder", [OFF, Reminder(False, 1), Reminder(True, 1), Reminder(True, 1_000_000_000)]
)
def test_a_threshold_may_go_to_its_bounds(reminder: Reminder) -> None:
    rules.check({Region.MAINLAND: reminder})


@pytest.mark.parametrize(
    ("reminder", "code"),
    [
        (Reminder(True, None), Code.REQUIRED),
        (Reminder(False, 0), Code.OUT_OF_RANGE),
        (Reminder(True, 1_000_000_001), Code.OUT_OF_RANGE),
    ],
)
@pytest.mark.parametrize("region", Region)
def test_another_one_is_refused_at_its_region(
    region: Region, reminder: Reminder, code: Code
) -> None:
    with pytest.raises(Refused) as refused:
        rules.check({region: reminder})
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == (code, (region.value, "threshold"))


def test_what_is_wrong_with_both_regions_is_said_at_once() -> None:
    with pytest.raises(Refused) as refused:
        rules.check({Region.MAINLAND: Reminder(False, 0), Region.GLOBAL: Reminder(True, None)})
    assert [(problem.code, problem.field) for problem in refused.value.problems] == [
        (Code.OUT_OF_RANGE, ("mainland", "threshold")),
        (Code.REQUIRED, ("global", "threshold")),
    ]


def test_a_day_is_as_long_as_the_zone_makes_it() -> None:
    zone = ZoneInfo("Europe/Berlin")
    start, end = (moment.timestamp() for moment in rules.bounds(date(2026, 3, 29), zone))
    assert end - start == timedelta(hours=23).total_seconds()
    start, end = (moment.timestamp() for moment in rules.bounds(date(2026, 10, 25), zone))
    assert end - start == timedelta(hours=25).total_seconds()
