"""Who is signed in, and what that lets them do."""

from typing import Annotated

import strawberry

from db import account
from db.user import UserKind
from graph.account import Account
from graph.authority import Authority, Principal
from graph.context import Info
from graph.decision import AccessDecision, Names, check_request, check_resource, explain
from graph.enums import publish
from graph.node import encode
from policies.actions import CATALOGUE

publish(
    UserKind,
    name="UserKind",
    description="Which door a user comes in by.",
    values={
        "ROOT": "The root account itself: holds every right on what it owns.",
        "SUB": "A sub-account: holds what its policies allow.",
        "OPERATOR": "Runs the installation: reviews, but owns nothing.",
    },
)
ActionName = Annotated[
    str, strawberry.argument(description="An action such as `name/sms:DeleteAppInfo`.")
]
ResourceName = Annotated[
    str,
    strawberry.argument(
        description="One application such as `qcs::sms::uin/12345678:app/1400000001`, or `*`."
    ),
]


@strawberry.type(description="Who is signed in, and what they may do.")
class Viewer:
    """The caller."""

    id: strawberry.ID = strawberry.field(description="The user's id.")
    uin: str = strawberry.field(description="The user's number.")
    name: str = strawberry.field(description="The name the user signs in with.")
    kind: UserKind = strawberry.field(description="Root, sub-account or operator.")
    must_reset_password: bool = strawberry.field(
        description="Whether the password has to be changed before anything else."
    )
    principal: strawberry.Private[Principal]

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="The account the caller belongs to; null for operators."
    )
    async def account(self, info: Info) -> Account | None:
        """Read the account when it is asked for."""
        if self.principal.account_uin is None:
            return None
        async with info.context.database.read() as session:
            row = await account.get(session, self.principal.account_uin)
        return Account.of(row) if row else None

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="Whether the caller may do an action now."
    )
    async def can(self, info: Info, action: ActionName, resource: ResourceName = "*") -> bool:
        """Decide as a field that needs this action would."""
        check_request(action, resource)
        authority = await self._authority(info)
        snapshot = authority.snapshot
        return snapshot.allowed(authority.names, action, resource, info.context.facts)

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="The names of all actions the caller may do now."
    )
    async def actions(self, info: Info, resource: ResourceName = "*") -> list[str]:
        """Decide about every action of the catalogue."""
        check_resource(resource)
        authority = await self._authority(info)
        facts = info.context.facts
        return [
            action.name
            for action in CATALOGUE.values()
            if authority.snapshot.allowed(authority.names, action.canonical, resource, facts)
        ]

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="Whether the caller may do an action now, and why."
    )
    async def decision(
        self, info: Info, action: ActionName, resource: ResourceName = "*"
    ) -> AccessDecision:
        """Explain the decision that `can` gives."""
        authority = await self._authority(info)
        facts = info.context.facts
        told = explain(authority.snapshot, authority.names, action, resource, facts)
        async with info.context.database.read() as session:
            names = await Names.of(session, self.principal.account_uin, [told])
        return AccessDecision.of(told, names)

    async def _authority(self, info: Info) -> Authority:
        # Of the one shown, who after signing in is not yet the caller of the request.
        async with info.context.database.read() as session:
            return await info.context.authorities.of(session, self.principal)

    @classmethod
    def of(cls, principal: Principal) -> "Viewer":
        """Show a principal."""
        return cls(
            id=encode("User", principal.uin),
            uin=str(principal.uin),
            name=principal.name,
            kind=principal.kind,
            must_reset_password=principal.must_reset,
            principal=principal,
        )
