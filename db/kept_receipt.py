"""Receipts no message is known for: they may have overtaken the answer to the submission.

They are kept for as long as receipts are waited for, and a number of each carrier, the newest.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import (
    Index,
    Select,
    and_,
    delete,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    true,
    tuple_,
)
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db.batch import given
from db.dialect import insert
from db.message import CODE_MOST, HELD
from db.message import TABLE as MESSAGE
from db.message_part import TABLE as PART
from domain.carrier import Receipt
from domain.message import MessageStatus

KEPT_MOST: Final = 100_000
"""Receipts of one carrier that are kept."""
REFERENCE_MOST: Final = 80
_PHONE_MOST: Final = 20
_PHONED: Final = text("phone <> ''")


class KeptReceiptRow(SQLModel, table=True):
    """One receipt as the carrier brought it; of one that is repeated the first."""

    __tablename__ = "kept_receipt"
    __table_args__ = (
        Index(None, "carrier", "kept_at"),
        Index(
            "ix_kept_receipt_phone",
            "carrier",
            "phone",
            sqlite_where=_PHONED,
            postgresql_where=_PHONED,
        ),
        Index(None, "kept_at"),
    )

    carrier: str = Field(primary_key=True, max_length=40)
    reference: str = Field(primary_key=True, max_length=REFERENCE_MOST)
    delivered: bool
    code: str = Field(max_length=CODE_MOST)
    at: datetime
    phone: str = Field(max_length=_PHONE_MOST)
    kept_at: datetime


TABLE: Final = KeptReceiptRow.metadata.tables["kept_receipt"]
_COLUMNS: Final = TABLE.c
_RECEIPT: Final = (
    _COLUMNS.reference,
    _COLUMNS.delivered,
    _COLUMNS.code,
    _COLUMNS.at,
    _COLUMNS.phone,
)


class Kept(NamedTuple):
    """A receipt that was kept, and since when."""

    receipt: Receipt
    since: datetime


async def keep(
    session: AsyncSession, carrier: str, receipts: Sequence[Receipt], now: datetime
) -> None:
    """Keep receipts until their messages are known; one that is kept already changes nothing.

    A reference longer than any message's is nobody's.
    """
    # In one order, so that two workers that are brought the same wait for each other; of one
    # reference the first stays the first.
    rows = [
        (
            one.reference,
            one.delivered,
            one.code[:CODE_MOST],
            one.at,
            one.phone if len(one.phone) <= _PHONE_MOST else "",
        )
        for one in sorted(receipts, key=lambda one: one.reference)
        if 0 < len(one.reference) <= REFERENCE_MOST
    ]
    if not rows:
        return
    table = given(session, _RECEIPT, rows)
    at = literal(now, _COLUMNS.kept_at.type)
    # SQLite takes ON CONFLICT behind a SELECT only when that has a WHERE.
    chosen = select(*table.c, literal(carrier), at).where(true())
    names = [*(column.name for column in _RECEIPT), "carrier", "kept_at"]
    statement = insert(session, TABLE).from_select(names, chosen).on_conflict_do_nothing()
    await (await session.connection()).execute(statement)


async def take(session: AsyncSession, carrier: str, references: Collection[str]) -> list[Kept]:
    """Give what is kept for references, and keep it no longer."""
    if not references:
        return []
    asked = given(session, (_COLUMNS.reference,), ((one,) for one in references))
    statement = (
        delete(TABLE)
        .where(_COLUMNS.carrier == carrier, _COLUMNS.reference.in_(select(asked.c.reference)))
        .returning(_COLUMNS.kept_at, *_RECEIPT)
    )
    rows = (await (await session.connection()).execute(statement)).all()
    return [Kept(Receipt(*receipt), since) for since, *receipt in rows]


class OfUnknown(NamedTuple):
    """A receipt that is kept, and the unknown message whose phone it is about."""

    carrier: str
    reference: str
    message_id: int


async def of_unknown(session: AsyncSession, limit: int) -> list[OfUnknown]:
    """Give up to `limit` receipts about unknown messages' phones, as db.receipt.match says."""
    columns = MESSAGE.c
    waiting = (
        select(columns.carrier, columns.phone)
        .where(HELD)
        .group_by(columns.carrier, columns.phone)
        .having(func.count() == 1)
        .correlate(None)
    )
    same_phone = and_(
        _COLUMNS.carrier == columns.carrier,
        _COLUMNS.phone != literal_column("''"),
        _COLUMNS.phone == columns.phone,
        # What came before the message was made is another's.
        _COLUMNS.kept_at >= columns.created_at,
    )
    query = (
        select(_COLUMNS.carrier, _COLUMNS.reference, columns.id)
        .select_from(MESSAGE)
        .join(TABLE, same_phone)
        .where(
            HELD,
            columns.state == MessageStatus.UNKNOWN,
            tuple_(columns.carrier, columns.phone).in_(waiting),
        )
        .order_by(columns.claimed_until)
        .limit(limit)
    )
    rows = await (await session.connection()).execute(query)
    return [OfUnknown(*row) for row in rows]


async def of_known(session: AsyncSession, since: datetime, limit: int) -> list[tuple[str, str]]:
    """Give carrier and reference of up to `limit` kept since then whose message is known now."""
    message, part = MESSAGE.c, PART.c
    whole = and_(message.carrier == _COLUMNS.carrier, message.carrier_ref == _COLUMNS.reference)
    piece = and_(part.carrier == _COLUMNS.carrier, part.reference == _COLUMNS.reference)
    query = (
        select(_COLUMNS.carrier, _COLUMNS.reference)
        .where(_COLUMNS.kept_at >= since, or_(exists().where(whole), exists().where(piece)))
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await (await session.connection()).execute(query)]


async def crowded(session: AsyncSession, most: int = KEPT_MOST) -> dict[str, int]:
    """Give the carriers of which more than `most` are kept, and how many more."""
    number = func.count()
    query = select(_COLUMNS.carrier, number).group_by(_COLUMNS.carrier).having(number > most)
    rows = await (await session.connection()).execute(query)
    return {row[0]: row[1] - most for row in rows}


async def overdue(session: AsyncSession, before: datetime) -> bool:
    """Say whether any was kept until `before`."""
    query = select(_COLUMNS.reference).where(_COLUMNS.kept_at <= before).limit(1)
    return (await (await session.connection()).execute(query)).first() is not None


async def forget(session: AsyncSession, before: datetime, limit: int) -> int:
    """Drop up to `limit` that were kept until `before`, and say how many."""
    old = select(_COLUMNS.carrier, _COLUMNS.reference).where(_COLUMNS.kept_at <= before)
    return await _drop(session, old.limit(limit))


async def crowd_out(session: AsyncSession, carrier: str, number: int) -> int:
    """Drop the oldest of a carrier, and say how many those were."""
    query = select(_COLUMNS.carrier, _COLUMNS.reference).where(_COLUMNS.carrier == carrier)
    return await _drop(session, query.order_by(_COLUMNS.kept_at).limit(number))


async def _drop(session: AsyncSession, which: Select[tuple[str, str]]) -> int:
    """Delete what is picked; what another worker is deleting is left to it."""
    picked = which.with_for_update(skip_locked=True).cte("picked")
    keys = select(picked.c.carrier, picked.c.reference)
    statement = delete(TABLE).where(tuple_(_COLUMNS.carrier, _COLUMNS.reference).in_(keys))
    # Counted by what comes back: SQLite's driver gives no row count for a statement with WITH.
    gone = statement.returning(_COLUMNS.reference)
    return len((await (await session.connection()).execute(gone)).all())
