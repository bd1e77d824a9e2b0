"""What a program gave with a message, to have it back with its receipt and reply (API-1, API-2)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Select, TableClause, column, delete, func, insert, select, table
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db.batch import given
from db.dialect import BigId
from db.message import TABLE as MESSAGE
from domain.send import EXTEND_MOST, SENDER_ID_MOST, SESSION_CONTEXT_MOST


class MessageContextRow(SQLModel, table=True):
    """Of a message whose request had any of these; most have no row.

    Nothing refers to its message, whose table may be partitioned. It is erased before the
    message's month is detached, and when the application is erased for good.
    """

    __tablename__ = "message_context"

    message_id: int = Field(
        primary_key=True, sa_type=BigId, sa_column_kwargs={"autoincrement": False}
    )
    account_uin: int = Field(sa_type=BigId)
    session_context: str = Field(default="", max_length=SESSION_CONTEXT_MOST)
    extend: str = Field(default="", max_length=EXTEND_MOST)
    sender_id: str = Field(default="", max_length=SENDER_ID_MOST + 1)


ERASED_AT_ONCE: Final = 5_000
TABLE: Final = MessageContextRow.metadata.tables["message_context"]


async def add(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what came with messages."""
    if rows:
        await (await session.connection()).execute(insert(TABLE), rows)


async def among(
    session: AsyncSession, message_ids: Collection[int]
) -> Mapping[int, MessageContextRow]:
    """Give what is kept of these messages, by message: one statement."""
    if not message_ids:
        return {}
    ids = given(session, (MESSAGE.c.id,), ((one,) for one in sorted(message_ids)))
    columns = [TABLE.c[name] for name in MessageContextRow.model_fields]
    query = select(*columns).join(ids, ids.c.id == TABLE.c.message_id)
    found = (await (await session.connection()).execute(query)).all()
    return {row.message_id: MessageContextRow(**row._mapping) for row in found}  # noqa: SLF001 - its public name in SQLAlchemy


async def erase_month(session: AsyncSession, part: str) -> int:
    """Erase some of what came with the messages of a part of their table; gives how many."""
    messages = table(part, column("id"))
    first, last = (select(end(messages.c.id)).scalar_subquery() for end in (func.min, func.max))
    return await _erase(session, _of(messages).where(TABLE.c.message_id.between(first, last)))


async def erase_application(session: AsyncSession, app_id: int) -> int:
    """Erase some of what came with the messages of an application; gives how many."""
    return await _erase(session, _of(MESSAGE).where(MESSAGE.c.app_id == app_id))


def _of(messages: TableClause) -> Select[tuple[int]]:
    return select(TABLE.c.message_id).join(messages, messages.c.id == TABLE.c.message_id)


async def _erase(session: AsyncSession, which: Select[tuple[int]]) -> int:
    statement = delete(TABLE).where(TABLE.c.message_id.in_(which.limit(ERASED_AT_ONCE)))
    return (await (await session.connection()).execute(statement)).rowcount
