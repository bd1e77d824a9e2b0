"""The two kinds of policy line: what a statement says, and who holds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

Context = Mapping[str, str | datetime]
"""What a request tells beside action and resource, by condition key such as `qcs:ip`."""


class Effect(StrEnum):
    """What a statement does; a matching deny always wins."""

    ALLOW = "allow"
    DENY = "deny"


class InForce(Protocol):
    """When a statement takes effect. It never raises, and answers the same for the same context."""

    def holds(self, context: Context) -> bool:
        """Say whether the statement takes effect for a request that tells `context`."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A Casbin `p` line: one action pattern on one resource pattern, in canonical form.

    `policy` is a prefixed name such as `policy:QcloudSMSFullAccess`; `statement` points back to
    where the line came from (`statement[0]`, or the id an author gave it in a file). A rule whose
    `condition` does not hold for a request does not match it.
    """

    policy: str
    statement: str
    effect: Effect
    action: str
    resource: str
    condition: InForce | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A Casbin `g` line: `member` (a user, group, role ...) holds or belongs to `holder`."""

    member: str
    holder: str
