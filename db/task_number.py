"""The numbers a bulk task has while it is filled from customer groups, each once (BLK-11).

A million numbers are looked for among a million others, and a customer may move from one group to
another meanwhile: the index of this table finds each number that was copied before, whatever it
was copied from. Once the check has ended nobody needs its rows, and they go.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import delete, select, true
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db.batch import given
from db.dialect import BigId, insert

ERASED_AT_ONCE: Final = 5_000


class TaskNumberRow(SQLModel, table=True):
    """One number, and the row it was met in first."""

    __tablename__ = "task_number"

    task_id: int = Field(
        primary_key=True,
        foreign_key="bulk_task.id",
        sa_type=BigId,
        sa_column_kwargs={"autoincrement": False},
    )
    phone: str = Field(primary_key=True, max_length=20)
    row_number: int


_TABLE: Final = TaskNumberRow.metadata.tables["task_number"]


async def add(session: AsyncSession, task_id: int, rows: Mapping[str, int]) -> dict[str, int]:
    """Keep numbers with their rows; gives those that were there before, with their first rows."""
    if not rows:
        return {}
    columns = _TABLE.c
    key = (columns.phone, columns.row_number)
    table = given(session, (columns.task_id, *key), ((task_id, *row) for row in rows.items()))
    # Without a WHERE, SQLite takes ON CONFLICT for a join's ON.
    statement = (
        insert(session, _TABLE)
        .from_select(["task_id", "phone", "row_number"], select(*table.c).where(true()))
        .on_conflict_do_nothing()
        .returning(columns.phone)
    )
    connection = await session.connection()
    known = rows.keys() - set((await connection.execute(statement)).scalars())
    if not known:
        return {}
    asked = given(session, (columns.phone,), ((phone,) for phone in known))
    query = select(*key).where(columns.task_id == task_id, columns.phone.in_(select(asked.c.phone)))
    return {found.phone: found.row_number for found in await connection.execute(query)}


async def erase(session: AsyncSession, task_id: int) -> int:
    """Delete some thousand numbers of a task; 0 says that none are left."""
    columns = _TABLE.c
    some = select(columns.phone).where(columns.task_id == task_id).limit(ERASED_AT_ONCE)
    statement = delete(_TABLE).where(columns.task_id == task_id, columns.phone.in_(some))
    gone: int = (await (await session.connection()).execute(statement)).rowcount
    return gone
