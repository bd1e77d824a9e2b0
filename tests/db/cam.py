"""Accounts, users, groups and policies as rows, for tests of storage."""

from datetime import UTC, datetime
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from db import attachment, group, policy, user
from db.account import AccountRow
from db.group import GroupRow
from db.policy import PolicyRow
from db.session import Database
from db.user import UserRow
from domain.group import Draft
from domain.region import IdentityKind, Verification
from domain.user import Contact

NOW: Final = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
OWNER: Final = 12_345_678
OTHER: Final = 12_345_679
ALLOW: Final = """{"version": "2.0",
"statement": [{"effect": "allow", "action": "sms:AddApp", "resource": "*"}]}"""
DENY: Final = ALLOW.replace("allow", "deny")


async def add_accounts(database: Database) -> None:
    """Add two accounts."""
    async with database.write() as session:
        for uin in (OWNER, OTHER):
            session.add(
                AccountRow(
                    uin=uin,
                    name=f"account {uin}",
                    identity=IdentityKind.ORGANIZATION,
                    verification=Verification.VERIFIED,
                    time_zone="UTC",
                    created_at=NOW,
                )
            )


async def add_user(session: AsyncSession, name: str, owner: int = OWNER) -> UserRow:
    """Add a sub-account that holds nothing."""
    return await user.add_sub(
        session,
        owner,
        name,
        Contact("", "", ""),
        "name",
        password_hash=None,
        must_reset=False,
        now=NOW,
    )


async def add_group(session: AsyncSession, name: str, owner: int = OWNER) -> GroupRow:
    """Add a group that holds nothing."""
    return await group.add(session, owner, Draft(name, ""), NOW)


async def add_policy(
    session: AsyncSession, name: str, document: str = ALLOW, owner: int = OWNER
) -> PolicyRow:
    """Add a custom policy that nobody holds."""
    row = PolicyRow(
        account_uin=owner,
        name=name,
        description="",
        created_at=NOW,
        created_by=owner,
        updated_at=NOW,
    )
    return await policy.add(session, row, document)


async def attach(session: AsyncSession, member: str, *policies: str, owner: int = OWNER) -> None:
    """Let somebody hold policies."""
    await attachment.attach(session, owner, member, policies, NOW)
