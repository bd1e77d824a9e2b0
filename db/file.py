"""Files that people handed in: a row here, the bytes in the store under its key."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel, col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId, choice


class FilePurpose(StrEnum):
    """What a file was handed in as."""

    CERTIFICATE = "certificate"
    AUTHORIZATION = "authorization"
    DOCUMENT = "document"


class FileRow(SQLModel, table=True):
    """One stored file; `size` in bytes, `sha256` in hexadecimal, both of what is stored."""

    __tablename__ = "file"
    # A replaced file's id must not name another file later.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", index=True, sa_type=BigId)
    purpose: FilePurpose = Field(sa_type=choice(FilePurpose))
    media_type: str = Field(max_length=100)
    size: int = Field(sa_type=BigId)
    sha256: str = Field(max_length=64)
    key: str = Field(max_length=200, unique=True)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Bytes that are in the store already and wait for their row."""

    purpose: FilePurpose
    media_type: str
    size: int
    sha256: str
    key: str


async def add(
    session: AsyncSession, owner: int, files: Iterable[StoredFile], now: datetime
) -> dict[FilePurpose, int]:
    """Make the rows of stored files, at most one of each purpose, and give their ids."""
    rows = [
        FileRow(
            account_uin=owner,
            purpose=file.purpose,
            media_type=file.media_type,
            size=file.size,
            sha256=file.sha256,
            key=file.key,
            created_at=now,
        )
        for file in files
    ]
    session.add_all(rows)
    await session.flush()
    return {row.purpose: row.id for row in rows}


async def owned(session: AsyncSession, owner: int, file_id: int) -> FileRow | None:
    """Find one file of this owner."""
    query = select(FileRow).where(FileRow.account_uin == owner, FileRow.id == file_id)
    return (await session.exec(query)).first()


async def handed_in(session: AsyncSession, file_id: int) -> FileRow | None:
    """Find a file of any account; for operators, who review them all."""
    return (await session.exec(select(FileRow).where(FileRow.id == file_id))).first()


async def among(session: AsyncSession, file_ids: Collection[int]) -> Mapping[int, FileRow]:
    """Find the files that rows name which the caller may see already."""
    query = select(FileRow).where(col(FileRow.id).in_(file_ids))
    return {row.id: row for row in await session.exec(query)}


async def remove(session: AsyncSession, owner: int, file_ids: Collection[int]) -> list[str]:
    """Forget files of this owner; gives the keys whose bytes are to be deleted after the commit."""
    if not file_ids:
        return []
    statement = (
        delete(FileRow)
        .where(col(FileRow.account_uin) == owner, col(FileRow.id).in_(file_ids))
        .returning(col(FileRow.key))
    )
    return list((await session.exec(statement)).scalars())
