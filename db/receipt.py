"""Receipts move messages, and every count with them, in one transaction (STA-1, STA-4)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db import kept_receipt
from db.batch import given
from db.message import AWAITED, CODE_MOST, HELD
from db.message import TABLE as MESSAGE
from db.tally import COUNTED, Counted, Tally
from domain.carrier import Answer, Receipt
from domain.message import MessageEvent, MessageStatus, step


class _Awaited(NamedTuple):
    id: int
    state: MessageStatus
    submitted_at: datetime
    counted: Counted


async def apply(session: AsyncSession, carrier: str, receipts: Sequence[Receipt]) -> None:
    """Move the messages these receipts are about; those no message has (yet) are kept.

    Only legal steps are taken: a receipt that comes twice, or too late, changes nothing.
    """
    if not receipts:
        return
    found = await _find(session, carrier, {receipt.reference for receipt in receipts})
    strange = [receipt for receipt in receipts if receipt.reference not in found]
    await kept_receipt.keep(session, carrier, strange)
    tally = await Tally.open(session, (message.counted.account_uin for message in found.values()))
    if await _settle(session, found, receipts, tally):
        await tally.write(session)


async def recorded(
    session: AsyncSession, carrier: str, accepted: Sequence[Answer], tally: Tally
) -> None:
    """Apply receipts that were kept for messages which have become known now."""
    references = [reference for answer in accepted for reference in answer.references]
    receipts = await kept_receipt.take(session, carrier, references)
    if receipts:
        found = await _find(session, carrier, {receipt.reference for receipt in receipts})
        await _settle(session, found, receipts, tally)


async def _settle(
    session: AsyncSession,
    found: dict[str, _Awaited],
    receipts: Sequence[Receipt],
    tally: Tally,
) -> bool:
    """Take the steps that are legal, and say whether there were any."""
    states = {reference: message.state for reference, message in found.items()}
    rows: list[tuple[Any, ...]] = []
    for receipt in receipts:
        message = found.get(receipt.reference)
        if message is None:
            continue
        before = states[receipt.reference]
        event = MessageEvent.DELIVER if receipt.delivered else MessageEvent.FAIL
        after = states[receipt.reference] = step(before, event)
        if after is before:
            continue
        code = receipt.code[:CODE_MOST]
        rows.append((message.id, after, code, receipt.at))
        if receipt.delivered:
            tally.delivered(message.counted, message.submitted_at)
        else:
            tally.failed(message.counted, message.submitted_at, code)
    if rows:
        await _move(session, rows)
    return bool(rows)


async def overdue(session: AsyncSession, before: datetime) -> bool:
    """Say whether any message has waited for its receipt since `before`."""
    query = select(MESSAGE.c.id).where(_waited(before)).limit(1)
    return (await (await session.connection()).execute(query)).first() is not None


async def expire(session: AsyncSession, before: datetime, now: datetime, limit: int) -> int:
    """End up to `limit` messages that have waited since `before`, and say how many.

    No count changes: they stay accepted, and without a receipt.
    """
    expired = step(MessageStatus.SUBMITTED, MessageEvent.EXPIRE)
    picked = (
        select(MESSAGE.c.id)
        .where(_waited(before))
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    statement = update(MESSAGE).where(MESSAGE.c.id.in_(select(picked.c.id)))
    # Counted by what comes back: SQLite's driver gives no row count for a statement with WITH.
    ended = statement.values(state=expired, done_at=now).returning(MESSAGE.c.id)
    return len((await (await session.connection()).execute(ended)).all())


def _waited(before: datetime) -> ColumnElement[bool]:
    # Nobody knows when an unknown one was submitted: not after its lease ended.
    columns, status = MESSAGE.c, MessageStatus
    return or_(
        and_(AWAITED, columns.submitted_at <= before),
        and_(HELD, columns.state == status.UNKNOWN, columns.claimed_until <= before),
    )


async def _find(session: AsyncSession, carrier: str, references: set[str]) -> dict[str, _Awaited]:
    columns = MESSAGE.c
    wanted = given(session, [columns.carrier_ref], ((reference,) for reference in references))
    query = (
        select(columns.carrier_ref, columns.id, columns.state, columns.submitted_at, *COUNTED)
        .where(columns.carrier == carrier, columns.carrier_ref.in_(select(wanted.c.carrier_ref)))
        .order_by(columns.id)
        .with_for_update()
    )
    rows = (await (await session.connection()).execute(query)).all()
    return {row[0]: _Awaited(row[1], row[2], row[3], Counted(*row[4:])) for row in rows}


async def _move(session: AsyncSession, rows: Sequence[tuple[Any, ...]]) -> None:
    columns = MESSAGE.c
    table = given(session, (columns.id, columns.state, columns.code, columns.done_at), rows)
    statement = update(MESSAGE).where(columns.id == table.c.id)
    moved = statement.values(state=table.c.state, code=table.c.code, done_at=table.c.done_at)
    await (await session.connection()).execute(moved)
