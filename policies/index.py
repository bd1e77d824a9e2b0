"""The rules one principal holds, arranged so that a decision looks only at those that can match."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from policies.rule import Context, Effect, Rule
from policies.wildcard import STAR, Wildcard, matches


class Cell:
    """The rules of one action pattern on one resource pattern."""

    __slots__ = ("resource", "rules")

    def __init__(self, resource: str, rules: Sequence[Rule]) -> None:
        self.resource = resource
        # One rule without a condition says all that the others could.
        always = next((rule for rule in rules if rule.condition is None), None)
        self.rules = tuple(rules) if always is None else (always,)

    def in_force(self, context: Context) -> Rule | None:
        """Return a rule that takes effect for `context`."""
        for rule in self.rules:
            if rule.condition is None or rule.condition.holds(context):
                return rule
        return None


class Resources:
    """The cells of one action pattern, by what their resource looks like."""

    __slots__ = ("_exact", "_prefixed", "_prefixes", "_wild", "cells")

    def __init__(self, cells: Iterable[Cell]) -> None:
        self.cells = tuple(cells)
        self._exact: dict[str, Cell] = {}
        prefixed: list[tuple[str, Cell]] = []
        wild: list[tuple[Wildcard, Cell]] = []
        for cell in self.cells:
            if STAR not in cell.resource:
                self._exact[cell.resource] = cell
            elif cell.resource.find(STAR) == len(cell.resource) - 1:
                prefixed.append((cell.resource[:-1], cell))
            else:
                wild.append((Wildcard.of(cell.resource), cell))
        self._prefixed = tuple(prefixed)
        self._prefixes = tuple(prefix for prefix, _ in prefixed)
        self._wild = tuple(wild)

    def find(self, resource: str, context: Context) -> Rule | None:
        """Return a rule that matches the canonical `resource` and takes effect."""
        cell = self._exact.get(resource)
        if cell is not None and (rule := cell.in_force(context)) is not None:
            return rule
        if resource.startswith(self._prefixes):
            for prefix, cell in self._prefixed:
                if resource.startswith(prefix) and (rule := cell.in_force(context)) is not None:
                    return rule
        for wildcard, cell in self._wild:
            if wildcard.matches(resource) and (rule := cell.in_force(context)) is not None:
                return rule
        return None


class Sides(NamedTuple):
    """What may deny, and what may allow, one action."""

    denies: tuple[Resources, ...]
    permits: tuple[Resources, ...]


class Index:
    """All rules of one principal.

    Which action patterns stand for an action is worked out when that action is first asked for, and
    kept: the catalogue bounds how much. The result depends on the rules alone, so that two threads
    which work it out at once store the same.
    """

    __slots__ = ("_denies", "_permits", "_sides", "rules")

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules: Final = tuple(rules)
        self._denies = dict(_grouped(self.rules, Effect.DENY))
        self._permits = dict(_grouped(self.rules, Effect.ALLOW))
        self._sides: dict[str, Sides] = {}

    def sides(self, action: str) -> Sides:
        """Return what may deny and what may allow the canonical `action`."""
        found = self._sides.get(action)
        if found is None:
            found = Sides(_standing_for(action, self._denies), _standing_for(action, self._permits))
            self._sides[action] = found
        return found


def _grouped(rules: Iterable[Rule], effect: Effect) -> Iterator[tuple[str, Resources]]:
    by_action: dict[str, dict[str, list[Rule]]] = {}
    for rule in rules:
        if rule.effect is effect:
            by_resource = by_action.setdefault(rule.action, {})
            by_resource.setdefault(rule.resource.lower(), []).append(rule)
    for action, by_resource in by_action.items():
        yield action, Resources(Cell(resource, held) for resource, held in by_resource.items())


def _standing_for(action: str, groups: dict[str, Resources]) -> tuple[Resources, ...]:
    return tuple(group for pattern, group in groups.items() if matches(pattern, action))
