"""Who may do what: every sub-account that an action is allowed to, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

import strawberry

from db import holding
from db.user import UserRow
from graph.access import analysed
from graph.authority import Principal, policy_names
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Info
from graph.decision import AccessDecision, Names, check_request
from graph.guard import query
from graph.limits import PAGE
from graph.user import User
from graph.user import show as show_users
from graph.viewer import ActionName, ResourceName
from policies import actions
from policies.decision import Explanation
from policies.engine import Snapshot


@dataclass(frozen=True, slots=True)
class _Request:
    """One request that every sub-account of an account is imagined to make."""

    action: str
    resource: str
    owner: int
    facts: Mapping[str, str | datetime]

    def allowed(self, snapshot: Snapshot, users: Sequence[UserRow]) -> list[UserRow]:
        """Give those who may."""
        return [
            row
            for row in users
            if snapshot.allowed(self._names(row), self.action, self.resource, self._facts(row))
        ]

    def explained(self, snapshot: Snapshot, users: Sequence[UserRow]) -> list[Explanation]:
        """Say why they may."""
        return [
            snapshot.explain(self._names(row), self.action, self.resource, self._facts(row))
            for row in users
        ]

    def _names(self, row: UserRow) -> tuple[str, ...]:
        # Who has to choose a new password first may do it afterwards.
        return policy_names(replace(Principal.of(row), must_reset=False))

    def _facts(self, row: UserRow) -> Mapping[str, str | datetime]:
        return {**self.facts, "qcs:uin": str(row.uin), "qcs:owner_uin": str(self.owner)}


@strawberry.type(description="A sub-account that may do an action, and why.")
class AllowedUser:
    """One sub-account and its decision."""

    user: User = strawberry.field(description="The sub-account.")
    decision: AccessDecision = strawberry.field(description="What allows it.")


@strawberry.type
class WhoCanQuery:
    """Root fields that turn the question around."""

    @query(actions.LIST_ENTITIES_FOR_ACTION)
    async def who_can(  # noqa: PLR0913, PLR0917 - one argument each in the schema
        self,
        info: Info,
        action: ActionName,
        resource: ResourceName = "*",
        ip: Annotated[
            str | None,
            strawberry.argument(
                description="The address they would come from; without it, what is allowed from "
                "some addresses only does not count."
            ),
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[AllowedUser] | None:
        """The sub-accounts that may do an action now, by uin; the root account always may."""
        check_request(action, resource)
        context = info.context
        page = page_request(first, after, int)
        async with context.database.read() as session:
            users, held = await holding.of_account(session, context.owner)
        snapshot = context.authorities.files.with_rules(held.rules, held.links, version="who can")
        facts: dict[str, str | datetime] = {"qcs:current_time": context.now}
        if ip is not None:
            facts["qcs:ip"] = ip
        request = _Request(action, resource, context.owner, facts)
        allowed = await analysed(request.allowed, snapshot, users)
        start = 0 if page.after is None else int(str(page.after[1]))
        behind = [row for row in allowed if row.uin > start]
        rows = behind[: page.first]
        told = await analysed(request.explained, snapshot, rows)
        async with context.database.read() as session:
            names = await Names.of(session, context.owner, told)

        async def count() -> int:
            return len(allowed)

        shown = show_users(context, rows)
        return connect(
            [
                AllowedUser(user=user, decision=AccessDecision.of(each, names))
                for user, each in zip(shown, told, strict=True)
            ],
            [(row.uin, row.uin) for row in rows],
            page=page,
            has_next=len(behind) > len(rows),
            counter=count,
        )
