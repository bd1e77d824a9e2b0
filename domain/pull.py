"""Pulling what happened to messages instead of being told: what a record holds (API-3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain import number
from domain.errors import Code, Refused
from domain.serial_no import serial_no

AT_ONCE: Final = 100
"""Records that are given together at most (domain.md 1.1)."""
KEPT: Final = timedelta(days=7)
"""How long a record waits, by its own time, and how far a look-up by number goes back."""
WAITING_MOST: Final = 100_000
"""Records that wait for one queue; beyond them the oldest are dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledStatus:
    """What became of a message for good; `at` is when, by the carrier's clock.

    `phone` is in E.164, `code` the carrier's or the submission's, `created_at` the message's own
    time.
    """

    message_id: int
    created_at: datetime
    phone: str
    delivered: bool
    code: str
    at: datetime
    session_context: str

    @property
    def serial_no(self) -> str:
        """What the message is called outside."""
        return serial_no(self.message_id, self.created_at)

    @property
    def number(self) -> tuple[str, str]:
        """Country code, without plus, and the rest of the phone number."""
        return number.split(self.phone)


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledReply:
    """What a recipient answered, and the signature it was an answer to; both may be empty."""

    app_id: int
    message_id: int
    phone: str
    text: str
    sign: str
    extend: str
    at: datetime

    @property
    def number(self) -> tuple[str, str]:
        """Country code, without plus, and the rest of the phone number."""
        return number.split(self.phone)


def check_limit(limit: int) -> None:
    """Raise Refused unless so many records may be asked for at once."""
    if not 1 <= limit <= AT_ONCE:
        message = f'"{limit}" records are out of range: ask for 1 to {AT_ONCE}'
        raise Refused.one(Code.OUT_OF_RANGE, message, "limit")


def window(start: datetime, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Give what is looked through of a time: at most the last 7 days; raises Refused.

    The end is not in it any more.
    """
    end = now if end is None else end
    if end <= start:
        message = f'"{end.isoformat()}" is not after "{start.isoformat()}": give the later time'
        raise Refused.one(Code.OUT_OF_RANGE, message, "end")
    if end <= now - KEPT:
        message = f'"{end.isoformat()}" is more than {KEPT.days} days ago: give a later time'
        raise Refused.one(Code.OUT_OF_RANGE, message, "end")
    return max(start, now - KEPT), end
