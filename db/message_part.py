"""The parts of long messages: each has a receipt of its own, and the message has one fate."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Index, delete, func, literal, select, tuple_, update
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db.batch import given
from db.dialect import BigId
from db.message import TABLE as MESSAGE
from domain.carrier import Answer


class MessagePartRow(SQLModel, table=True):
    """One part of a message of several; `delivered` is None until its receipt comes."""

    __tablename__ = "message_part"
    # Carriers use their ids again after a while, some at once: the newest message has it.
    __table_args__ = (Index(None, "carrier", "reference"),)

    message_id: int = Field(primary_key=True, sa_type=BigId)
    number: int = Field(primary_key=True)
    carrier: str = Field(max_length=40)
    reference: str = Field(max_length=80)
    submitted_at: datetime = Field(index=True)
    delivered: bool | None = None
    done_at: datetime | None = None


@dataclass(slots=True)
class Part:
    """A part as it stands."""

    message_id: int
    number: int
    reference: str
    delivered: bool | None = None
    done_at: datetime | None = None


TABLE: Final = MessagePartRow.metadata.tables["message_part"]
_COLUMNS: Final = TABLE.c


async def add(
    session: AsyncSession, carrier: str, accepted: Sequence[Answer]
) -> dict[int, list[Part]]:
    """Keep the parts of those that have several, and give them; their messages are written."""
    parts = [
        Part(answer.message_id, number, reference)
        for answer in accepted
        if len(answer.references) > 1
        for number, reference in enumerate(answer.references, 1)
    ]
    if not parts:
        return {}
    columns = (_COLUMNS.message_id, _COLUMNS.number, _COLUMNS.reference)
    table = given(
        session, columns, ((part.message_id, part.number, part.reference) for part in parts)
    )
    rows = select(
        table.c.message_id,
        table.c.number,
        literal(carrier),
        table.c.reference,
        MESSAGE.c.submitted_at,
    ).join(MESSAGE, MESSAGE.c.id == table.c.message_id)
    names = ["message_id", "number", "carrier", "reference", "submitted_at"]
    await (await session.connection()).execute(TABLE.insert().from_select(names, rows))
    return _by_message(parts)


async def named(session: AsyncSession, carrier: str, references: Collection[str]) -> dict[str, int]:
    """Give the newest message of each reference that is a part's."""
    wanted = given(session, (_COLUMNS.reference,), ((one,) for one in references))
    query = (
        select(_COLUMNS.reference, func.max(_COLUMNS.message_id))
        .where(_COLUMNS.carrier == carrier, _COLUMNS.reference.in_(select(wanted.c.reference)))
        .group_by(_COLUMNS.reference)
    )
    return {row[0]: row[1] for row in await (await session.connection()).execute(query)}


async def of(session: AsyncSession, message_ids: Collection[int]) -> dict[int, list[Part]]:
    """Give the parts of messages whose rows are locked; a message of one part has none."""
    wanted = given(session, (_COLUMNS.message_id,), ((one,) for one in message_ids))
    query = select(
        _COLUMNS.message_id,
        _COLUMNS.number,
        _COLUMNS.reference,
        _COLUMNS.delivered,
        _COLUMNS.done_at,
    ).where(_COLUMNS.message_id.in_(select(wanted.c.message_id)))
    return _by_message(Part(*row) for row in await (await session.connection()).execute(query))


async def settle(session: AsyncSession, parts: Sequence[Part]) -> None:
    """Write what was heard of parts."""
    if not parts:
        return
    columns = (_COLUMNS.message_id, _COLUMNS.number, _COLUMNS.delivered, _COLUMNS.done_at)
    rows = ((part.message_id, part.number, part.delivered, part.done_at) for part in parts)
    table = given(session, columns, rows)
    statement = update(TABLE).where(
        _COLUMNS.message_id == table.c.message_id, _COLUMNS.number == table.c.number
    )
    heard = statement.values(delivered=table.c.delivered, done_at=table.c.done_at)
    await (await session.connection()).execute(heard)


async def overdue(session: AsyncSession, before: datetime) -> bool:
    """Say whether any part was submitted until `before`: no receipt is waited for any more."""
    query = select(_COLUMNS.message_id).where(_COLUMNS.submitted_at <= before).limit(1)
    return (await (await session.connection()).execute(query)).first() is not None


async def forget(session: AsyncSession, before: datetime, limit: int) -> int:
    """Delete up to `limit` parts that were submitted until `before`, and say how many."""
    old = select(_COLUMNS.message_id, _COLUMNS.number).where(_COLUMNS.submitted_at <= before)
    picked = old.limit(limit).with_for_update(skip_locked=True).cte("picked")
    keys = select(picked.c.message_id, picked.c.number)
    statement = delete(TABLE).where(tuple_(_COLUMNS.message_id, _COLUMNS.number).in_(keys))
    # Counted by what comes back: SQLite's driver gives no row count for a statement with WITH.
    gone = statement.returning(_COLUMNS.number)
    return len((await (await session.connection()).execute(gone)).all())


def _by_message(parts: Iterable[Part]) -> dict[int, list[Part]]:
    found: defaultdict[int, list[Part]] = defaultdict(list)
    for part in parts:
        found[part.message_id].append(part)
    return found
