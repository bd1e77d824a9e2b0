"""Alarms: what happens to an account that somebody has to be told of, and how often (ALM-2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from domain.message import MessageStatus

SUBJECT_MOST: Final = 120


class AlarmEvent(StrEnum):
    """What an alarm contact may want to be told of."""

    FREQUENCY_LIMIT = "frequency_limit"
    EXCESS_MESSAGES = "excess_messages"
    REVIEW_RESULT = "review_result"
    PACKAGE = "package"


FACTS: Final[Mapping[AlarmEvent, tuple[str, ...]]] = {
    AlarmEvent.FREQUENCY_LIMIT: (),
    AlarmEvent.EXCESS_MESSAGES: ("region", "threshold", "day"),
    AlarmEvent.REVIEW_RESULT: ("kind", "name", "verdict", "reason"),
    AlarmEvent.PACKAGE: ("remaining", "threshold"),
}
"""What the texts of each event need to know: values of Region, ReviewKind and Verdict, numbers in
digits, a day as ISO 8601 writes it. An application is named by its id alone."""
RENEWAL_PROBLEM: Final = "renewal_problem"
"""The fact that a PACKAGE alarm has besides when it is about a renewal that was not made."""

# The others are told each time: a crossing, a day or a decision happens once by nature.
FOLDED: Final = frozenset({AlarmEvent.FREQUENCY_LIMIT})
FOLD_WINDOW: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that happened `times` to what `subject` names.

    Without an application it concerns the account, and the contacts of all its applications.
    """

    account_uin: int
    event: AlarmEvent
    subject: str
    facts: Mapping[str, str]
    app_id: int | None = None
    times: int = 1

    def __post_init__(self) -> None:
        missing = [name for name in FACTS[self.event] if name not in self.facts]
        if missing:
            raise ValueError(f"an alarm of {self.event} lacks {', '.join(missing)}")
        if not 1 <= len(self.subject) <= SUBJECT_MOST:
            raise ValueError(f"the subject of an alarm has 1 to {SUBJECT_MOST} characters")


class Language(StrEnum):
    """What language a contact is written to in."""

    ENGLISH = "english"
    CHINESE = "chinese"


class Channel(StrEnum):
    """How a contact is reached."""

    SMS = "sms"
    EMAIL = "email"


class NotificationState(StrEnum):
    """How far the telling of one contact by one channel has come."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


# Seconds while a server restarts, then hours while somebody mends it.
RETRIES: Final = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=20),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
)
"""How long to wait after each try of a notification that failed for now, and how many there are."""


def pause_after(attempts: int) -> timedelta | None:
    """Say how long to wait after that many tries; None when none is left."""
    return RETRIES[attempts - 1] if attempts <= len(RETRIES) else None


_S, _N = MessageStatus, NotificationState
MESSAGE_STATES: Final[Mapping[MessageStatus, NotificationState]] = {
    status: {
        _S.SUBMITTED: _N.SENT,
        _S.EXPIRED: _N.SENT,
        _S.DELIVERED: _N.DELIVERED,
        _S.FAILED: _N.FAILED,
        _S.REFUSED: _N.FAILED,
        _S.CANCELLED: _N.FAILED,
    }.get(status, _N.QUEUED)
    for status in MessageStatus
}
"""What the state of a text message says of the notification that it carries."""
