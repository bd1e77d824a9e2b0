"""The decision a field runs under: taken before the resolver, and again in its transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from db import quota as quotas
from db.session import AsyncSession
from domain.errors import Code, Refused
from domain.quota import Quota
from graph.authority import Authority, resource_of
from graph.errors import Forbidden, Unauthenticated
from graph.target import EachApplication, Target
from policies.actions import Action
from policies.plan import PlanKind


class Request(Protocol):
    """The part of the context a decision needs."""

    @property
    def facts(self) -> dict[str, str | datetime]:
        """What policy conditions may look at."""


@dataclass(slots=True)
class Grant:
    """One field's action on one target, with the quota it takes."""

    action: Action
    target: Target | EachApplication | None
    quota: Quota | None
    arguments: Mapping[str, Any]
    used: bool = False

    async def decide(self, session: AsyncSession, authority: Authority, request: Request) -> None:
        """Raise Unauthenticated, Forbidden, or Refused when the target is not the caller's."""
        facts = request.facts
        if isinstance(self.target, EachApplication):
            if authority.plan(self.action, facts).kind is not PlanKind.ALWAYS_DENIED:
                return
            raise self._denial(authority, "*", "no statement allows it on any application")
        owner = authority.principal.account_uin if authority.principal else None
        app_id = await self._application(session, owner)
        resource = resource_of(self.action, owner, app_id)
        decision = authority.decide(self.action, resource, facts)
        if not decision.allowed:
            raise self._denial(authority, resource, decision.reason)
        if isinstance(self.target, Target) and app_id is None:
            message = f"there is no such {self.target.called}"
            raise Refused.one(Code.NOT_FOUND, message, *self.target.path)

    async def renew(
        self,
        session: AsyncSession,
        authority: Authority,
        request: Request,
        *,
        amount: int,
        scope: str,
    ) -> None:
        """Decide with what is in force inside the transaction, and take the quota there."""
        await self.decide(session, authority, request)
        self.used = True
        if self.quota is None or authority.principal is None:
            return
        owner = authority.principal.account_uin or 0
        if not await quotas.take(session, owner, self.quota, amount, scope):
            raise Refused.one(Code.LIMIT_EXCEEDED, self.quota.exceeded(amount))

    async def _application(self, session: AsyncSession, owner: int | None) -> int | None:
        if not isinstance(self.target, Target) or owner is None:
            return None
        return await self.target.app_of(session, owner, self.target.key(self.arguments))

    def _denial(self, authority: Authority, resource: str, reason: str) -> Exception:
        if authority.principal is None:
            return Unauthenticated("sign in first: no valid bearer token came with the request")
        return Forbidden(
            f"name/{self.action.name} is not allowed: {reason}",
            action=self.action.name,
            resource=resource,
        )
