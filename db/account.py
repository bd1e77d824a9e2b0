"""Root accounts (ACC-1): who owns everything else."""

from datetime import datetime

from sqlmodel import Field, SQLModel, col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId, choice
from domain.account import Capability, permit
from domain.errors import Code, Refused
from domain.region import IdentityKind, Verification


class AccountRow(SQLModel, table=True):
    """One root account, named by its uin."""

    __tablename__ = "account"

    uin: int = Field(primary_key=True, sa_type=BigId, sa_column_kwargs={"autoincrement": False})
    name: str = Field(max_length=100)
    identity: IdentityKind = Field(sa_type=choice(IdentityKind))
    verification: Verification = Field(sa_type=choice(Verification))
    time_zone: str = Field(max_length=64)
    policy_version: int = Field(default=0, sa_type=BigId)
    created_at: datetime


async def get(session: AsyncSession, uin: int) -> AccountRow | None:
    """Find an account by uin."""
    return (await session.exec(select(AccountRow).where(AccountRow.uin == uin))).first()


async def existing(session: AsyncSession, uin: int, *, hold: bool = False) -> AccountRow:
    """Find an account that rows name, as it is now, and hold it if wanted."""
    query = select(AccountRow).where(AccountRow.uin == uin)
    if hold:
        # Rows that point at the account can still be written meanwhile.
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.exec(query)).one()


async def policy_version(session: AsyncSession, uin: int) -> int | None:
    """Give the number that moves with every change of the account's policies and attachments."""
    query = select(AccountRow.policy_version).where(AccountRow.uin == uin)
    return (await session.exec(query)).first()


async def hold(session: AsyncSession, uin: int) -> None:
    """Let one transaction at a time change who may do what in this account.

    The lock is one that rows pointing at the account can still be written under.
    """
    query = select(AccountRow.uin).where(AccountRow.uin == uin)
    await session.exec(query.with_for_update(key_share=True))


async def bump_policy_version(session: AsyncSession, uin: int) -> None:
    """Make every process see the account's policies anew on its next request."""
    version = col(AccountRow.policy_version)
    statement = update(AccountRow).where(col(AccountRow.uin) == uin)
    await session.exec(statement.values(policy_version=version + 1))


async def check(session: AsyncSession, uin: int, capability: Capability) -> AccountRow:
    """Find an account whose identity suffices for `capability`; raises Refused with the way out."""
    row = await get(session, uin)
    if row is None:
        raise Refused.one(Code.NOT_FOUND, f'there is no account "{uin}"')
    permit(row.identity, row.verification is Verification.VERIFIED, capability)
    return row


async def add(session: AsyncSession, row: AccountRow) -> None:
    """Create an account; its uin must be free."""
    session.add(row)
    await session.flush()
