"""What a set of rules allows, compared exactly: over every known action and every application.

The requests looked at are those the engine decides: each action of the catalogue on `*`, and each
resource-level action on each application (by classes, see `resource_classes`). Nothing is sampled.

Conditions are taken as true or false independently of each other. That covers every real request
and some impossible ones, so "nothing changes" and "no more than" are certain, while a difference
that rests on conditions is told together with them (`when` and `unless`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from policies.actions import CATALOGUE, Action, Level
from policies.decision import Decision
from policies.engine import NO_CONTEXT, Snapshot
from policies.pattern import published
from policies.resource_classes import ResourceClass, TooComplexError, application_classes
from policies.rule import Context, Effect, InForce, Rule
from policies.wildcard import STAR, matches

MAX_BESIDE: Final = 200
"""Patterns looked at to say what a class is not; an author reads a handful."""

__all__ = [
    "Change",
    "Containment",
    "Space",
    "TooComplexError",
    "contains",
    "diff",
    "grants",
    "no_more_than",
    "who_can",
]


@dataclass(frozen=True, slots=True)
class Change:
    """A decision that two rule sets take differently, with `resource` as an example.

    It is the same for every application that all of `within` and none of `beside` stand for;
    with `within` empty, for every one that none of `beside` stands for. The difference shows
    while all of `when` and none of `unless` hold, so always when both are empty.
    """

    action: str
    resource: str
    before: bool
    after: bool
    within: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    when: tuple[InForce, ...] = ()
    unless: tuple[InForce, ...] = ()


@dataclass(frozen=True, slots=True)
class Containment:
    """Whether one rule set allows no more than another; if not, a request that shows it.

    `reason` is set when it could not be decided, and then `holds` is false.
    """

    holds: bool
    counterexample: Change | None = None
    reason: str = ""


class Witness(NamedTuple):
    """Conditions that have to hold, and others that must not, for a difference to show."""

    when: tuple[InForce, ...]
    unless: tuple[InForce, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """When a request is allowed: some of `allow` and none of `deny` in force, None for always."""

    allow: frozenset[InForce | None]
    deny: frozenset[InForce | None]

    def apart(self, other: "Verdict") -> Witness | None:
        """Give a case in which this allows what `other` does not, None when there is none."""
        free = self.allow - self.deny
        if None in self.deny or not free:
            return None
        stopping = other.deny - self.deny
        if stopping:
            return Witness(_told(_least(free), _least(stopping)), _told(*self.deny))
        alone = free - other.allow
        if None in other.allow or not alone:
            return None
        return Witness(_told(_least(alone)), _told(*self.deny, *other.allow))


def _least(conditions: frozenset[InForce | None]) -> InForce | None:
    return None if None in conditions else min(conditions, key=repr)


def _told(*conditions: InForce | None) -> tuple[InForce, ...]:
    given = {condition for condition in conditions if condition is not None}
    return tuple(sorted(given, key=repr))


class Space:
    """The requests that some rules can tell apart, as action and resource class."""

    def __init__(self, rules: Iterable[Rule], owner_uin: str | None = None) -> None:
        self.patterns: Final = tuple(dict.fromkeys(rule.resource for rule in rules))
        self.bits: Final = {pattern: 1 << at for at, pattern in enumerate(self.patterns)}
        whole = sum(bit for pattern, bit in self.bits.items() if matches(pattern, STAR))
        self.whole: Final = (ResourceClass(STAR, whole),)
        self.applications: Final = application_classes(self.patterns, owner_uin)
        self._wider: dict[int, int] = {}

    def classes(self, action: Action) -> tuple[ResourceClass, ...]:
        """The classes of resources that `action` is asked on."""
        if action.level is Level.OPERATION:
            return self.whole
        return self.whole + self.applications

    def described(self, each: ResourceClass) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Name a class by the closest patterns around it and the widest ones taken out of it."""
        if each.example == STAR:
            return (STAR,), ()
        inside = list(_bits(each.matched))
        within = [bit for bit in inside if not any(self._narrower(o, bit) for o in inside)]
        core = sum(within)
        cut = 0
        for other in self.applications:
            if other.matched & core == core:
                cut |= other.matched & ~each.matched
        outside = list(_bits(cut))[:MAX_BESIDE]
        beside = [bit for bit in outside if not any(self._narrower(bit, o) for o in outside)]
        return self._names(within), self._names(beside)

    def _narrower(self, bit: int, other: int) -> bool:
        """Say whether pattern `bit` stands for less than `other` (or the same, but later)."""
        if bit == other or not self._wider_than(bit) & other:
            return False
        return not self._wider_than(other) & bit or bit > other

    def _wider_than(self, bit: int) -> int:
        """Give the patterns, as bits, that stand for all that pattern `bit` stands for."""
        if bit not in self._wider:
            common = -1
            for each in self.applications:
                if each.matched & bit:
                    common &= each.matched
            self._wider[bit] = common
        return self._wider[bit]

    def _names(self, bits: Iterable[int]) -> tuple[str, ...]:
        return tuple(self.patterns[bit.bit_length() - 1] for bit in bits)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest
        mask ^= lowest


class Rights:
    """What one set of rules decides over a space."""

    def __init__(self, rules: Iterable[Rule], space: Space) -> None:
        self.rules = tuple(rules)
        self.space = space
        patterns = dict.fromkeys(rule.action for rule in self.rules)
        self._names: Final = {each: {row.name for row in published(each)} for each in patterns}

    def masks(self, action: Action) -> "Masks":
        """Collect, for one action, the resources of its rules by effect and condition."""
        found = Masks({}, {})
        for rule in self.rules:
            if action.name in self._names[rule.action]:
                side = found.allow if rule.effect is Effect.ALLOW else found.deny
                bit = self.space.bits[rule.resource]
                side[rule.condition] = side.get(rule.condition, 0) | bit
        return found


Difference = tuple[ResourceClass, Witness]


@dataclass(frozen=True, slots=True)
class Masks:
    """The resource patterns of an action's rules, as bits, by effect and condition."""

    allow: dict[InForce | None, int]
    deny: dict[InForce | None, int]

    def verdict(self, each: ResourceClass) -> Verdict:
        """Say when a resource of the class is allowed."""
        return Verdict(
            frozenset(part for part, mask in self.allow.items() if mask & each.matched),
            frozenset(part for part, mask in self.deny.items() if mask & each.matched),
        )


def _gained(fewer: Rights, more: Rights, action: Action) -> Iterator[Difference]:
    """Give the classes on which `more` allows an action that `fewer` does not, and when."""
    old, new = fewer.masks(action), more.masks(action)
    if old != new:
        for each in more.space.classes(action):
            witness = new.verdict(each).apart(old.verdict(each))
            if witness is not None:
                yield each, witness


def _change(action: Action, difference: Difference, space: Space, *, after: bool) -> Change:
    each, witness = difference
    shape = space.described(each)
    return Change(action.canonical, each.example, not after, after, *shape, *witness)


def diff(
    before: Sequence[Rule], after: Sequence[Rule], owner_uin: str | None = None
) -> list[Change]:
    """Tell every decision that differs, action by action in the order of the catalogue.

    `owner_uin` is the account the rules are for; without it every account is looked at. Raises
    TooComplexError.
    """
    space = Space((*before, *after), owner_uin)
    first, second = Rights(before, space), Rights(after, space)
    found: list[Change] = []
    for action in CATALOGUE.values():
        lost, gained = _gained(second, first, action), _gained(first, second, action)
        found += [_change(action, each, space, after=False) for each in lost]
        found += [_change(action, each, space, after=True) for each in gained]
    return found


def grants(rules: Sequence[Rule], owner_uin: str | None = None) -> list[Change]:
    """Tell everything the rules allow, as changes from a caller who holds nothing."""
    return diff((), rules, owner_uin)


def contains(
    wider: Sequence[Rule], narrower: Sequence[Rule], owner_uin: str | None = None
) -> Containment:
    """Say whether `wider` allows every request that `narrower` allows."""
    try:
        space = Space((*wider, *narrower), owner_uin)
    except TooComplexError as error:
        return Containment(holds=False, reason=str(error))
    all_of, less = Rights(wider, space), Rights(narrower, space)
    for action in CATALOGUE.values():
        for gained in _gained(all_of, less, action):
            return Containment(False, _change(action, gained, space, after=True))
    return Containment(holds=True)


def no_more_than(
    draft: Sequence[Rule], held: Sequence[Rule], owner_uin: str | None = None
) -> Containment:
    """Say whether somebody who holds `held` may hand out `draft`: it allows nothing beyond.

    What cannot be decided may not be handed out.
    """
    return contains(held, draft, owner_uin)


def who_can(
    snapshot: Snapshot,
    callers: Iterable[tuple[str, ...]],
    action: str,
    resource: str,
    context: Context = NO_CONTEXT,
) -> list[tuple[tuple[str, ...], Decision]]:
    """Tell which of `callers`, each given by all its principals, may do `action`, and why."""
    decided = (
        (principals, snapshot.decide(principals, action, resource, context))
        for principals in callers
    )
    return [(principals, decision) for principals, decision in decided if decision.allowed]
