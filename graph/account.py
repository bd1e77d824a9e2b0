"""The root account (ACC-1)."""

import strawberry

from db import account as accounts
from db.account import AccountRow
from domain.region import IdentityKind, Verification
from graph.context import Info
from graph.enums import publish
from graph.guard import query
from graph.node import encode
from policies import actions

publish(
    IdentityKind,
    name="IdentityKind",
    description="Who stands behind an account.",
    values={
        "INDIVIDUAL": "A person: no marketing, and fewer signature types.",
        "ORGANIZATION": "A company, authority or other organization.",
    },
)
publish(
    Verification,
    name="VerificationStatus",
    description="How far an account's identity is proven.",
    values={
        "UNVERIFIED": "Nothing was submitted, or it was rejected.",
        "PENDING": "A document waits for review.",
        "VERIFIED": "An operator has approved the document.",
    },
)


@strawberry.type(description="A root account: the owner of applications, signatures and the rest.")
class Account:
    """What the account's own users see of it."""

    id: strawberry.ID = strawberry.field(description="Opaque and stable.")
    uin: str = strawberry.field(description="The account's number, used in policies.")
    name: str = strawberry.field(description="The account's name.")
    identity: IdentityKind = strawberry.field(description="Individual or organization.")
    verification: Verification = strawberry.field(description="State of the identity check.")
    time_zone: str = strawberry.field(description="IANA zone whose midnights begin a calendar day.")

    @classmethod
    def of(cls, row: AccountRow) -> "Account":
        """Show a row."""
        return cls(
            id=encode("Account", row.uin),
            uin=str(row.uin),
            name=row.name,
            identity=row.identity,
            verification=row.verification,
            time_zone=row.time_zone,
        )


@strawberry.type
class AccountQuery:
    """Root fields that read the account."""

    @query(actions.DESCRIBE_ACCOUNT)
    async def account(self, info: Info) -> Account | None:
        """The caller's account and its identity."""
        async with info.context.database.read() as session:
            row = await accounts.get(session, info.context.owner)
        return Account.of(row) if row else None
