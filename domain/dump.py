"""Dumps: records of a long time, written in the background and kept for a while (STA-8)."""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from domain.errors import Code, Refused
from domain.state import advance
from domain.statistic import check_days

DAYS_MOST: Final = 366
PART_ROWS: Final = 1_000_000
"""Rows of one file of a dump: a spreadsheet holds 1,048,576."""
PART_BYTES: Final = 2**28
"""What one file of a dump may hold before it is compressed; checked once a batch."""
ARCHIVE_BYTES: Final = 2**31
"""What a dump may hold compressed: below what needs the 64-bit form of ZIP."""


class DumpKind(StrEnum):
    """What is dumped."""

    RECORDS = "records"
    """Message records."""
    REPLIES = "replies"
    """Replies of recipients."""


class DumpStatus(StrEnum):
    """Where a dump stands."""

    WAITING = "waiting"
    """Its turn has not come."""
    RUNNING = "running"
    """It is being written."""
    READY = "ready"
    """It can be downloaded."""
    CANCELLED = "cancelled"
    """Somebody gave it up; nothing of it is kept."""
    FAILED = "failed"
    """It could not be written; the reason is kept with it."""
    EXPIRED = "expired"
    """It was kept as long as dumps are kept."""


class DumpEvent(StrEnum):
    """What moves a dump."""

    BEGIN = "begin"
    FINISH = "finish"
    FAIL = "fail"
    CANCEL = "cancel"
    EXPIRE = "expire"


IN_WORK: Final = (DumpStatus.WAITING, DumpStatus.RUNNING)
HELD: Final = (*IN_WORK, DumpStatus.READY)
"""States in which a dump counts against the quota of its account."""
TRANSITIONS: Final = {
    (DumpStatus.WAITING, DumpEvent.BEGIN): DumpStatus.RUNNING,
    # Whoever takes a dump up after a crash begins it again.
    (DumpStatus.RUNNING, DumpEvent.BEGIN): DumpStatus.RUNNING,
    (DumpStatus.RUNNING, DumpEvent.FINISH): DumpStatus.READY,
    (DumpStatus.WAITING, DumpEvent.FAIL): DumpStatus.FAILED,
    (DumpStatus.RUNNING, DumpEvent.FAIL): DumpStatus.FAILED,
    (DumpStatus.WAITING, DumpEvent.CANCEL): DumpStatus.CANCELLED,
    (DumpStatus.RUNNING, DumpEvent.CANCEL): DumpStatus.CANCELLED,
    (DumpStatus.READY, DumpEvent.CANCEL): DumpStatus.CANCELLED,
    (DumpStatus.READY, DumpEvent.EXPIRE): DumpStatus.EXPIRED,
}


def step(current: DumpStatus, event: DumpEvent) -> DumpStatus:
    """Return the state after an event; an illegal one raises Refused naming both states."""
    return advance("dump", TRANSITIONS, current, event, "id")


def time_of(first: date, last: date, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return where the days of a dump begin, and before when they end: now at the latest.

    Both days are included. Raises Refused unless it is 1 to 366 days that have begun already.
    """
    check_days(first, last, DAYS_MOST)
    start, end = (
        datetime.combine(day, time(), zone).astimezone(UTC)
        for day in (first, last + timedelta(days=1))
    )
    if start >= now:
        message = f'"{first}" is still to come: give a day that has begun'
        raise Refused.one(Code.OUT_OF_RANGE, message, "from")
    return start, min(end, now)


def too_many(rows: int) -> str:
    """Say why a dump failed that has more than `rows` rows."""
    return f"the time holds more than {rows:,} rows: order it in shorter times"


def too_large() -> str:
    """Say why a dump failed whose archive grows too large."""
    return f"the archive would pass {ARCHIVE_BYTES:,} bytes: order it in shorter times"
