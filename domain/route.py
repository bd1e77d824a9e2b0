"""Routes: which carriers take a message; the first route whose every condition holds decides."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Final, NamedTuple, Self

from domain.region import Region, SmsType

NO_ROUTE: Final = "NOROUTE"
"""The code of messages that no route takes."""

_AFTER_DIGITS: Final = ":"  # sorts right behind "9"


class Destination(NamedTuple):
    """What routes look at of a message: `country` in ISO 3166-1, `phone` in E.164."""

    account_uin: int
    region: Region
    country: str
    phone: str
    sms_type: SmsType


class Target(NamedTuple):
    """A carrier of a route; its share is its weight in the sum of the route's weights."""

    carrier: str
    weight: int


class Mismatch(StrEnum):
    """Why a route does not take a message."""

    DISABLED = "disabled"
    REGION = "region"
    COUNTRY = "country"
    PREFIX = "prefix"
    SMS_TYPE = "sms_type"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row of the table; a condition that is None holds for every message.

    `prefix` is the beginning of the number, digits from the country code on.
    """

    id: int
    targets: tuple[Target, ...]
    fallback: str | None = None
    enabled: bool = True
    region: Region | None = None
    country: str | None = None
    prefix: str | None = None
    sms_type: SmsType | None = None
    account_uin: int | None = None

    def mismatches(self, destination: Destination) -> tuple[Mismatch, ...]:
        """Say everything that keeps it from taking a message; nothing when it does."""
        held = {
            Mismatch.DISABLED: self.enabled,
            Mismatch.REGION: self.region in {None, destination.region},
            Mismatch.COUNTRY: self.country in {None, destination.country},
            Mismatch.PREFIX: destination.phone.startswith(f"+{self.prefix or ''}"),
            Mismatch.SMS_TYPE: self.sms_type in {None, destination.sms_type},
            Mismatch.ACCOUNT: self.account_uin in {None, destination.account_uin},
        }
        return tuple(reason for reason, holds in held.items() if not holds)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which route takes a message, and its carriers in the order they are tried.

    First the one picked by weight, then the route's other targets in theirs, then the fall-back.
    """

    route_id: int
    carriers: tuple[str, ...]


class Routing:
    """Every route in force, compiled: a choice costs about a microsecond, however many there are.

    Each value of each condition has the set of routes it leaves over, as the bits of a number, in
    the order of the table. What all conditions leave over is their conjunction, and its lowest bit
    the route.
    """

    __slots__ = ("_accounts", "_countries", "_picks", "_prefixes", "_regions", "_types")

    def __init__(self, routes: Sequence[Route]) -> None:
        """Compile routes that are enabled and in their order; `of` sees to that."""
        self._picks = [_Pick.of(route) for route in routes]
        self._regions = _Sets.of([route.region for route in routes])
        self._countries = _Sets.of([route.country for route in routes])
        self._types = _Sets.of([route.sms_type for route in routes])
        self._accounts = _Sets.of([route.account_uin for route in routes])
        self._prefixes = _Prefixes.of([route.prefix for route in routes])

    @classmethod
    def of(cls, routes: Sequence[Route]) -> Self:
        """Compile routes that stand in their order."""
        return cls([route for route in routes if route.enabled])

    def choose(self, destination: Destination, roll: int) -> Choice | None:
        """Give the carriers of a message; None when no route takes it.

        `roll` is any number at or above zero, evenly spread over the messages and always the same
        for one of them; so is the choice, for as long as the routes stay.
        """
        account, region, country, phone, sms_type = destination
        prefixes, regions, types = self._prefixes, self._regions, self._types
        countries, accounts = self._countries, self._accounts
        left = (
            prefixes.sets[bisect_right(prefixes.starts, phone)]
            & regions.by_value.get(region, regions.unset)
            & countries.by_value.get(country, countries.unset)
            & types.by_value.get(sms_type, types.unset)
            & accounts.by_value.get(account, accounts.unset)
        )
        if not left:
            return None
        pick = self._picks[(left & -left).bit_length() - 1]
        return pick.choices[bisect_right(pick.bounds, roll % pick.total)]


class _Sets(NamedTuple):
    """The routes that one condition leaves over, by value; `unset` for a value of no route."""

    by_value: Mapping[Hashable, int]
    unset: int

    @classmethod
    def of(cls, values: Sequence[Hashable]) -> "_Sets":
        sets: dict[Hashable, int] = defaultdict(int)
        for number, value in enumerate(values):
            sets[value] |= 1 << number
        unset = sets.pop(None, 0)
        return cls({value: routes | unset for value, routes in sets.items()}, unset)


class _Prefixes(NamedTuple):
    """The same for beginnings of numbers: `sets[i]` is for numbers from `starts[i - 1]` on."""

    starts: Sequence[str]
    sets: Sequence[int]

    @classmethod
    def of(cls, prefixes: Sequence[str | None]) -> "_Prefixes":
        spans = [(f"+{prefix or ''}", 1 << number) for number, prefix in enumerate(prefixes)]
        starts = sorted({edge for start, _ in spans for edge in (start, start + _AFTER_DIGITS)})
        # Between two edges every number begins alike, as far as any route can tell.
        sets = [
            sum(bit for start, bit in spans if start <= edge < start + _AFTER_DIGITS)
            for edge in starts
        ]
        return cls(starts, [0, *sets])


class _Pick(NamedTuple):
    """How one route spreads rolls over its targets."""

    total: int
    bounds: Sequence[int]
    choices: Sequence[Choice]

    @classmethod
    def of(cls, route: Route) -> "_Pick":
        names = [target.carrier for target in route.targets]
        last = () if route.fallback is None else (route.fallback,)
        choices = [
            Choice(route.id, (picked, *(name for name in names if name != picked), *last))
            for picked in names
        ]
        bounds = list(accumulate(target.weight for target in route.targets))
        return cls(bounds[-1], bounds, choices)
