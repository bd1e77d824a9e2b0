"""Counting what is limited: one statement takes or refuses, so nobody shares the last one."""

from collections.abc import Collection, Mapping

from sqlmodel import Field, SQLModel, col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId, insert
from domain.quota import Quota


class QuotaRow(SQLModel, table=True):
    """How much of one quota an owner uses; `scope` tells days or parents apart, else empty."""

    __tablename__ = "quota_usage"

    account_uin: int = Field(
        primary_key=True,
        foreign_key="account.uin",
        sa_type=BigId,
        sa_column_kwargs={"autoincrement": False},
    )
    name: str = Field(primary_key=True, max_length=40)
    scope: str = Field(primary_key=True, default="", max_length=64)
    used: int = Field(sa_type=BigId)


async def take(
    session: AsyncSession, account_uin: int, quota: Quota, amount: int = 1, scope: str = ""
) -> bool:
    """Take `amount`, or take nothing and say False when that would pass the limit."""
    if amount > quota.limit:
        return False
    taken = (
        insert(session, QuotaRow)
        .values(account_uin=account_uin, name=quota.name, scope=scope, used=amount)
        .on_conflict_do_update(
            index_elements=[col(QuotaRow.account_uin), col(QuotaRow.name), col(QuotaRow.scope)],
            set_={"used": col(QuotaRow.used) + amount},
            where=col(QuotaRow.used) + amount <= quota.limit,
        )
        .returning(col(QuotaRow.used))
    )
    return (await session.exec(taken)).first() is not None


async def take_some(
    session: AsyncSession, account_uin: int, quota: Quota, wanted: int, scope: str = ""
) -> int:
    """Take as much of `wanted` as is left, and say how much that is."""
    amount = min(wanted, quota.limit)
    if amount and await take(session, account_uin, quota, amount, scope):
        return amount
    # The refusal above holds the row, so that what it says stays true.
    left = max(0, min(amount, quota.limit - await used(session, account_uin, quota, scope)))
    if left:
        await take(session, account_uin, quota, left, scope)
    return left


async def give_back(
    session: AsyncSession, account_uin: int, quota: Quota, amount: int = 1, scope: str = ""
) -> None:
    """Return what a deleted object had taken."""
    statement = update(QuotaRow).where(
        col(QuotaRow.account_uin) == account_uin,
        col(QuotaRow.name) == quota.name,
        col(QuotaRow.scope) == scope,
    )
    await session.exec(statement.values(used=col(QuotaRow.used) - amount))


async def used(session: AsyncSession, account_uin: int, quota: Quota, scope: str = "") -> int:
    """Say how much is taken."""
    query = select(QuotaRow.used).where(
        QuotaRow.account_uin == account_uin, QuotaRow.name == quota.name, QuotaRow.scope == scope
    )
    return (await session.exec(query)).first() or 0


async def used_in(
    session: AsyncSession, account_uin: int, quota: Quota, scopes: Collection[str]
) -> Mapping[str, int]:
    """Say how much is taken in each of these scopes; those in which nothing is are missing."""
    query = select(QuotaRow.scope, QuotaRow.used).where(
        QuotaRow.account_uin == account_uin,
        QuotaRow.name == quota.name,
        col(QuotaRow.scope).in_(scopes),
    )
    return dict((await session.exec(query)).all())


async def forget(session: AsyncSession, account_uin: int, scope: str) -> None:
    """Drop what was counted under the scope of an object that is deleted."""
    gone = delete(QuotaRow).where(
        col(QuotaRow.account_uin) == account_uin, col(QuotaRow.scope) == scope
    )
    await session.exec(gone)
