"""Sessions behind bearer tokens, and the count of tries (ACC-4)."""

import hashlib
from datetime import datetime, timedelta

from sqlmodel import Field, SQLModel, case, col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId, insert
from db.user import UserRow


class SessionRow(SQLModel, table=True):
    """One signed-in session; the token itself is never stored."""

    __tablename__ = "session"

    token_hash: str = Field(primary_key=True, max_length=64)
    user_uin: int = Field(foreign_key="user.uin", index=True, sa_type=BigId)
    created_at: datetime
    expires_at: datetime = Field(index=True)


class AttemptRow(SQLModel, table=True):
    """How often one name or one address has tried since `since`."""

    __tablename__ = "sign_in_attempt"

    key: str = Field(primary_key=True, max_length=128)
    since: datetime = Field(index=True)
    count: int


def _hash(token: str) -> str:
    # The token is 256 random bits: a fast hash is enough and keeps every request fast.
    return hashlib.sha256(token.encode()).hexdigest()


async def open_session(
    session: AsyncSession, user_uin: int, token: str, now: datetime, lifetime: timedelta
) -> None:
    """Remember a new session and drop the user's expired ones."""
    await session.exec(
        delete(SessionRow).where(
            col(SessionRow.user_uin) == user_uin, col(SessionRow.expires_at) <= now
        )
    )
    session.add(
        SessionRow(
            token_hash=_hash(token), user_uin=user_uin, created_at=now, expires_at=now + lifetime
        )
    )


async def holder(session: AsyncSession, token: str, now: datetime) -> UserRow | None:
    """Find who holds `token`, unless it has expired or its user is disabled."""
    query = (
        select(UserRow)
        .join(SessionRow, col(SessionRow.user_uin) == col(UserRow.uin))
        .where(
            SessionRow.token_hash == _hash(token),
            col(SessionRow.expires_at) > now,
            col(UserRow.disabled).is_(False),
        )
    )
    return (await session.exec(query)).first()


async def close_session(session: AsyncSession, token: str) -> None:
    """End one session."""
    await session.exec(delete(SessionRow).where(col(SessionRow.token_hash) == _hash(token)))


async def close_all(session: AsyncSession, user_uin: int) -> None:
    """End every session of a user: log-out everywhere."""
    await session.exec(delete(SessionRow).where(col(SessionRow.user_uin) == user_uin))


async def attempt(session: AsyncSession, key: str, now: datetime, window: timedelta) -> int:
    """Count one more try of `key` and say how many there were within the window."""
    # The key may hold a name somebody typed: bounded, and never readable in the table.
    hashed = _hash(key)
    stale = col(AttemptRow.since) <= now - window
    counted = (
        insert(session, AttemptRow)
        .values(key=hashed, since=now, count=1)
        .on_conflict_do_update(
            index_elements=[col(AttemptRow.key)],
            set_={
                "count": case((stale, 1), else_=col(AttemptRow.count) + 1),
                "since": case((stale, now), else_=col(AttemptRow.since)),
            },
        )
        .returning(col(AttemptRow.count))
    )
    await session.exec(delete(AttemptRow).where(stale, col(AttemptRow.key) != hashed))
    tries: int = (await session.exec(counted)).scalar_one()
    return tries


async def forget_attempts(session: AsyncSession, key: str) -> None:
    """Start counting `key` anew after it signed in."""
    await session.exec(delete(AttemptRow).where(col(AttemptRow.key) == _hash(key)))
