"""Who holds what: the links and rules of one version, seen from a principal."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, Self

from policies.index import Index
from policies.rule import Link, Rule


class View(NamedTuple):
    """What one principal holds, and the shortest way to each name it reaches, itself included."""

    arranged: Index
    paths: Mapping[str, tuple[str, ...]]


_NOTHING: Final = View(Index(()), MappingProxyType({}))


class Holdings:
    """All rules and links, on top of those of `base` if there is one. Nothing is ever changed.

    Links are followed to any depth and through circles: a deny counts however far away it is held.
    A view is made when it is first asked for and then kept; only names that hold something have
    one, so the rules and links bound how many there are.
    """

    __slots__ = ("_base", "_links", "_names", "_rules", "_views")

    def __init__(self, rules: Iterable[Rule], links: Iterable[Link], base: Self | None) -> None:
        by_policy: dict[str, list[Rule]] = {}
        for rule in rules:
            by_policy.setdefault(rule.policy, []).append(rule)
        by_member: dict[str, dict[str, None]] = {}
        for link in links:
            by_member.setdefault(link.member, {})[link.holder] = None
        self._rules = {policy: tuple(held) for policy, held in by_policy.items()}
        self._links = {member: tuple(holders) for member, holders in by_member.items()}
        self._base = base
        self._names = frozenset((*self._rules, *self._links, *(base.names() if base else ())))
        self._views: dict[str, View] = {}

    def view(self, name: str) -> View:
        """Return what the principal `name` holds; nothing for a name that nobody mentioned."""
        view = self._views.get(name)
        if view is None:
            if name not in self._names:
                return _NOTHING
            view = self._views[name] = self._look(name)
        return view

    def policies(self) -> Iterator[str]:
        """Give the policies that have rules here, those of the base left out."""
        yield from self._rules

    def names(self) -> frozenset[str]:
        """Return every name that a link or a rule begins with."""
        return self._names

    def holders(self, member: str) -> tuple[str, ...]:
        """Return what `member` holds or belongs to by one link."""
        own = self._links.get(member, ())
        return own if self._base is None else (*own, *self._base.holders(member))

    def rules_of(self, policy: str) -> tuple[Rule, ...]:
        """Return the rules of one policy."""
        own = self._rules.get(policy, ())
        return own if self._base is None else (*own, *self._base.rules_of(policy))

    def _look(self, name: str) -> View:
        if self._base is not None and name in self._base.names():
            theirs = self._base.view(name)
            reached = theirs.paths.keys()
            if reached.isdisjoint(self._links) and reached.isdisjoint(self._rules):
                return theirs
        paths: dict[str, tuple[str, ...]] = {name: (name,)}
        waiting = deque([name])
        while waiting:
            member = waiting.popleft()
            for holder in self.holders(member):
                if holder not in paths:
                    paths[holder] = (*paths[member], holder)
                    waiting.append(holder)
        return View(Index(rule for holder in paths for rule in self.rules_of(holder)), paths)
