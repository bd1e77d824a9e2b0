"""One interface: what it takes, whose permission it needs, and what it does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from domain.quota import Quota
from graph.context import Context
from policies.actions import Action
from server.api.v3.operation import Refusals
from server.api.v5.body import SMALL, Body
from server.api.v5.proof import Proof

Answer = dict[str, Any]
"""What stands beside `result` and `errmsg`."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who holds the AppKey of an application, and how that was proven."""

    context: Context
    app_id: int
    proof: Proof


@dataclass(frozen=True, slots=True)
class Call:
    """One path. `once` tells that a proof is used up before, in a transaction of its own.

    Sending and pulling use theirs up in the transaction that does the work, for less.
    """

    action: Action | Callable[[Any], Action]
    body: type[Body]
    handle: Callable[[Caller, Any], Awaitable[Answer]]
    signs_mobiles: bool = False
    once: bool = False
    quota: Quota | None = None
    refusals: Refusals = field(default_factory=Refusals)
    most: int = SMALL

    def action_of(self, body: Body) -> Action:
        """Give the action a body needs: of some interfaces it depends on what is asked."""
        return self.action if isinstance(self.action, Action) else self.action(body)
