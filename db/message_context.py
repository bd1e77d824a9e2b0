"""What a program gave with a message, to have it back with its receipt and reply (API-1, API-2)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import insert, select
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db.batch import given
from db.dialect import BigId
from db.message import TABLE as MESSAGE
from domain.send import EXTEND_MOST, SENDER_ID_MOST, SESSION_CONTEXT_MOST


class MessageContextRow(SQLModel, table=True):
    """Of a message whose request had any of these; most have no row.

    The message may be in a part of its table that was detached, so nothing refers to it.
    """

    __tablename__ = "message_context"

    message_id: int = Field(
        primary_key=True, sa_type=BigId, sa_column_kwargs={"autoincrement": False}
    )
    account_uin: int = Field(sa_type=BigId)
    session_context: str = Field(default="", max_length=SESSION_CONTEXT_MOST)
    extend: str = Field(default="", max_length=EXTEND_MOST)
    sender_id: str = Field(default="", max_length=SENDER_ID_MOST + 1)


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
