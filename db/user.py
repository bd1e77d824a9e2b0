"""Everybody who can sign in: root users, sub-accounts and operators (ACC-4, CAM-1)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel, col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId, choice


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
