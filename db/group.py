"""Groups of sub-accounts, and who is in them (CAM-1)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel, col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db.dialect import BigId, insert
from db.page import Key, Order, Slice
from db.user import UserRow
from domain.errors import Code, Refused
from domain.group import Draft


class GroupRow(SQLModel, table=True):
    """One group of sub-accounts of one account."""

    __tablename__ = "user_group"
    __table_args__ = (
        UniqueConstraint("account_uin", "name"),
        # A deleted group's id stands in audit rows and must never name another one.
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    name: str = Field(max_length=64)
    remark: str = Field(max_length=200)
    created_at: datetime


class MembershipRow(SQLModel, table=True):
    """One sub-account's place in one group."""

    __tablename__ = "membership"

    group_id: int = Field(
        primary_key=True,
        foreign_key="user_group.id",
        sa_type=BigId,
        sa_column_kwargs={"autoincrement": False},
    )
    user_uin: int = Field(
        primary_key=True,
        foreign_key="user.uin",
        index=True,
        sa_type=BigId,
        sa_column_kwargs={"autoincrement": False},
    )
    created_at: datetime


def _of(owner: int) -> SelectOfScalar[GroupRow]:
    return select(GroupRow).where(GroupRow.account_uin == owner)


def listing(owner: int, search: str) -> SelectOfScalar[GroupRow]:
    """Select the groups of an account whose name contains `search`."""
    query = _of(owner)
    return query.where(col(GroupRow.name).icontains(search, autoescape=True)) if search else query


async def page(
    session: AsyncSession, query: SelectOfScalar[GroupRow], *, first: int, after: Key | None
) -> Slice[GroupRow]:
    """List groups by name."""
    order = Order(col(GroupRow.name), col(GroupRow.id), descending=False)
    return await pages.keyset(session, query, order, first=first, after=after)


async def owned(session: AsyncSession, owner: int, group_id: int) -> GroupRow | None:
    """Find one group of this account."""
    return (await session.exec(_of(owner).where(GroupRow.id == group_id))).first()


async def changing(session: AsyncSession, owner: int, group_id: int, *field: str) -> GroupRow:
    """Find one group and hold it until the transaction ends; raises Refused."""
    query = _of(owner).where(GroupRow.id == group_id).with_for_update()
    row = (await session.exec(query)).first()
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such group", *(field or ("id",)))
    return row


async def by_ids(session: AsyncSession, owner: int, group_ids: Iterable[int]) -> Sequence[GroupRow]:
    """Find groups of this account by id; those of others are left out."""
    return (await session.exec(_of(owner).where(col(GroupRow.id).in_(set(group_ids))))).all()


async def check_name(
    session: AsyncSession, owner: int, name: str, *, but: int | None = None
) -> None:
    """Raise Refused when another group of the account than `but` is called `name`."""
    found = (await session.exec(_of(owner).where(GroupRow.name == name))).first()
    if found and found.id != but:
        message = f'group name "{name}" is taken: choose another'
        raise Refused.one(Code.TAKEN, message, "name")


async def add(session: AsyncSession, owner: int, draft: Draft, now: datetime) -> GroupRow:
    """Create a group; raises Refused where the name is taken."""
    await check_name(session, owner, draft.name)
    row = GroupRow(account_uin=owner, name=draft.name, remark=draft.remark, created_at=now)
    session.add(row)
    await session.flush()
    return row


async def remove(session: AsyncSession, row: GroupRow) -> None:
    """Delete a group that nobody is in any more."""
    await session.delete(row)
    await session.flush()


async def join(session: AsyncSession, group_id: int, user_uin: int, now: datetime) -> None:
    """Put a user into a group; whoever is in it stays."""
    added = insert(session, MembershipRow).values(
        group_id=group_id, user_uin=user_uin, created_at=now
    )
    await session.exec(added.on_conflict_do_nothing())


async def leave(session: AsyncSession, group_id: int, user_uins: Iterable[int]) -> None:
    """Take users out of a group."""
    gone = delete(MembershipRow).where(
        col(MembershipRow.group_id) == group_id, col(MembershipRow.user_uin).in_(set(user_uins))
    )
    await session.exec(gone)


async def members(session: AsyncSession, group_id: int) -> set[int]:
    """Give the uins of those in a group that was found before."""
    query = select(MembershipRow.user_uin).where(MembershipRow.group_id == group_id)
    return set((await session.exec(query)).all())


async def member_counts(session: AsyncSession, group_ids: Iterable[int]) -> dict[int, int]:
    """Say how many are in each of these groups."""
    query = (
        select(MembershipRow.group_id, func.count())
        .where(col(MembershipRow.group_id).in_(set(group_ids)))
        .group_by(col(MembershipRow.group_id))
    )
    return dict((await session.exec(query)).all())


async def of_users(
    session: AsyncSession, owner: int, user_uins: Iterable[int]
) -> list[tuple[int, GroupRow]]:
    """Give each user's groups, by name."""
    query = (
        select(MembershipRow.user_uin, GroupRow)
        .join(GroupRow, col(GroupRow.id) == col(MembershipRow.group_id))
        .where(GroupRow.account_uin == owner, col(MembershipRow.user_uin).in_(set(user_uins)))
        .order_by(col(GroupRow.name))
    )
    return list((await session.exec(query)).all())


def member_listing(owner: int, group_id: int) -> SelectOfScalar[UserRow]:
    """Select the users in one group of this account."""
    return (
        select(UserRow)
        .join(MembershipRow, col(MembershipRow.user_uin) == col(UserRow.uin))
        .join(GroupRow, col(GroupRow.id) == col(MembershipRow.group_id))
        .where(GroupRow.account_uin == owner, GroupRow.id == group_id)
    )
