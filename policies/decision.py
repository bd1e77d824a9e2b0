"""What the engine answers: a decision, and why."""

from dataclasses import dataclass
from enum import StrEnum

from policies.rule import Effect


@dataclass(frozen=True, slots=True)
class Match:
    """A statement that matches a request, and the way it is held: user, groups, policy."""

    policy: str
    statement: str
    effect: Effect
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request is allowed; `matched` is the statement that decided, empty if none did."""

    allowed: bool
    matched: tuple[Match, ...]
    reason: str


class Differs(StrEnum):
    """In what a statement that almost allowed a request differs from it."""

    CONDITION = "condition"
    RESOURCE = "resource"
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Miss:
    """An allow statement that misses a request in one thing only; `wanted` is what it has there."""

    match: Match
    differs: Differs
    wanted: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision in full: every statement that matches, and on default deny the nearest misses.

    `action` and `resource` are the request as it was compared, as given where it cannot be read.
    """

    action: str
    resource: str
    allowed: bool
    reason: str
    matched: tuple[Match, ...]
    nearest: tuple[Miss, ...]
