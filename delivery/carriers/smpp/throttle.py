"""How fast a carrier is spoken to: the agreed throughput, the rate as it is, and pauses."""

from collections import deque
from collections.abc import Callable
from typing import Final

BURST: Final = 0.1
"""Seconds of throughput that may be sent at once: a carrier that counts by the second sees at most
a tenth more than was agreed."""
MEASURED: Final = 5
"""Seconds over which the rate is measured."""


class Throughput:
    """A token bucket: one token a part, refilled with the time."""

    def __init__(self, per_second: int | None, monotonic: Callable[[], float]) -> None:
        self._rate = per_second
        self._monotonic = monotonic
        self._most = max(1.0, BURST * (per_second or 0))
        self._tokens = self._most
        self._at = monotonic()

    def take(self) -> bool:
        """Take the token of one part, if there is one."""
        if self._rate is None:
            return True
        now = self._monotonic()
        self._tokens = min(self._most, self._tokens + (now - self._at) * self._rate)
        self._at = now
        # What is lost to rounding must not make a timer come a moment too early for ever.
        if self._tokens < 1 - 1e-6:
            return False
        self._tokens -= 1
        return True

    def wait(self) -> float:
        """Give the seconds until there is a token, after `take` found none."""
        return 0.0 if self._rate is None else (1 - self._tokens) / self._rate


class Rate:
    """How many parts were submitted per second, over the last seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._began = monotonic()
        self._seconds: deque[list[int]] = deque(maxlen=MEASURED + 1)  # [second, parts]

    def count(self) -> None:
        """Count one part."""
        second = int(self._monotonic())
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1][1] += 1
        else:
            self._seconds.append([second, 1])

    def per_second(self) -> float:
        """Give the rate; in the first seconds, over the time there was."""
        now = self._monotonic()
        first = int(now) - MEASURED + 1
        parts = sum(count for second, count in self._seconds if second >= first)
        return parts / max(1.0, min(now - first, now - self._began))


class Backoff:
    """Pauses that double up to the longest, half of each by chance.

    Chance keeps the binds of many processes from coming back all at once.
    """

    def __init__(self, first: float, longest: float, chance: Callable[[], float]) -> None:
        self._first = first
        self._longest = longest
        self._chance = chance
        self._failures = 0

    def pause(self) -> float:
        """Give the seconds to wait after one more failure."""
        whole = min(self._first * 2.0**self._failures, self._longest)
        if whole < self._longest:
            self._failures += 1
        return whole / 2 + whole / 2 * self._chance()

    def reset(self) -> None:
        """Begin again with the first pause."""
        self._failures = 0
