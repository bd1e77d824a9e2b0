"""The excessive messaging reminder: at how many messages of a day somebody is told (CFG-1)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.errors import Code, Problem, Refused
from domain.price import within
from domain.region import Region

THRESHOLD_MOST: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Reminder:
    """Whether an application reminds in a region; the threshold is None until it is first set."""

    enabled: bool = False
    threshold: int | None = None


OFF: Final = Reminder()


def check(reminders: Mapping[Region, Reminder]) -> None:
    """Raise Refused unless each threshold is in range, and there where its reminder is on."""
    problems = []
    for region, reminder in reminders.items():
        field = (region.value, "threshold")
        if reminder.threshold is not None:
            problems += [
                replace(problem, field=field)
                for problem in within(reminder.threshold, 1, THRESHOLD_MOST, "threshold")
            ]
        elif reminder.enabled:
            message = f"threshold is missing: enter 1 to {THRESHOLD_MOST} to switch the reminder on"
            problems.append(Problem(Code.REQUIRED, message, field))
    if problems:
        raise Refused(*problems)


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Give where a calendar day begins and where the next one does."""
    start = datetime.combine(day, time(), zone)
    return start, datetime.combine(day + timedelta(days=1), time(), zone)
