"""The balance alarm and automatic renewal of packages: what may be set, and what a crossing does.

Both look at the sum of all packages that have not expired, effective or not (PKG-2, PKG-3).
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from domain.errors import Code, Problem, Refused
from domain.price import within

THRESHOLD_MOST: Final = 1_000_000_000
RENEWED_LEAST: Final = 1_000
RENEWED_MOST: Final = 1_000_000_000
RENEWALS_A_DAY: Final = 10
"""How often an account renews on one of its calendar days: a guard against a runaway."""


class RenewalProblem(StrEnum):
    """Why a renewal that is due is not made; it is tried again on the next day."""

    NOT_ON_SALE = "not_on_sale"
    CHANGED = "changed"
    DAILY_LIMIT = "daily_limit"
    TOO_MANY_PACKAGES = "too_many_packages"


@dataclass(frozen=True, slots=True)
class Renewal:
    """What stands between a renewal that is due and the purchase.

    `revision` is the item's now and `agreed` the one the account agreed to; None is no item.
    """

    on_sale: bool
    revision: int
    agreed: int | None
    made_today: int
    has_room: bool

    @property
    def problem(self) -> RenewalProblem | None:
        """Say what keeps it from being made; None lets it pass."""
        if not self.on_sale:
            return RenewalProblem.NOT_ON_SALE
        if self.revision != self.agreed:
            return RenewalProblem.CHANGED
        if self.made_today >= RENEWALS_A_DAY:
            return RenewalProblem.DAILY_LIMIT
        return None if self.has_room else RenewalProblem.TOO_MANY_PACKAGES


def check_threshold(threshold: int | None) -> int:
    """Return a threshold that is given and in range; raise Refused otherwise."""
    if threshold is None:
        message = f"threshold is missing: enter 1 to {THRESHOLD_MOST} to switch this on"
        raise Refused.one(Code.REQUIRED, message, "threshold")
    if problems := within(threshold, 1, THRESHOLD_MOST, "threshold"):
        raise Refused(*problems)
    return threshold


def check_renewed(units: int, threshold: int) -> None:
    """Raise Refused unless a renewal buys a permitted number of units, and enough of them.

    One that stays below the threshold would be the last: nothing would cross it any more.
    """
    problems = []
    if not RENEWED_LEAST <= units <= RENEWED_MOST:
        message = (
            f'a renewal of "{units}" units is out of range: choose item and quantity '
            f"so that it buys {RENEWED_LEAST} to {RENEWED_MOST}"
        )
        problems.append(Problem(Code.OUT_OF_RANGE, message, ("quantity",)))
    if units < threshold:
        message = (
            f'a renewal of "{units}" units would leave the balance below the threshold '
            f'"{threshold}": buy at least as many, or lower the threshold'
        )
        problems.append(Problem(Code.MISMATCH, message, ("quantity",)))
    if problems:
        raise Refused(*problems)


def day_of(now: datetime, zone: ZoneInfo) -> date:
    """Give the account's calendar day."""
    return now.astimezone(zone).date()


def next_day(now: datetime, zone: ZoneInfo) -> datetime:
    """Give the beginning of the account's next calendar day."""
    return datetime.combine(day_of(now, zone) + timedelta(days=1), time(), zone)
