"""Customer groups (CUS-4): what an account sorts its customers by, with a kept number of members.

Whoever changes customers or groups of an account holds the account's count of customers first
(`hold`), so these changes follow one another, and no two of them wait for each other in a circle.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel, col, delete, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import job as jobs
from db import page as pages
from db import quota as quotas
from db.dialect import BigId, choice
from db.job import JobKind
from db.page import Key, Order, Slice
from domain import quota
from domain.customer_group import Draft
from domain.errors import Code, Refused
from domain.region import SmsType
from domain.text import quoted


class CustomerGroupRow(SQLModel, table=True):
    """One group; `members` is kept by whoever adds customers to it or takes them out.

    A deleted one is invisible at once, and goes when its customers are gone.
    """

    __tablename__ = "customer_group"
    __table_args__ = (
        Index(
            "uq_customer_group_name",
            "account_uin",
            "name",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_customer_group_list", "account_uin", "created_at", "id"),
        # A deleted group's id stands in tasks and imports and must never name another one.
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    sms_type: SmsType = Field(sa_type=choice(SmsType))
    name: str = Field(max_length=64)
    created_at: datetime
    members: int = 0
    deleted_at: datetime | None = None


class SortKey(StrEnum):
    """What a list of groups can be sorted by."""

    CREATED_AT = "created_at"
    NAME = "name"
    MEMBERS = "members"


SORT_TYPES: Final[dict[SortKey, type[datetime | int | str]]] = {
    SortKey.CREATED_AT: datetime,
    SortKey.NAME: str,
    SortKey.MEMBERS: int,
}
_SORT_COLUMNS: Final = {
    SortKey.CREATED_AT: CustomerGroupRow.created_at,
    SortKey.NAME: CustomerGroupRow.name,
    SortKey.MEMBERS: CustomerGroupRow.members,
}


@dataclass(frozen=True, slots=True)
class Listing:
    """Which groups a list shows: the owner's, narrowed by what is given."""

    owner: int
    search: str = ""
    sms_type: SmsType | None = None

    def query(self) -> SelectOfScalar[CustomerGroupRow]:
        """Put the conditions together; pages and counts share them."""
        query = _of(self.owner)
        if self.search:
            query = query.where(col(CustomerGroupRow.name).icontains(self.search, autoescape=True))
        if self.sms_type is not None:
            query = query.where(CustomerGroupRow.sms_type == self.sms_type)
        return query


def _of(owner: int) -> SelectOfScalar[CustomerGroupRow]:
    return select(CustomerGroupRow).where(
        CustomerGroupRow.account_uin == owner, col(CustomerGroupRow.deleted_at).is_(None)
    )


def sort_value(row: CustomerGroupRow, key: SortKey) -> datetime | int | str:
    """Give the value of the column a list is sorted by."""
    value: datetime | int | str = getattr(row, key.value)
    return value


async def hold(session: AsyncSession, owner: int) -> None:
    """Hold the account's count of customers, before anything of theirs is changed."""
    await quotas.take(session, owner, quota.CUSTOMERS, 0)


async def owned(session: AsyncSession, owner: int, group_id: int) -> CustomerGroupRow | None:
    """Find one group of this owner that is not deleted."""
    return (await session.exec(_of(owner).where(CustomerGroupRow.id == group_id))).first()


async def found(session: AsyncSession, owner: int, group_id: int, *field: str) -> CustomerGroupRow:
    """Find one group, which the caller holds; raises Refused about `field`."""
    row = await owned(session, owner, group_id)
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such customer group", *(field or ("id",)))
    return row


async def page(  # noqa: PLR0913 - what is listed, how sorted, and where
    session: AsyncSession,
    listing: Listing,
    key: SortKey,
    *,
    descending: bool,
    first: int,
    after: Key | None,
) -> Slice[CustomerGroupRow]:
    """List groups page by page in the order of `key`."""
    column: Any = _SORT_COLUMNS[key]
    order = Order(col(column), col(CustomerGroupRow.id), descending=descending)
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def count(session: AsyncSession, listing: Listing) -> int:
    """Count what the list shows in all; there are as many as the quota admits, at most."""
    return await pages.count(session, listing.query())


async def customers(session: AsyncSession, owner: int, group_id: int | None = None) -> int:
    """Add up how many customers an account has, or one group of it."""
    query = select(func.coalesce(func.sum(CustomerGroupRow.members), 0)).where(
        CustomerGroupRow.account_uin == owner, col(CustomerGroupRow.deleted_at).is_(None)
    )
    if group_id is not None:
        query = query.where(CustomerGroupRow.id == group_id)
    return int((await session.exec(query)).one())


async def names(session: AsyncSession, owner: int, group_ids: Collection[int]) -> dict[int, str]:
    """Give the names of groups of this owner; deleted ones are left out."""
    query = select(CustomerGroupRow.id, CustomerGroupRow.name).where(
        CustomerGroupRow.account_uin == owner,
        col(CustomerGroupRow.deleted_at).is_(None),
        col(CustomerGroupRow.id).in_(group_ids),
    )
    return dict((await session.exec(query)).all())


async def add(
    session: AsyncSession, owner: int, draft: Draft, now: datetime, *field: str
) -> CustomerGroupRow:
    """Create a group whose quota is taken; raises Refused about `field` where the name is taken."""
    await _check_name(session, owner, draft.name, *(field or ("name",)))
    row = CustomerGroupRow(
        account_uin=owner, sms_type=draft.sms_type, name=draft.name, created_at=now
    )
    session.add(row)
    await session.flush()
    return row


async def rename(session: AsyncSession, owner: int, group_id: int, name: str) -> CustomerGroupRow:
    """Give a group another name; raises Refused."""
    await quotas.take(session, owner, quota.CUSTOMER_GROUPS, 0)  # as those who create one do
    row = await found(session, owner, group_id)
    if row.name != name:
        await _check_name(session, owner, name, "name")
    row.name = name
    await session.flush()
    return row


async def change_members(session: AsyncSession, group_id: int, by: int) -> None:
    """Note that customers came into a group, or went; in the transaction that moved them."""
    if by:
        statement = update(CustomerGroupRow).where(col(CustomerGroupRow.id) == group_id)
        await session.exec(statement.values(members=col(CustomerGroupRow.members) + by))


async def remove(session: AsyncSession, owner: int, group_id: int, now: datetime) -> int:
    """Hide a group with its customers, give back their quotas, and have them erased.

    Gives how many customers it had; raises Refused.
    """
    await hold(session, owner)
    row = await found(session, owner, group_id)
    row.deleted_at = now
    await session.flush()
    await quotas.give_back(session, owner, quota.CUSTOMERS, row.members)
    await quotas.give_back(session, owner, quota.CUSTOMER_GROUPS)
    await jobs.add(session, JobKind.ERASE_CUSTOMER_GROUP, row.id, due_at=now, now=now)
    return row.members


async def purge(session: AsyncSession, group_id: int) -> None:
    """Delete a hidden group for good, after its customers."""
    await session.exec(
        delete(CustomerGroupRow).where(
            col(CustomerGroupRow.id) == group_id, col(CustomerGroupRow.deleted_at).is_not(None)
        )
    )


async def _check_name(session: AsyncSession, owner: int, name: str, *field: str) -> None:
    if (await session.exec(_of(owner).where(CustomerGroupRow.name == name))).first():
        message = f"group name {quoted(name)} is taken: choose another, or add to that group"
        raise Refused.one(Code.TAKEN, message, *field)
