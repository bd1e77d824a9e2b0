"""Custom policies and their versions (CAM-3): documents as their authors wrote them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Text, UniqueConstraint
from sqlmodel import Field, SQLModel, col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db.dialect import BigId
from db.page import Key, Order, Slice
from domain.errors import Code, Refused


class PolicyRow(SQLModel, table=True):
    """One custom policy; `version` is the number of the version in force."""

    __tablename__ = "policy"
    __table_args__ = (
        UniqueConstraint("account_uin", "name"),
        # A deleted policy's id stands in audit rows and must never name another one.
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    name: str = Field(max_length=128)
    description: str = Field(max_length=300)
    version: int = 1
    last_version: int = 1
    created_at: datetime
    created_by: int = Field(sa_type=BigId)
    updated_at: datetime


class PolicyVersionRow(SQLModel, table=True):
    """One document of a policy; never changed, and its number never given to another."""

    __tablename__ = "policy_version"

    policy_id: int = Field(
        primary_key=True,
        foreign_key="policy.id",
        sa_type=BigId,
        sa_column_kwargs={"autoincrement": False},
    )
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    document: str = Field(sa_type=Text)
    created_at: datetime
    created_by: int = Field(sa_type=BigId)


def _of(owner: int) -> SelectOfScalar[PolicyRow]:
    return select(PolicyRow).where(PolicyRow.account_uin == owner)


def listing(owner: int, search: str) -> SelectOfScalar[PolicyRow]:
    """Select the custom policies of an account whose name contains `search`."""
    query = _of(owner)
    return query.where(col(PolicyRow.name).icontains(search, autoescape=True)) if search else query


async def page(
    session: AsyncSession, query: SelectOfScalar[PolicyRow], *, first: int, after: Key | None
) -> Slice[PolicyRow]:
    """List policies by name."""
    order = Order(col(PolicyRow.name), col(PolicyRow.id), descending=False)
    return await pages.keyset(session, query, order, first=first, after=after)


async def owned(session: AsyncSession, owner: int, policy_id: int) -> PolicyRow | None:
    """Find one custom policy of this account."""
    return (await session.exec(_of(owner).where(PolicyRow.id == policy_id))).first()


async def changing(session: AsyncSession, owner: int, policy_id: int, *field: str) -> PolicyRow:
    """Find one custom policy and hold it until the transaction ends; raises Refused."""
    query = _of(owner).where(PolicyRow.id == policy_id).with_for_update()
    row = (await session.exec(query)).first()
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such custom policy", *(field or ("id",)))
    return row


async def by_name(session: AsyncSession, owner: int, name: str) -> PolicyRow | None:
    """Find the custom policy that is called `name`."""
    return (await session.exec(_of(owner).where(PolicyRow.name == name))).first()


async def by_ids(
    session: AsyncSession, owner: int, policy_ids: Iterable[int]
) -> dict[int, PolicyRow]:
    """Find custom policies of this account by id; those of others are left out."""
    query = _of(owner).where(col(PolicyRow.id).in_(set(policy_ids)))
    return {row.id: row for row in (await session.exec(query)).all()}


async def documents(
    session: AsyncSession, owner: int, policy_ids: Iterable[int]
) -> dict[int, PolicyVersionRow]:
    """Give the version in force of each of these custom policies of the account."""
    query = (
        select(PolicyVersionRow)
        .join(PolicyRow, col(PolicyRow.id) == col(PolicyVersionRow.policy_id))
        .where(
            PolicyRow.account_uin == owner,
            col(PolicyRow.id).in_(set(policy_ids)),
            col(PolicyVersionRow.number) == col(PolicyRow.version),
        )
    )
    return {row.policy_id: row for row in (await session.exec(query)).all()}


async def versions(session: AsyncSession, policy_ids: Iterable[int]) -> Sequence[PolicyVersionRow]:
    """List every version of policies that were found before, newest first."""
    query = select(PolicyVersionRow).where(col(PolicyVersionRow.policy_id).in_(set(policy_ids)))
    return (await session.exec(query.order_by(col(PolicyVersionRow.number).desc()))).all()


async def version(
    session: AsyncSession, policy_id: int, number: int, *field: str
) -> PolicyVersionRow:
    """Find one version of a policy that was found before; raises Refused."""
    query = select(PolicyVersionRow).where(
        PolicyVersionRow.policy_id == policy_id, PolicyVersionRow.number == number
    )
    row = (await session.exec(query)).first()
    if row is None:
        message = f'the policy has no version "{number}"'
        raise Refused.one(Code.NOT_FOUND, message, *(field or ("version",)))
    return row


async def add(session: AsyncSession, row: PolicyRow, document: str) -> PolicyRow:
    """Create a policy whose version 1 is `document`; raises Refused where the name is taken."""
    if await by_name(session, row.account_uin, row.name):
        message = f'policy name "{row.name}" is taken: choose another'
        raise Refused.one(Code.TAKEN, message, "name")
    session.add(row)
    await session.flush()
    session.add(
        PolicyVersionRow(
            policy_id=row.id,
            number=row.version,
            document=document,
            created_at=row.created_at,
            created_by=row.created_by,
        )
    )
    await session.flush()
    return row


async def add_version(
    session: AsyncSession, row: PolicyRow, document: str, author: int, now: datetime
) -> PolicyVersionRow:
    """Add a version to a policy held by this transaction; it is not in force yet."""
    row.last_version += 1
    added = PolicyVersionRow(
        policy_id=row.id,
        number=row.last_version,
        document=document,
        created_at=now,
        created_by=author,
    )
    session.add(added)
    await session.flush()
    return added


async def remove_version(session: AsyncSession, row: PolicyVersionRow) -> None:
    """Delete a version that is not in force."""
    await session.delete(row)


async def remove(session: AsyncSession, row: PolicyRow) -> None:
    """Delete a policy that is attached to nobody, with all its versions."""
    mine = col(PolicyVersionRow.policy_id) == row.id
    await session.exec(delete(PolicyVersionRow).where(mine))
    await session.delete(row)
