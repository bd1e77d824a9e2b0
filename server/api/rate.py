"""How often an account may call an action: one token bucket each, in this process (API-1, API-2).

The rates are those the provider publishes for its API (domain.md 1); both APIs take from the same
bucket, because both name what they do by the same action. Servers side by side count apart.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Final

PUBLISHED: Final[Mapping[str, float]] = {
    "SendSms": 3_000,
    "AddSmsSign": 1,
    "AddSmsTemplate": 2,
    "DescribeSmsSignList": 20,
    "DescribeSmsTemplateList": 20,
    "SendStatusStatistics": 10,
    "CallbackStatusStatistics": 10,
}
BUCKETS_MOST: Final = 10_000
_MOST: Final = 1_000_000


class RateLimit:
    """A bucket for each account and action: a second's worth at most, filled as time goes by."""

    def __init__(self, otherwise: float, own: Mapping[str, float] | None = None) -> None:
        """Allow an action its rate in `own`, else the published one, else `otherwise`.

        Rates are requests a second and above zero.
        """
        self._otherwise = otherwise
        self._rates = {**PUBLISHED, **(own or {})}
        self._buckets: OrderedDict[tuple[int, str], tuple[float, datetime]] = OrderedDict()

    def rate(self, action: str) -> float:
        """Give the requests a second an account may make of an action, such as `SendSms`."""
        return self._rates.get(action, self._otherwise)

    def take(self, account: int, action: str, now: datetime) -> bool:
        """Take one request; False when there is none left at this moment."""
        rate, key = self.rate(action), (account, action)
        size = max(rate, 1.0)
        left, filled_at = self._buckets.get(key, (size, now))
        passed = max((now - filled_at).total_seconds(), 0.0)
        left = min(size, left + passed * rate)
        allowed = left >= 1
        self._buckets[key] = (left - 1 if allowed else left, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > BUCKETS_MOST:
            # The one unused for longest is full by now, unless thousands call within a second.
            self._buckets.popitem(last=False)
        return allowed


def rates(text: str) -> dict[str, float]:
    """Read rates written as `SendSms=500,AddSmsSign=0.5`; raises ValueError naming the fault."""
    found: dict[str, float] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        action, _, number = (part.strip() for part in item.partition("="))
        try:
            rate = float(number)
        except ValueError:
            rate = 0
        if not action.isalnum() or not 0 < rate <= _MOST:
            raise ValueError(f'"{item}" is no action and requests a second, such as SendSms=500')
        found[action] = rate
    return found
