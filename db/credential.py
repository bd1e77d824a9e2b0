"""Files with new credentials, each to be fetched once and soon (CAM-1)."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Text
from sqlmodel import Field, SQLModel, col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId
from db.vault import Vault


class CredentialFileRow(SQLModel, table=True):
    """One file that waits for its download; the token itself is never stored."""

    __tablename__ = "credential_file"

    token_hash: str = Field(primary_key=True, max_length=64)
    account_uin: int = Field(foreign_key="account.uin", index=True, sa_type=BigId)
    sealed: str = Field(sa_type=Text)
    expires_at: datetime = Field(index=True)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _place(token_hash: str) -> str:
    return f"credential_file/{token_hash}"


async def add(  # noqa: PLR0913 - whose, what, under which name and for how long
    session: AsyncSession,
    owner: int,
    token: str,
    content: str,
    vault: Vault,
    *,
    now: datetime,
    lifetime: timedelta,
) -> None:
    """Keep a file, sealed, until it is fetched or `lifetime` has passed."""
    await _forget_expired(session, now)
    token_hash = _hash(token)
    session.add(
        CredentialFileRow(
            token_hash=token_hash,
            account_uin=owner,
            sealed=vault.seal(content, _place(token_hash)),
            expires_at=now + lifetime,
        )
    )


async def take(session: AsyncSession, token: str, vault: Vault, now: datetime) -> str | None:
    """Give a file and delete it; of two who ask at once, one gets it."""
    await _forget_expired(session, now)
    token_hash = _hash(token)
    taken = delete(CredentialFileRow).where(col(CredentialFileRow.token_hash) == token_hash)
    result = await session.exec(taken.returning(col(CredentialFileRow.sealed)))
    sealed: str | None = result.scalars().first()
    return None if sealed is None else vault.open(sealed, _place(token_hash))


async def _forget_expired(session: AsyncSession, now: datetime) -> None:
    await session.exec(delete(CredentialFileRow).where(col(CredentialFileRow.expires_at) <= now))
