"""Statistics: what is counted, over which time, and cut into which bars (STA-1, STA-4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final, Self
from zoneinfo import ZoneInfo

from domain.errors import Code, Refused

DAYS_MOST: Final = 92
HOURLY_DAYS: Final = 2
EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2999, 12, 31)


class Period(StrEnum):
    """The spans of time a data overview offers; days are those of the account's time zone."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    LAST_7_DAYS = "last_7_days"
    LAST_30_DAYS = "last_30_days"


_DAYS: Final = {
    Period.TODAY: (0, 1),
    Period.YESTERDAY: (1, 1),
    Period.LAST_7_DAYS: (6, 7),
    Period.LAST_30_DAYS: (29, 30),
}


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of messages, but `segments`, which counts billed segments of the accepted ones.

    `requests` were handed to a carrier, `accepted` taken by it; `delivered` and `failed` are the
    accepted ones with a receipt that says so (the meanings of the provider's statistics API).
    """

    requests: int = 0
    accepted: int = 0
    segments: int = 0
    delivered: int = 0
    failed: int = 0

    @property
    def success_rate(self) -> float | None:
        """Accepted by requests, as the provider's console derives it; None without requests."""
        return self.accepted / self.requests if self.requests else None

    @property
    def with_receipt(self) -> int:
        """Accepted messages for which the carrier brought a receipt, of whatever kind."""
        return self.delivered + self.failed

    @property
    def without_receipt(self) -> int:
        """Accepted messages without a receipt, or without one yet."""
        return self.accepted - self.with_receipt

    @property
    def receipt_rate(self) -> float | None:
        """Those with a receipt by those accepted (domain.md 1.3); None where none was accepted."""
        return self.with_receipt / self.accepted if self.accepted else None

    @property
    def receipt_success_rate(self) -> float | None:
        """Receipts of success by all receipts (domain.md 1.3); None without a receipt."""
        return self.delivered / self.with_receipt if self.with_receipt else None

    @classmethod
    def sum(cls, parts: Iterable[Self]) -> "Totals":
        """Add counts up."""
        requests = accepted = segments = delivered = failed = 0
        for part in parts:
            requests += part.requests
            accepted += part.accepted
            segments += part.segments
            delivered += part.delivered
            failed += part.failed
        return Totals(requests, accepted, segments, delivered, failed)


@dataclass(frozen=True, slots=True)
class Span:
    """A time cut into bars: `edges` are their starts and, last, the end of the last one; in UTC."""

    edges: tuple[datetime, ...]

    @property
    def start(self) -> datetime:
        """Where the span begins."""
        return self.edges[0]

    @property
    def end(self) -> datetime:
        """Where the span ends; this moment is no longer in it."""
        return self.edges[-1]

    def bars(self, hours: Mapping[datetime, Totals]) -> list[tuple[datetime, Totals]]:
        """Put hourly counts into bars; a bar without any is zero, none is left out."""
        ordered = sorted(hours)
        bars, place = [], 0
        for start, end in pairwise(self.edges):
            begin = place
            while place < len(ordered) and ordered[place] < end:
                place += 1
            bars.append((start, Totals.sum(hours[hour] for hour in ordered[begin:place])))
        return bars


def hour_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """Give the start, in UTC, of the local hour a moment lies in.

    Local hours, because days of a zone such as India's begin in the middle of an hour of UTC.
    """
    local = moment.astimezone(zone)
    into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return moment.astimezone(UTC) - into


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """Give the account's calendar day a moment lies in."""
    return moment.astimezone(zone).date()


def span_of(
    period: Period | None,
    first: date | None,
    last: date | None,
    now: datetime,
    zone: ZoneInfo,
) -> Span:
    """Lay out one of the offered periods as seen at `now`, or the days from `first` to `last`.

    Both days are included. Raises Refused unless it is one or the other, and at most 92 days.
    """
    first, last = days_of(period, first, last, now, zone)
    return _days(first, (last - first).days + 1, zone)


def days_of(
    period: Period | None,
    first: date | None,
    last: date | None,
    now: datetime,
    zone: ZoneInfo,
) -> tuple[date, date]:
    """Give the first and the last day of the same, both included; raises Refused alike."""
    if period is None and first is not None and last is not None:
        check_days(first, last, DAYS_MOST)
        return first, last
    if period is None or first is not None or last is not None:
        message = 'the time is not clear: give either "period", or both "from" and "to"'
        raise Refused.one(Code.REQUIRED, message, "period")
    back, days = _DAYS[period]
    start = day_of(now, zone) - timedelta(days=back)
    return start, start + timedelta(days=days - 1)


def check_days(first: date, last: date, most: int) -> None:
    """Raise Refused unless it is 1 to `most` days, both included, of years that are counted."""
    for name, day in (("from", first), ("to", last)):
        if not EARLIEST <= day <= LATEST:
            message = f'"{day}" is out of range: give a day from "{EARLIEST}" to "{LATEST}"'
            raise Refused.one(Code.OUT_OF_RANGE, message, name)
    days = (last - first).days + 1
    if days < 1:
        message = f'"{last}" lies before "{first}": give the later day as "to"'
        raise Refused.one(Code.OUT_OF_RANGE, message, "to")
    if days > most:
        message = f'"{first}" to "{last}" is {days} days: ask for at most {most} at once'
        raise Refused.one(Code.OUT_OF_RANGE, message, "to")


def _days(first: date, days: int, zone: ZoneInfo) -> Span:
    midnights = [
        datetime.combine(first + timedelta(days=day), time(), zone).astimezone(UTC)
        for day in range(days + 1)
    ]
    if days > HOURLY_DAYS:
        return Span(tuple(midnights))
    hours = int((midnights[-1] - midnights[0]) / timedelta(hours=1))
    return Span((*(midnights[0] + timedelta(hours=hour) for hour in range(hours)), midnights[-1]))
