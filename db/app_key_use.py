"""Which proofs of AppKeys were used: each is good for one request (API-1)."""

from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Index, and_, bindparam, delete, or_, select
from sqlalchemy.dialects import postgresql as sql
from sqlalchemy.dialects import sqlite
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId, is_postgresql

FORGOTTEN_AT_ONCE: Final = 4
"""More than one, so that what has piled up goes; few, so that no request pays for others."""


class AppKeyUseRow(SQLModel, table=True):
    """One proof, by its digest, and when it was used."""

    __tablename__ = "app_key_use"
    __table_args__ = (Index(None, "used_at"), {"sqlite_with_rowid": False})

    app_id: int = Field(primary_key=True, sa_type=BigId, sa_column_kwargs={"autoincrement": False})
    digest: str = Field(primary_key=True, max_length=64)
    used_at: datetime


TABLE: Final = AppKeyUseRow.metadata.tables["app_key_use"]
_OLD: Final = (
    select(TABLE.c.app_id, TABLE.c.digest)
    .where(TABLE.c.used_at < bindparam("before", type_=TABLE.c.used_at.type))
    .order_by(TABLE.c.used_at)
    .limit(FORGOTTEN_AT_ONCE)
    .with_for_update(skip_locked=True)
)


@cache
def _noting(*, postgresql: bool) -> Any:
    insert = sql.insert(TABLE) if postgresql else sqlite.insert(TABLE)
    return insert.on_conflict_do_nothing().returning(TABLE.c.app_id)


async def note(
    session: AsyncSession, app_id: int, digest: str, now: datetime, before: datetime
) -> bool:
    """Note a use; False where there was one. Some that are older than `before` are forgotten.

    Of requests with one proof that come at once, one waits for the other's end and finds it used.
    """
    connection = await session.connection()
    columns = TABLE.c
    use = {"app_id": app_id, "digest": digest, "used_at": now}
    if (await connection.execute(_noting(postgresql=is_postgresql(session)), use)).first() is None:
        return False
    found = (await connection.execute(_OLD, {"before": before})).all()
    if found:
        same = [and_(columns.app_id == row.app_id, columns.digest == row.digest) for row in found]
        await connection.execute(delete(TABLE).where(or_(*same)))
    return True
