"""Callbacks: what is pushed to a user's URL of receipts and of replies (CFG-2, RPL-1, API-3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from domain import number, outcome
from domain.errors import Code, Refused
from domain.serial_no import serial_no

TEST_EVERY: Final = timedelta(seconds=5)
"""How long an account waits between two tests of its callbacks."""
EVENTS_OF_A_PUSH: Final = 100
"""Status events that are pushed together at most; a reply is pushed by itself."""
_SAMPLE_PHONE: Final = "+8613800138000"
_TIME: Final = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEvent:
    """What became of a message for good: a receipt, or a refusal before it was submitted.

    `phone` is in E.164, `code` the carrier's or the submission's.
    """

    account_uin: int
    app_id: int
    message_id: int
    phone: str
    delivered: bool
    code: str
    at: datetime

    def payload(self, zone: ZoneInfo, created_at: datetime) -> dict[str, str]:
        """Give the element of a status report's array, its time in the account's zone.

        `created_at` is the message's. The fields are those of domain.md section 3.
        """
        nation, mobile = number.split(self.phone)
        return {
            "user_receive_time": self.at.astimezone(zone).strftime(_TIME),
            "nationcode": nation,
            "mobile": mobile,
            "report_status": "SUCCESS" if self.delivered else "FAIL",
            "errmsg": self.code,
            "description": outcome.lookup(self.code).reason,
            "sid": serial_no(self.message_id, created_at),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyEvent:
    """A recipient's reply to `message_id`, whose signature was `signature_id`."""

    account_uin: int
    app_id: int
    message_id: int
    phone: str
    text: str
    signature_id: int | None
    at: datetime
    extend: str = ""

    def payload(self, sign: str) -> dict[str, str | int]:
        """Give the object that is pushed; `sign` is the signature's text (domain.md section 3)."""
        nation, mobile = number.split(self.phone)
        shown: dict[str, str | int] = {
            "nationcode": nation,
            "mobile": mobile,
            "text": self.text,
            "sign": sign,
            "time": int(self.at.timestamp()),
        }
        return shown | {"extend": self.extend} if self.extend else shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of one POST: `error` in words when there was no whole answer, else empty.

    `body` is at most what a sender reads of an answer.
    """

    status: int | None = None
    body: bytes = b""
    error: str = ""
    took: timedelta = timedelta(0)


class Sender(Protocol):
    """Posts to a URL of a user; raises nothing for whatever that URL does."""

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, /) -> Heard:
        """Post once, within a bounded time."""


def sample_status(now: datetime) -> StatusEvent:
    """Give what a test pushes to an event callback; its message is 0, which there is none of."""
    return StatusEvent(
        account_uin=0,
        app_id=0,
        message_id=0,
        phone=_SAMPLE_PHONE,
        delivered=True,
        code="DELIVRD",
        at=now,
    )


def sample_reply(now: datetime) -> ReplyEvent:
    """Give what a test pushes to a reply callback."""
    return ReplyEvent(
        account_uin=0,
        app_id=0,
        message_id=0,
        phone=_SAMPLE_PHONE,
        text="test",
        signature_id=None,
        at=now,
    )


def check_test(tested_at: datetime | None, now: datetime) -> None:
    """Raise Refused when the account tested one of its callbacks just before."""
    if tested_at is not None and now - tested_at < TEST_EVERY:
        seconds = TEST_EVERY // timedelta(seconds=1)
        message = f"callbacks of an account are tested every {seconds} s at most: wait a moment"
        raise Refused.one(Code.TOO_MANY_ATTEMPTS, message)
