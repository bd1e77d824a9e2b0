"""When a push that failed is pushed again, and when a URL is left alone.

A push is tried again by `SCHEDULE`, then parked until its user replays it. Other pushes go on
meanwhile, as long as some succeed: when two that were not tried before fail in a row, the URL
itself is taken for dead. Then only one push at a time is tried, by the same schedule, and behind
its end the callback is suspended until its user resumes it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

SCHEDULE: Final = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
)
"""The pauses between tries, the first one behind the first try."""
TRIES: Final = len(SCHEDULE) + 1
TRIP: Final = 2
"""Failures in a row that take a URL for dead."""


class CallbackState(StrEnum):
    """How a callback does."""

    OFF = "off"
    WORKING = "working"
    FAILING = "failing"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """What is known of a URL's health; nothing is pushed before `held_until` or once suspended."""

    failures: int = 0
    failing_since: datetime | None = None
    held_until: datetime | None = None
    suspended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether the URL is taken for dead."""
        return self.failures >= TRIP

    def succeeded(self) -> "Breaker":
        """Take note that the URL took a push: whatever was before is forgotten."""
        return Breaker()

    def failed(self, now: datetime, *, tried_before: bool) -> "Breaker":
        """Take note of a failure at `now`.

        One push that fails time and again says nothing of the URL while others get through, so a
        repeated failure counts only once the URL is taken for dead.
        """
        if tried_before and not self.is_open:
            return self
        failing = replace(self, failures=self.failures + 1, failing_since=self.failing_since or now)
        if not failing.is_open:
            return failing
        pauses = failing.failures - TRIP
        if pauses >= len(SCHEDULE):
            return replace(failing, held_until=None, suspended_at=now)
        return replace(failing, held_until=now + SCHEDULE[pauses])

    def state(self, *, enabled: bool) -> CallbackState:
        """Say how the callback does."""
        if not enabled:
            return CallbackState.OFF
        if self.suspended_at:
            return CallbackState.SUSPENDED
        return CallbackState.FAILING if self.failures else CallbackState.WORKING


def again_at(tries: int, now: datetime) -> datetime | None:
    """Say when a push that failed for the `tries`-th time is tried again; None parks it."""
    return now + SCHEDULE[tries - 1] if tries < TRIES else None
