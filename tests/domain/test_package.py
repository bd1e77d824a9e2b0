"""What state a package is in, and what comes back to it (PKG-1, PKG-4)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Refused
from domain.package import Drawn, PackageStatus, gift_units, returned, status
from domain.price import RefusedUnits
from domain.region import IdentityKind
from domain.terms import Terms
from tests.console import START

BACK, KEPT = RefusedUnits.RETURNED, RefusedUnits.KEPT
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("remaining", "hours", "expected"),
    [
        (5, -1, PackageStatus.NOT_YET_EFFECTIVE),
        (0, -1, PackageStatus.USED_UP),
        (5, 0, PackageStatus.IN_USE),
        (0, 0, PackageStatus.USED_UP),
        (5, 9, PackageStatus.IN_USE),
        (5, 10, PackageStatus.EXPIRED),
        (0, 10, PackageStatus.EXPIRED),
    ],
)
def test_states_change_at_their_moments(
    remaining: int, hours: int, expected: PackageStatus
) -> None:
    now = START + hours * HOUR
    assert status(remaining, START, START + 10 * HOUR, now) is expected


def test_gifts_are_those_of_the_guide_unless_set() -> None:
    assert gift_units(IdentityKind.INDIVIDUAL, Terms()) == 100
    assert gift_units(IdentityKind.ORGANIZATION, Terms()) == 1_000
    assert gift_units(IdentityKind.INDIVIDUAL, Terms(gift_individual=7)) == 7


@pytest.mark.parametrize(
    ("unsent", "refused", "expected"),
    [
        (0, 0, []),
        (5, 0, [(1, 5)]),
        (12, 0, [(1, 10), (2, 2)]),
        (0, 5, [(1, 5)]),
        (0, 12, [(1, 10), (3, 2)]),
        (0, 30, [(1, 10), (3, 10)]),
        (8, 5, [(1, 10), (3, 3)]),
        (25, 5, [(1, 10), (2, 10), (3, 10)]),
    ],
)
def test_refused_units_come_back_where_the_price_list_says_so(
    unsent: int, refused: int, expected: list[tuple[int, int]]
) -> None:
    """PKG-4."""
    drawn = [Drawn(1, 10, BACK), Drawn(2, 10, KEPT), Drawn(3, 10, BACK)]
    assert returned(unsent, refused, drawn) == expected


def test_nothing_refused_comes_back_to_packages_that_keep_it() -> None:
    assert returned(3, 7, [Drawn(1, 10, KEPT)]) == [(1, 3)]


@given(
    drawn=st.lists(st.tuples(st.integers(0, 20), st.sampled_from(RefusedUnits)), max_size=5),
    unsent=st.integers(0, 60),
    refused=st.integers(0, 60),
)
def test_no_package_gets_back_more_than_was_drawn(
    drawn: list[tuple[int, RefusedUnits]], unsent: int, refused: int
) -> None:
    parts = [Drawn(place, units, terms) for place, (units, terms) in enumerate(drawn)]
    total = sum(units for units, _ in drawn)
    if unsent > total:
        with pytest.raises(Refused):
            returned(unsent, refused, parts)
        return
    back = dict(returned(unsent, refused, parts))
    assert all(0 < units <= parts[place].units for place, units in back.items())
    assert unsent <= sum(back.values()) <= min(total, unsent + refused)
