"""The root account (ACC-1)."""

import strawberry

from db.account import AccountRow
from domain.region import IdentityKind, Verification
from graph.enums import publish
from graph.node import Node, encode

Identity = publish(
    IdentityKind,
    name="IdentityKind",
    description="Who stands behind an account.",
    values={
        "INDIVIDUAL": "A person: no marketing, and fewer signature types.",
        "ORGANIZATION": "A company, authority or other organization.",
    },
)
VerificationStatus = publish(
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
class Account(Node):
    """What the account's own users see of it."""

    uin: str = strawberry.field(description="The account's number, used in policies.")
    name: str = strawberry.field(description="The account's name.")
    identity: Identity = strawberry.field(description="Individual or organization.")
    verification: VerificationStatus = strawberry.field(description="State of the identity check.")
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
