"""SecretId and SecretKey pairs of users, for programs (ACC-5)."""

import secrets
import string
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlmodel import Field, SQLModel, col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId, choice
from db.user import UserKind, UserRow
from db.vault import Vault
from domain.errors import Code, Refused

ALPHABET: Final = string.ascii_letters + string.digits


class KeyStatus(StrEnum):
    """Whether a key signs requests; only an inactive one can be deleted."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class AccessKeyRow(SQLModel, table=True):
    """One pair; the SecretKey is sealed, because checking a signature needs it back."""

    __tablename__ = "access_key"

    secret_id: str = Field(primary_key=True, max_length=40)
    user_uin: int = Field(foreign_key="user.uin", index=True, sa_type=BigId)
    sealed_key: str = Field(max_length=200)
    status: KeyStatus = Field(sa_type=choice(KeyStatus))
    description: str = Field(default="", max_length=1024)
    created_at: datetime


def new_pair() -> tuple[str, str]:
    """Make a SecretId (36 characters from AKID) and a SecretKey (32 characters)."""
    return (
        "AKID" + "".join(secrets.choice(ALPHABET) for _ in range(32)),
        "".join(secrets.choice(ALPHABET) for _ in range(32)),
    )


async def remove(session: AsyncSession, secret_id: str) -> None:
    """Delete a key for good."""
    await session.exec(delete(AccessKeyRow).where(col(AccessKeyRow.secret_id) == secret_id))


async def remove_all(session: AsyncSession, user_uin: int) -> None:
    """Delete every key of a user who is about to be deleted."""
    await session.exec(delete(AccessKeyRow).where(col(AccessKeyRow.user_uin) == user_uin))


async def of_users(session: AsyncSession, user_uins: Iterable[int]) -> Sequence[AccessKeyRow]:
    """List the keys of users who were found before, oldest first."""
    query = select(AccessKeyRow).where(col(AccessKeyRow.user_uin).in_(set(user_uins)))
    order = (col(AccessKeyRow.created_at), col(AccessKeyRow.secret_id))
    return (await session.exec(query.order_by(*order))).all()


async def changing(session: AsyncSession, owner: int, secret_id: str) -> AccessKeyRow:
    """Find a key of a sub-account of this account and hold it; raises Refused."""
    query = (
        select(AccessKeyRow)
        .join(UserRow, col(UserRow.uin) == col(AccessKeyRow.user_uin))
        .where(
            AccessKeyRow.secret_id == secret_id,
            UserRow.account_uin == owner,
            UserRow.kind == UserKind.SUB,
        )
    )
    row = (await session.exec(query.with_for_update(of=AccessKeyRow))).first()
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such access key", "id")
    return row


async def signer(session: AsyncSession, secret_id: str) -> tuple[AccessKeyRow, UserRow] | None:
    """Find an active key and whose it is, unless that user is disabled."""
    query = (
        select(AccessKeyRow, UserRow)
        .join(UserRow, col(UserRow.uin) == col(AccessKeyRow.user_uin))
        .where(
            AccessKeyRow.secret_id == secret_id,
            AccessKeyRow.status == KeyStatus.ACTIVE,
            col(UserRow.disabled).is_(False),
        )
    )
    return (await session.exec(query)).first()


async def add(  # noqa: PLR0913 - whose, the pair, and how it is sealed
    session: AsyncSession,
    user_uin: int,
    pair: tuple[str, str],
    vault: Vault,
    *,
    description: str = "",
    now: datetime,
) -> AccessKeyRow:
    """Keep a new pair, active at once."""
    secret_id, secret_key = pair
    row = AccessKeyRow(
        secret_id=secret_id,
        user_uin=user_uin,
        sealed_key=vault.seal(secret_key, key_place(secret_id)),
        status=KeyStatus.ACTIVE,
        description=description,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row


def key_place(secret_id: str) -> str:
    """Name the place a SecretKey is sealed for."""
    return f"access_key/{secret_id}"
