"""Frequency limits: how often one number, and one application, is sent to (CFG-3, domain.md 7.1).

The guide's two rules hold in every application and can be set; the three others are off until set.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time, timedelta
from hashlib import blake2b
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from domain.errors import Code, Problem, Refused

SECONDS_MOST: Final = 3_600
NUMBER_MOST: Final = 1_000
APPLICATION_MOST: Final = 100_000_000
KEPT: Final = timedelta(hours=26)
"""How long a message is remembered: a day has up to 25 hours, and workers' clocks may differ."""

SAME_CONTENT: Final = "LimitExceeded.PhoneNumberThirtySecondLimit"
SAME_CONTENT_DAILY: Final = "LimitExceeded.PhoneNumberSameContentDailyLimit"
NUMBER_HOURLY: Final = "LimitExceeded.PhoneNumberOneHourLimit"
NUMBER_DAILY: Final = "LimitExceeded.PhoneNumberDailyLimit"
APPLICATION_DAILY: Final = "LimitExceeded.AppDailyLimit"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000
_HOUR: Final = 3_600 * _SECOND
_KEPT: Final = KEPT // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one application may send; None is a rule that is off.

    `same_content_seconds` must pass between two messages of the same content to one number. An
    hour is any 60 minutes, a day is a calendar day of the account's time zone.
    """

    same_content_seconds: int = 30
    number_per_day: int = 10
    number_per_hour: int | None = None
    same_content_per_day: int | None = None
    application_per_day: int | None = None


GUIDE: Final = Limits()
MOST: Final = {
    "same_content_seconds": SECONDS_MOST,
    "number_per_day": NUMBER_MOST,
    "number_per_hour": NUMBER_MOST,
    "same_content_per_day": NUMBER_MOST,
    "application_per_day": APPLICATION_MOST,
}
_ALWAYS: Final = ("same_content_seconds", "number_per_day")


class Send(NamedTuple):
    """One message to a number that counts: `at` in milliseconds since 1970, `content` a digest."""

    message_id: int
    at: int
    content: str


class Moment(NamedTuple):
    """Now and the beginning of the account's day, both in milliseconds since 1970."""

    now: int
    today: int

    @classmethod
    def of(cls, now: datetime, zone: ZoneInfo) -> "Moment":
        """Find the day that `now` lies in."""
        midnight = datetime.combine(now.astimezone(zone).date(), time(), zone)
        return cls(milliseconds(now), milliseconds(midnight))


def milliseconds(moment: datetime) -> int:
    """Count the milliseconds since 1970, exactly."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def check(limits: Limits) -> None:
    """Raise Refused with every limit that is out of bounds, or missing where one must be."""
    problems = []
    for each in fields(Limits):
        value: int | None = getattr(limits, each.name)
        label, most = each.name.replace("_", " "), MOST[each.name]
        if value is None and each.name in _ALWAYS:
            message = (
                f"{label} cannot be switched off: enter 1 to {most}, "
                "or put single numbers on the allowlist"
            )
            problems.append(Problem(Code.REQUIRED, message, (each.name,)))
        elif value is not None and not 1 <= value <= most:
            message = f'{label} "{value}" is out of range: enter 1 to {most}'
            problems.append(Problem(Code.OUT_OF_RANGE, message, (each.name,)))
    if problems:
        raise Refused(*problems)


def others(sends: Iterable[Send], message_id: int) -> list[Send]:
    """Forget what a message counted when it was taken before: it is judged as it is sent now."""
    return [send for send in sends if send.message_id != message_id]


def judge(limits: Limits, sends: Iterable[Send], content: str, moment: Moment) -> str | None:
    """Say by which code one more message to a number is refused; None lets it pass.

    `sends` are those to the same number that passed before, from whatever worker. A clock that is
    ahead of this one only ever counts more.
    """
    same_today = hour = today = 0
    for send in sends:
        is_today = send.at >= moment.today
        age = moment.now - send.at
        if send.content == content:
            if age < limits.same_content_seconds * _SECOND:
                return SAME_CONTENT
            same_today += is_today
        today += is_today
        hour += age < _HOUR
    if limits.same_content_per_day is not None and same_today >= limits.same_content_per_day:
        return SAME_CONTENT_DAILY
    if limits.number_per_hour is not None and hour >= limits.number_per_hour:
        return NUMBER_HOURLY
    return NUMBER_DAILY if today >= limits.number_per_day else None


def remembered(sends: Iterable[Send], now: int) -> list[Send]:
    """Drop what no rule looks at any more, whatever the limits are set to later."""
    return [send for send in sends if now - send.at < _KEPT]


def digest(text: str) -> str:
    """Give 16 characters that tell contents apart; the text itself is nobody's to keep here."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
