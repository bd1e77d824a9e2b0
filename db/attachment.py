"""Which policies users and groups hold (CAM-1, CAM-2): each row is a Casbin `g` line."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Index
from sqlmodel import Field, SQLModel, col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db import quota as quotas
from db.dialect import BigId, insert
from db.page import Key, Order, Slice
from domain.errors import Code, Refused
from domain.policy import preset
from domain.quota import ATTACHMENTS

CUSTOM: Final = "policy:custom:"
"""Beginning of a custom policy's name; no policy file can define one that begins so."""


class AttachmentRow(SQLModel, table=True):
    """`member` holds `policy`, both with their prefixes, as in `user:100001` and `policy:Name`."""

    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_policy", "account_uin", "policy", "member"),)

    member: str = Field(primary_key=True, max_length=40)
    policy: str = Field(primary_key=True, max_length=160)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    created_at: datetime


def user_member(user_uin: int) -> str:
    """Name a user as policy lines do."""
    return f"user:{user_uin}"


def group_member(group_id: int) -> str:
    """Name a group as policy lines do."""
    return f"group:{group_id}"


def custom_policy(policy_id: int) -> str:
    """Name a custom policy as policy lines do."""
    return f"{CUSTOM}{policy_id}"


def preset_policy(name: str) -> str:
    """Name a preset as policy lines do; `name` may be one of its published spellings."""
    found = preset(name)
    if found is None:
        raise ValueError(f'"{name}" is not a preset policy')
    return f"policy:{found}"


def custom_id(policy: str) -> int | None:
    """Give the id of the custom policy that a policy line names, if it names one."""
    return int(policy.removeprefix(CUSTOM)) if policy.startswith(CUSTOM) else None


async def of_members(
    session: AsyncSession, owner: int, members: Iterable[str]
) -> Sequence[AttachmentRow]:
    """Give what these users and groups of the account hold, in the order it was attached."""
    query = select(AttachmentRow).where(
        AttachmentRow.account_uin == owner, col(AttachmentRow.member).in_(set(members))
    )
    order = (col(AttachmentRow.created_at), col(AttachmentRow.policy))
    return (await session.exec(query.order_by(*order))).all()


async def attach(
    session: AsyncSession, owner: int, member: str, policies: Collection[str], now: datetime
) -> None:
    """Let `member` hold policies too; those it holds already stay as they are."""
    for policy in policies:
        added = insert(session, AttachmentRow).values(
            member=member, policy=policy, account_uin=owner, created_at=now
        )
        await session.exec(added.on_conflict_do_nothing())


async def detach(session: AsyncSession, owner: int, member: str, policies: Collection[str]) -> None:
    """Take policies away from `member`."""
    gone = delete(AttachmentRow).where(
        col(AttachmentRow.account_uin) == owner,
        col(AttachmentRow.member) == member,
        col(AttachmentRow.policy).in_(set(policies)),
    )
    await session.exec(gone)


async def detach_all(session: AsyncSession, owner: int, member: str) -> None:
    """Take every policy away from a user or group that is about to be deleted."""
    gone = delete(AttachmentRow).where(
        col(AttachmentRow.account_uin) == owner, col(AttachmentRow.member) == member
    )
    await session.exec(gone)


async def attach_preset(
    session: AsyncSession, owner: int, user_uin: int, name: str, now: datetime
) -> None:
    """Attach one preset to one user and count it; raises Refused when the quota is used up."""
    member = user_member(user_uin)
    if not await quotas.take(session, owner, ATTACHMENTS, scope=member):
        raise Refused.one(Code.LIMIT_EXCEEDED, ATTACHMENTS.exceeded())
    await attach(session, owner, member, [preset_policy(name)], now)


def holders(owner: int, policy: str) -> SelectOfScalar[AttachmentRow]:
    """Select who holds a policy."""
    return select(AttachmentRow).where(
        AttachmentRow.account_uin == owner, AttachmentRow.policy == policy
    )


async def page(
    session: AsyncSession, query: SelectOfScalar[AttachmentRow], *, first: int, after: Key | None
) -> Slice[AttachmentRow]:
    """List attachments in the order they were made."""
    order = Order(col(AttachmentRow.created_at), col(AttachmentRow.member), descending=False)
    return await pages.keyset(session, query, order, first=first, after=after)


async def holder_counts(
    session: AsyncSession, owner: int, policies: Iterable[str]
) -> dict[str, int]:
    """Say how many users and groups hold each of these policies."""
    query = (
        select(AttachmentRow.policy, func.count())
        .where(AttachmentRow.account_uin == owner, col(AttachmentRow.policy).in_(set(policies)))
        .group_by(col(AttachmentRow.policy))
    )
    return dict((await session.exec(query)).all())
