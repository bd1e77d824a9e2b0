"""Receipts move messages, and every count with them, in one transaction (STA-1, STA-4)."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Column, bindparam, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import kept_receipt, message_part, settlement
from db.batch import Rows, awaited, given, stored
from db.dialect import is_postgresql
from db.fate import EVENTS, Fate, Message, move
from db.kept_receipt import Kept
from db.message import CODE_MOST
from db.message import TABLE as MESSAGE
from db.message_part import Part
from db.tally import Tally
from domain import part
from domain.carrier import Answer, Receipt
from domain.message import MessageEvent, MessageStatus, step

OVERTAKES_BY: Final = timedelta(hours=1)
"""How long before the answer to its submission a receipt can have come."""

_BY_ID: Final = MESSAGE.c.id
_BY_REFERENCE: Final = MESSAGE.c.carrier_ref
_COLUMNS: Final = tuple(
    MESSAGE.c["carrier_ref" if name == "reference" else name] for name in Message._fields
)


@dataclass(slots=True)
class _Found:
    """The message of each reference; the rows of the messages are locked."""

    ids: dict[str, int] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    parts: Mapping[int, Sequence[Part]] = field(default_factory=dict)
    """Only of messages of several."""


async def apply(
    session: AsyncSession, brought: Mapping[str, Sequence[Receipt]], now: datetime
) -> None:
    """Move the messages these receipts are about, by carrier; those no message has yet are kept.

    Only legal steps are taken: a receipt that comes twice, or too late, changes nothing. Counts
    are written once for all carriers, in one order, so that two workers never lock each other out.
    """
    fates: list[Fate] = []
    for carrier, receipts in sorted(brought.items()):
        fates += await _fates(session, carrier, receipts, now)
    await _count(session, fates, now)


async def hear(
    session: AsyncSession, carrier: str, receipts: Sequence[Receipt], now: datetime, tally: Tally
) -> None:
    """Do the same where more is counted in one transaction, by `tally`."""
    await move(session, await _fates(session, carrier, receipts, now), tally)


async def _fates(
    session: AsyncSession, carrier: str, receipts: Sequence[Receipt], now: datetime
) -> list[Fate]:
    if not receipts:
        return []
    found = await _find(session, carrier, {receipt.reference for receipt in receipts})
    strange = [receipt for receipt in receipts if receipt.reference not in found.ids]
    await kept_receipt.keep(session, carrier, strange, now)
    return await _heard(session, found, receipts)


async def recorded(
    session: AsyncSession, carrier: str, accepted: Sequence[Answer], tally: Tally
) -> None:
    """Keep the parts of messages that were accepted, and apply receipts that came before.

    The messages are written already; what receipts change is counted in `tally`.
    """
    parts = await message_part.add(session, carrier, accepted)
    ids = {reference: answer.message_id for answer in accepted for reference in answer.references}
    kept = await kept_receipt.take(session, carrier, ids)
    if kept:
        messages = await _locked(session, {ids[one.receipt.reference] for one in kept})
        found = _Found(ids, messages, parts)
        await move(session, await _heard(session, found, _own(found, kept)), tally)


async def join(session: AsyncSession, kept: Sequence[tuple[str, str]], now: datetime) -> None:
    """Apply receipts that are kept, by carrier and reference, to messages that are known.

    On PostgreSQL one transaction may record an answer while another, which does not see it yet,
    keeps the receipt.
    """
    references: defaultdict[str, set[str]] = defaultdict(set)
    for carrier, reference in kept:
        references[carrier].add(reference)
    fates: list[Fate] = []
    for carrier, asked in sorted(references.items()):
        found = await _find(session, carrier, asked)
        taken = await kept_receipt.take(session, carrier, found.ids)
        fates += await _heard(session, found, _own(found, taken))
    await _count(session, fates, now)


async def match(session: AsyncSession, now: datetime, limit: int) -> int:
    """Let unknown messages have up to `limit` receipts that are kept; gives how many moved.

    A receipt is theirs that is about their phone, while nothing else handed to that carrier for
    that phone waits for an answer. Of a message of several parts whose answers never came one
    receipt speaks for all.
    """
    kept = await kept_receipt.of_unknown(session, limit)
    messages = await _locked(session, {one.message_id for one in kept})
    # Another worker may have heard of some of them meanwhile.
    unknown = {
        message_id: message
        for message_id, message in messages.items()
        if message.state is MessageStatus.UNKNOWN
    }
    ids: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for one in kept:
        if one.message_id in unknown:
            ids[one.carrier][one.reference] = one.message_id
    fates: list[Fate] = []
    for carrier, references in ids.items():
        taken = await kept_receipt.take(session, carrier, references)
        # That a part failed decides, whatever came first.
        receipts = sorted((one.receipt for one in taken), key=lambda one: one.delivered)
        left = {one: unknown[one] for one in references.values()}
        for fate in await _heard(session, _Found(references, left), receipts):
            fates.append(fate)
            del unknown[fate.message.id]
    await _count(session, fates, now)
    return len(fates)


async def _find(session: AsyncSession, carrier: str, references: Collection[str]) -> _Found:
    ids = await message_part.named(session, carrier, references)
    if not ids:
        messages = await _lock(session, _BY_REFERENCE, references, {"carrier": carrier})
        return _Found({str(one.reference): one.id for one in messages.values()}, messages)
    # Rows are locked in one order, so that two workers never lock each other out.
    reference, number = MESSAGE.c.carrier_ref, MESSAGE.c.id
    wanted = given(session, (reference,), ((one,) for one in references))
    query = select(reference, number).where(
        MESSAGE.c.carrier == carrier, reference.in_(select(wanted.c.carrier_ref))
    )
    for one, message_id in await (await session.connection()).execute(query):
        ids[one] = max(message_id, ids.get(one, 0))
    messages = await _locked(session, set(ids.values()))
    return _Found(ids, messages, await message_part.of(session, messages))


def _own(found: _Found, kept: Sequence[Kept]) -> list[Receipt]:
    """Leave out what is so old that it is of an earlier message with the same reference."""
    own = []
    for one in kept:
        message = found.messages.get(found.ids[one.receipt.reference])
        if message and one.since >= (message.submitted_at or one.since) - OVERTAKES_BY:
            own.append(one.receipt)
    return own


async def _locked(session: AsyncSession, message_ids: Collection[int]) -> dict[int, Message]:
    return await _lock(session, _BY_ID, message_ids) if message_ids else {}


async def _lock(
    session: AsyncSession,
    column: Column[Any],
    values: Collection[str] | Collection[int],
    parameters: Mapping[str, str] = MappingProxyType({}),
) -> dict[int, Message]:
    rows = _rows(column, postgresql=is_postgresql(session))
    asked = stored(session, (column,), ((value,) for value in values))
    found = await rows.all(session, {"given": asked, **parameters})
    return {row[0]: Message(*row) for row in found}


@cache
def _rows(column: Column[Any], *, postgresql: bool) -> Rows:
    """Make the query that finds messages by `column`, of a carrier where that is a reference."""
    wanted = awaited((column,), postgresql=postgresql)
    query = select(*_COLUMNS).where(column.in_(select(wanted.c[column.name])))
    if column is _BY_REFERENCE:
        query = query.where(MESSAGE.c.carrier == bindparam("carrier"))
    return Rows(query.order_by(MESSAGE.c.id).with_for_update())


async def _heard(session: AsyncSession, found: _Found, receipts: Sequence[Receipt]) -> list[Fate]:
    """Write down what is heard of parts, and give the messages that move."""
    states = {message_id: message.state for message_id, message in found.messages.items()}
    fates: list[Fate] = []
    touched: list[Part] = []
    for receipt in receipts:
        message = found.messages.get(found.ids.get(receipt.reference, 0))
        if message is None:
            continue
        event, at = _event(found.parts.get(message.id, ()), receipt, touched)
        before = states[message.id]
        after = states[message.id] = before if event is None else step(before, event)
        if after is not before:
            # Carriers say it to the minute, which may be before it was submitted.
            done_at = max(at, message.submitted_at or at)
            fates.append(Fate(message, after, receipt.code[:CODE_MOST], done_at))
    await message_part.settle(session, touched)
    return fates


def _event(
    parts: Sequence[Part], receipt: Receipt, touched: list[Part]
) -> tuple[MessageEvent | None, datetime]:
    """Say what a receipt does to its message, and when; the first of each part stands."""
    if not parts:
        return EVENTS[receipt.delivered], receipt.at
    heard = [one for one in parts if one.reference == receipt.reference and one.delivered is None]
    if not heard:
        return None, receipt.at
    for one in heard:
        one.delivered, one.done_at = receipt.delivered, receipt.at
    touched += heard
    event = part.fate(one.delivered for one in parts)
    if event is MessageEvent.DELIVER:
        return event, max(one.done_at or receipt.at for one in parts)
    return event, receipt.at


async def _count(session: AsyncSession, fates: Sequence[Fate], now: datetime) -> None:
    if not fates:
        return
    tally = await Tally.open(session, ())
    await move(session, fates, tally)
    await tally.write(session)
    if any(fate.message.state is not MessageStatus.SUBMITTED for fate in fates):
        await settlement.finish_sent(session, tally.tasks, now)
