"""Bulk tasks: their states, when they may send and how many they may reach (BLK)."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from domain.errors import Code, Refused
from domain.region import Region
from domain.state import advance
from domain.text import counted

MARKETING_OPENS: Final = time(8)
MARKETING_CLOSES: Final = time(22)


class TaskStatus(StrEnum):
    """Where a task stands (BLK-7)."""

    DRAFT = "draft"
    CHECKING = "checking"
    READY = "ready"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    SENT = "sent"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """No event leads out of a final state."""
        return not any(current is self for current, _ in TRANSITIONS)


class UnknownPolicy(StrEnum):
    """What becomes of messages that were sent and never answered, because a connection ended."""

    RESEND = "resend"
    """They are sent again at once, so one may arrive twice."""
    WAIT = "wait"
    """They wait for a receipt, so none arrives twice and one that was lost stays lost."""


class TaskEvent(StrEnum):
    """What moves a task."""

    CHECK = "check"
    """Recipients were given, or given anew."""
    ACCEPT = "accept"
    """The check ended with recipients to send to."""
    REJECT = "reject"
    """The check ended with none, or could not read them."""
    START = "start"
    """The user consented to the fee and sends now."""
    SCHEDULE = "schedule"
    """The user consented to the fee and sends later."""
    COME_DUE = "come due"
    """The scheduled time is here."""
    STOP = "stop"
    """The user stops a running task (BLK-5)."""
    CANCEL = "cancel"
    """The user gives a task up before it sends (BLK-6)."""
    FINISH = "finish"
    """Every recipient's message was submitted or refused."""
    FAIL = "fail"
    """It cannot go on, for a reason kept with the task."""


TRANSITIONS: Final = {
    (TaskStatus.DRAFT, TaskEvent.CHECK): TaskStatus.CHECKING,
    (TaskStatus.DRAFT, TaskEvent.CANCEL): TaskStatus.CANCELLED,
    (TaskStatus.CHECKING, TaskEvent.ACCEPT): TaskStatus.READY,
    (TaskStatus.CHECKING, TaskEvent.REJECT): TaskStatus.DRAFT,
    (TaskStatus.CHECKING, TaskEvent.CANCEL): TaskStatus.CANCELLED,
    (TaskStatus.READY, TaskEvent.CHECK): TaskStatus.CHECKING,
    (TaskStatus.READY, TaskEvent.START): TaskStatus.SENDING,
    (TaskStatus.READY, TaskEvent.SCHEDULE): TaskStatus.SCHEDULED,
    (TaskStatus.READY, TaskEvent.CANCEL): TaskStatus.CANCELLED,
    (TaskStatus.SCHEDULED, TaskEvent.COME_DUE): TaskStatus.SENDING,
    (TaskStatus.SCHEDULED, TaskEvent.CANCEL): TaskStatus.CANCELLED,
    (TaskStatus.SCHEDULED, TaskEvent.FAIL): TaskStatus.FAILED,
    (TaskStatus.SENDING, TaskEvent.STOP): TaskStatus.STOPPED,
    (TaskStatus.SENDING, TaskEvent.FINISH): TaskStatus.SENT,
    (TaskStatus.SENDING, TaskEvent.FAIL): TaskStatus.FAILED,
}


_SENDING: Final = {
    TaskEvent.START: TaskStatus.SENDING,
    TaskEvent.SCHEDULE: TaskStatus.SCHEDULED,
}


def step(current: TaskStatus, event: TaskEvent) -> TaskStatus:
    """Return the state after an event; an illegal one raises Refused naming both states."""
    if current is TaskStatus.DRAFT and event in _SENDING:
        message = (
            f"task is draft and cannot become {_SENDING[event]}: give it recipients first, from a "
            "file, from customer groups or as a list of numbers"
        )
        raise Refused.one(Code.WRONG_STATE, message, "id")
    return advance("task", TRANSITIONS, current, event, "id")


def check_schedule(at: datetime, now: datetime, ahead: timedelta) -> datetime:
    """Return the time to the second; raise Refused when it is past or more than `ahead` away."""
    due = at.replace(microsecond=0)
    field = "scheduled_at"
    if due < now.replace(microsecond=0):
        message = f'scheduled at "{at.isoformat()}" is in the past: choose a later time or send now'
        raise Refused.one(Code.OUT_OF_RANGE, message, field)
    if due - now > ahead:
        latest = (now + ahead).isoformat(timespec="seconds")
        message = f'scheduled at "{at.isoformat()}" is too far ahead: choose "{latest}" or before'
        raise Refused.one(Code.OUT_OF_RANGE, message, field)
    return due


def marketing_time(at: datetime, zone: ZoneInfo) -> datetime:
    """Return `at` when marketing may be sent then, else the zone's next 08:00 in UTC.

    The window 08:00 to 22:00 of the account's zone is the provider's (MarketingSendTimeConstraint).
    """
    local = at.astimezone(zone)
    if MARKETING_OPENS <= local.time() < MARKETING_CLOSES:
        return at
    day = local.date() + timedelta(days=local.time() >= MARKETING_CLOSES)
    return datetime.combine(day, MARKETING_OPENS, zone).astimezone(UTC)


def check_marketing_time(at: datetime, zone: ZoneInfo, *field: str) -> None:
    """Raise Refused unless marketing may be sent at `at`."""
    possible = marketing_time(at, zone)
    if possible != at:
        opens = possible.astimezone(zone).isoformat(timespec="seconds")
        message = (
            f'marketing SMS is sent from 08:00 to 22:00 and not at "{at.astimezone(zone):%H:%M}" '
            f'({zone.key}): the next possible time is "{opens}"'
        )
        raise Refused.one(Code.OUT_OF_RANGE, message, *field)


def gone(deleted: Sequence[str]) -> str:
    """Say why a task failed at its time: what it is made of was deleted, each named with its kind.

    `deleted` holds at least one.
    """
    *others, last = deleted
    named = f"{', '.join(others)} and {last} were" if others else f"{last} was"
    return f"{named} deleted before the scheduled time: create another task"


def check_recipients(count: int, region: Region, *, most: int, global_daily: int) -> None:
    """Raise Refused unless a task can ever reach this many (BLK-3, BLK-10); none is too few."""
    if count == 0:
        message = "task has no recipients: upload a form, select customer groups or enter numbers"
        raise Refused.one(Code.REQUIRED, message, "recipients")
    reached = counted(count, "recipient")
    if count > most:
        message = f"task has {reached}: send to at most {most} at once"
        raise Refused.one(Code.LIMIT_EXCEEDED, message, "recipients")
    if region is Region.GLOBAL and count > global_daily:
        message = f"task has {reached}: at most {global_daily} Global messages go out a day"
        raise Refused.one(Code.LIMIT_EXCEEDED, message, "recipients")
