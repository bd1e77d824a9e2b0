"""What may be asked of queues and of look-ups by number (API-3)."""

from datetime import timedelta

import pytest

from domain.errors import Code, Refused
from domain.pull import KEPT, check_limit, window
from tests.console import START as NOW

HOUR = timedelta(hours=1)


def test_a_hundred_records_are_given_at_once() -> None:
    check_limit(1)
    check_limit(100)
    for limit in (0, -1, 101):
        with pytest.raises(Refused, match=f'"{limit}" records are out of range') as refused:
            check_limit(limit)
        assert refused.value.problems[0].field == ("limit",)


def test_a_look_up_goes_back_seven_days() -> None:
    assert window(NOW - HOUR, NOW, NOW) == (NOW - HOUR, NOW)
    assert window(NOW - HOUR, None, NOW) == (NOW - HOUR, NOW)
    assert window(NOW - 2 * KEPT, NOW, NOW) == (NOW - KEPT, NOW)


@pytest.mark.parametrize("end", [NOW - HOUR, NOW - 2 * HOUR])
def test_it_ends_after_it_begins(end: object) -> None:
    with pytest.raises(Refused, match="is not after") as refused:
        window(NOW - HOUR, end, NOW)  # type: ignore[arg-type]  # - parametrize has no types
    assert refused.value.problems[0].code is Code.OUT_OF_RANGE


def test_nothing_is_left_of_what_is_older() -> None:
    with pytest.raises(Refused, match="is more than 7 days ago"):
        window(NOW - 2 * KEPT, NOW - KEPT, NOW)
