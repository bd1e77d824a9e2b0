"""Everybody who can sign in: root users, sub-accounts and operators (ACC-4, CAM-1)."""

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, UniqueConstraint, cast, text
from sqlmodel import Field, SQLModel, col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db import serial
from db.dialect import BigId, choice
from db.page import Key, Order, Slice
from domain.errors import Code, Refused
from domain.user import Contact


class UserKind(StrEnum):
    """Which door a user comes in by."""

    ROOT = "root"
    SUB = "sub"
    OPERATOR = "operator"


class UserRow(SQLModel, table=True):
    """One user; `account_uin` is empty for operators, who belong to the installation."""

    __tablename__ = "user"
    __table_args__ = (
        UniqueConstraint("account_uin", "name"),
        # A constraint treats every empty account as another one, so operators need their own.
        Index(
            "uq_user_operator_name",
            "name",
            unique=True,
            sqlite_where=text("kind = 'operator'"),
            postgresql_where=text("kind = 'operator'"),
        ),
    )

    uin: int = Field(primary_key=True, sa_type=BigId, sa_column_kwargs={"autoincrement": False})
    account_uin: int | None = Field(
        default=None, foreign_key="account.uin", index=True, sa_type=BigId
    )
    kind: UserKind = Field(sa_type=choice(UserKind))
    name: str = Field(max_length=64)
    password_hash: str | None = Field(default=None, max_length=200)
    must_reset: bool = False
    disabled: bool = False
    remark: str = Field(default="", max_length=200)
    phone: str = Field(default="", max_length=20)
    email: str = Field(default="", max_length=254)
    created_at: datetime
    signed_in_at: datetime | None = None


async def get(session: AsyncSession, uin: int) -> UserRow | None:
    """Find a user by uin, whoever asks; for the edge only."""
    return (await session.exec(select(UserRow).where(UserRow.uin == uin))).first()


async def among(session: AsyncSession, uins: Collection[int]) -> dict[int, UserRow]:
    """Find the users that rows name which the caller may see already."""
    query = select(UserRow).where(col(UserRow.uin).in_(uins))
    return {row.uin: row for row in await session.exec(query)}


async def by_name(
    session: AsyncSession, kind: UserKind, account_uin: int | None, name: str
) -> UserRow | None:
    """Find who signs in as `name`."""
    query = select(UserRow).where(
        col(UserRow.kind) == kind,
        col(UserRow.account_uin) == account_uin
        if account_uin is not None
        else col(UserRow.account_uin).is_(None),
        UserRow.name == name,
    )
    return (await session.exec(query)).first()


async def set_password(session: AsyncSession, uin: int, password_hash: str) -> None:
    """Store a new password and forget that one was asked for."""
    statement = update(UserRow).where(col(UserRow.uin) == uin)
    await session.exec(statement.values(password_hash=password_hash, must_reset=False))


async def signed_in(session: AsyncSession, uin: int, now: datetime) -> None:
    """Remember when a user last signed in."""
    statement = update(UserRow).where(col(UserRow.uin) == uin)
    await session.exec(statement.values(signed_in_at=now))


def _subs(owner: int) -> SelectOfScalar[UserRow]:
    return select(UserRow).where(UserRow.account_uin == owner, UserRow.kind == UserKind.SUB)


def sub_listing(owner: int, search: str) -> SelectOfScalar[UserRow]:
    """Select the sub-accounts of an account by a part of the name or the beginning of the uin."""
    query = _subs(owner)
    if not search:
        return query
    named = col(UserRow.name).icontains(search, autoescape=True)
    numbered = cast(col(UserRow.uin), String).startswith(search, autoescape=True)
    return query.where(or_(named, numbered))


async def page(
    session: AsyncSession, query: SelectOfScalar[UserRow], *, first: int, after: Key | None
) -> Slice[UserRow]:
    """List users by name."""
    order = Order(col(UserRow.name), col(UserRow.uin), descending=False)
    return await pages.keyset(session, query, order, first=first, after=after)


async def owned(session: AsyncSession, owner: int, uin: int) -> UserRow | None:
    """Find one sub-account of this account."""
    return (await session.exec(_subs(owner).where(UserRow.uin == uin))).first()


async def changing(session: AsyncSession, owner: int, uin: int, *field: str) -> UserRow:
    """Find one sub-account and hold it until the transaction ends; raises Refused."""
    row = (await session.exec(_subs(owner).where(UserRow.uin == uin).with_for_update())).first()
    if row is None:
        message = "there is no such sub-account"
        raise Refused.one(Code.NOT_FOUND, message, *(field or ("id",)))
    return row


async def by_uins(session: AsyncSession, owner: int, uins: Iterable[int]) -> dict[int, UserRow]:
    """Find sub-accounts of this account; those of others are left out."""
    rows = (await session.exec(_subs(owner).where(col(UserRow.uin).in_(set(uins))))).all()
    return {row.uin: row for row in rows}


async def add_sub(  # noqa: PLR0913 - whose, who, and how they sign in
    session: AsyncSession,
    owner: int,
    name: str,
    contact: Contact,
    *field: str,
    password_hash: str | None,
    must_reset: bool,
    now: datetime,
) -> UserRow:
    """Create a sub-account that holds nothing; raises Refused for `field` when it is taken."""
    taken = select(UserRow.uin).where(UserRow.account_uin == owner, UserRow.name == name)
    if (await session.exec(taken)).first() is not None:
        raise Refused.one(Code.TAKEN, f'user name "{name}" is taken: choose another', *field)
    row = UserRow(
        uin=await serial.take(session, serial.USER),
        account_uin=owner,
        kind=UserKind.SUB,
        name=name,
        password_hash=password_hash,
        must_reset=must_reset,
        remark=contact.remark,
        phone=contact.phone,
        email=contact.email,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row
