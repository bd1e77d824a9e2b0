"""The excessive messaging reminder: at how many messages of a day somebody is told (CFG-1)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.errors import Code, Refused
from domain.price import within
from domain.region import Region

THRESHOLD_MOST: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Reminder:
    """Whether an application reminds in a region; the threshold is None until it is first set."""

    enabled: bool = False
    threshold: int | None = None


OFF: Final = Reminder()


def check(reminder: Reminder, region: Region) -> None:
    """Raise Refused unless the threshold is in range, and there where the reminder is on."""
    if reminder.threshold is None:
        if reminder.enabled:
            message = f"threshold is missing: enter 1 to {THRESHOLD_MOST} to switch the reminder on"
            raise Refused.one(Code.REQUIRED, message, region.value, "threshold")
        return
    for problem in within(reminder.threshold, 1, THRESHOLD_MOST, "threshold"):
        raise Refused.one(problem.code, problem.message, region.value, "threshold")


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """Give the account's calendar day a moment lies in."""
    return moment.astimezone(zone).date()


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Give where a calendar day begins and where the next one does."""
    start = datetime.combine(day, time(), zone)
    return start, datetime.combine(day + timedelta(days=1), time(), zone)
