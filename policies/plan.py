"""For which applications an action is allowed, as patterns that a query can filter by."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from policies.wildcard import STAR, matches


class PlanKind(StrEnum):
    """Whether a list needs a filter at all."""

    ALWAYS_ALLOWED = "always allowed"
    ALWAYS_DENIED = "always denied"
    CONDITIONAL = "conditional"


@dataclass(frozen=True, slots=True)
class Plan:
    """The applications of one account that an action is allowed on, under one policy version.

    `allow` and `deny` are patterns over the decimal AppID, of digits and stars; an application is
    admitted when some `allow` and no `deny` stands for it. Both are empty unless CONDITIONAL.
    The filter belongs into the query before paging and counting, or the count gives away the rest.
    """

    kind: PlanKind
    allow: tuple[str, ...]
    deny: tuple[str, ...]
    version: Hashable

    @classmethod
    def of(cls, allow: Iterable[str], deny: Iterable[str], version: Hashable) -> Self:
        """Choose the kind for these patterns, each side sorted and without repeats."""
        allowed, denied = _least(allow), _least(deny)
        if not allowed or STAR in denied:
            return cls(PlanKind.ALWAYS_DENIED, (), (), version)
        if STAR in allowed and not denied:
            return cls(PlanKind.ALWAYS_ALLOWED, (), (), version)
        return cls(PlanKind.CONDITIONAL, allowed, denied, version)

    def admits(self, app_id: int) -> bool:
        """Say whether the action is allowed on this application."""
        if self.kind is not PlanKind.CONDITIONAL:
            return self.kind is PlanKind.ALWAYS_ALLOWED
        text = str(app_id)
        return any(matches(pattern, text) for pattern in self.allow) and not any(
            matches(pattern, text) for pattern in self.deny
        )


def _least(patterns: Iterable[str]) -> tuple[str, ...]:
    found = set(patterns)
    return (STAR,) if STAR in found else tuple(sorted(found))
