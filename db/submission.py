"""What became of messages that were claimed, written down and counted in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db import callback, fate, lease, platform, receipt, settlement
from db.batch import Rows, awaited, given, stored
from db.dialect import is_postgresql
from db.message import CODE_MOST
from db.message import TABLE as MESSAGE
from db.metering import TurnedDown
from db.queue import Claimed
from db.tally import Countable, Tally
from domain.callback import StatusEvent
from domain.carrier import Answer, Receipt, Verdict
from domain.message import MessageEvent, MessageStatus, step
from domain.region import Region

_AGAIN: Final = frozenset({Verdict.THROTTLED, Verdict.UNAVAILABLE})
_HELD: Final = (MESSAGE.c.id,)
_TAKEN: Final = tuple(MESSAGE.c[name] for name in ("id", "carrier_ref", "state", "code", "done_at"))


class _Held(NamedTuple):
    """A message that its worker still holds, and where it counts."""

    id: int
    account_uin: int
    region: Region
    app_id: int
    template_id: int
    country: str
    task_id: int | None
    segments: int
    phone: str


_Refused = tuple[Claimed | _Held, str]
_Settled = tuple[_Held, Receipt]


@dataclass(slots=True)
class Moved:
    """Messages that were answered, still to be counted, and when that was.

    `settled` are those of the accepted whose receipt was there with the answer, `receipts` what
    is about other messages.
    """

    at: datetime
    accepted: list[Countable] = field(default_factory=list)
    settled: list[_Settled] = field(default_factory=list)
    refused: list[_Refused] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    receipts: dict[str, list[Receipt]] = field(default_factory=dict)


async def move(  # noqa: PLR0913, PLR0917 - whose answers they are, and what came with them
    session: AsyncSession,
    worker: str,
    carrier: str,
    answers: Sequence[Answer],
    receipts: Sequence[Receipt],
    moved: Moved,
) -> None:
    """Write down what a carrier answered and put what that was into `moved`, for `count`.

    An answer for a message whose lease has run out is dropped: the message was queued again.
    A message of one part is written once, answer and receipt, when `receipts` has its receipt.
    """
    if not answers:
        moved.receipts.setdefault(carrier, []).extend(receipts)
        return
    held = await _held(session, worker, answers)
    # What a worker held, lost and took again is answered twice; once the carrier has it counts.
    one_each: dict[int, Answer] = {}
    for answer in answers:
        known = answer.message_id in one_each and answer.verdict is not Verdict.ACCEPTED
        if answer.message_id in held and not known:
            one_each[answer.message_id] = answer
    given_by: dict[Verdict, list[Answer]] = {verdict: [] for verdict in Verdict}
    for answer in one_each.values():
        given_by[answer.verdict].append(answer)
    accepted, turned_down = given_by[Verdict.ACCEPTED], given_by[Verdict.REFUSED]
    early, others = _early(accepted, receipts)
    await _accept(session, carrier, accepted, early, moved.at)
    refused = [(held[one.message_id], one.code[:CODE_MOST]) for one in turned_down]
    await _refuse(session, refused, moved.at)
    await lease.release(session, [one.message_id for again in _AGAIN for one in given_by[again]])
    await lease.lose(session, given_by[Verdict.UNKNOWN], moved.at)
    moved.accepted += [held[answer.message_id] for answer in accepted]
    moved.settled += [(held[message_id], one) for message_id, one in early.items()]
    moved.refused += refused
    left = [answer for answer in accepted if answer.message_id not in early]
    moved.answers.setdefault(carrier, []).extend(left)
    moved.receipts.setdefault(carrier, []).extend(others)


async def refuse(
    session: AsyncSession, chosen: Iterable[tuple[Claimed, str]], moved: Moved
) -> None:
    """Turn down messages that are picked and not taken, each by a rule's code."""
    refused: list[_Refused] = [(message, code[:CODE_MOST]) for message, code in chosen]
    # No carrier was asked, not even the one that some have waited for: their units come back.
    await _refuse(session, refused, moved.at, carrier=None)
    moved.refused += refused


async def count(session: AsyncSession, moved: Moved) -> None:
    """Add messages to every count they belong to, and end tasks whose queue is empty.

    Once a transaction: counts are locked in one order, so two workers never lock each other out.
    """
    if not (moved.accepted or moved.refused or any(moved.receipts.values())):
        return
    refused = [message for message, _ in moved.refused]
    tally = await Tally.open(session, {row.account_uin for row in (*moved.accepted, *refused)})
    for message in moved.accepted:
        tally.accepted(message, moved.at)
    for one, code in moved.refused:
        tally.refused(one, moved.at, code)
    await fate.count_settled(session, moved.settled, moved.at, tally)
    for carrier, answers in moved.answers.items():
        await receipt.recorded(session, carrier, answers, tally)
    for carrier, receipts in sorted(moved.receipts.items()):
        await receipt.hear(session, carrier, receipts, moved.at, tally)
    await tally.write(session)
    await settlement.finish_sent(session, tally.tasks, moved.at, _singles(moved.refused))
    await tell(session, moved)


async def tally_refused(session: AsyncSession, refused: Sequence[_Refused], at: datetime) -> None:
    """Add messages that were turned down as they came to the counts they belong to."""
    if not refused:
        return
    tally = await Tally.open(session, {message.account_uin for message, _ in refused})
    for message, code in refused:
        tally.refused(message, at, code)
    await tally.write(session)


async def tell(session: AsyncSession, moved: Moved) -> None:
    """Tell of the messages that were turned down, and that no receipt will follow for."""
    await callback.status(session, [_event(one, code, moved.at) for one, code in moved.refused])


async def record(
    session: AsyncSession, worker: str, carrier: str, answers: Sequence[Answer], now: datetime
) -> None:
    """Write down what a carrier answered, and count it."""
    moved = Moved(now)
    await move(session, worker, carrier, answers, (), moved)
    await count(session, moved)


@cache
def _held_by(*, postgresql: bool) -> Rows:
    wanted = awaited(_HELD, postgresql=postgresql)
    query = (
        select(*(MESSAGE.c[name] for name in _Held._fields))
        .where(
            MESSAGE.c.id.in_(select(wanted.c.id)),
            MESSAGE.c.state == MessageStatus.CLAIMED,
            MESSAGE.c.claimed_by == bindparam("worker"),
        )
        .order_by(MESSAGE.c.id)
        .with_for_update()
    )
    return Rows(query)


async def _held(session: AsyncSession, worker: str, answers: Sequence[Answer]) -> dict[int, _Held]:
    """Give the messages that are answered and that this worker still holds."""
    ids = stored(session, _HELD, ((answer.message_id,) for answer in answers))
    rows = _held_by(postgresql=is_postgresql(session))
    found = await rows.all(session, {"given": ids, "worker": worker})
    return {row[0]: _Held(*row) for row in found}


def _early(
    accepted: Sequence[Answer], receipts: Sequence[Receipt]
) -> tuple[dict[int, Receipt], list[Receipt]]:
    """Find the receipts of messages of one part by message, and give the others."""
    if not receipts:
        return {}, []
    whole = {answer.references[0]: answer for answer in accepted if len(answer.references) == 1}
    early: dict[int, Receipt] = {}
    others = []
    for one in receipts:
        answer = whole.get(one.reference)
        if answer is None or answer.message_id in early:
            others.append(one)
        else:
            early[answer.message_id] = one
    return early, others


async def _accept(
    session: AsyncSession,
    carrier: str,
    answers: Sequence[Answer],
    early: Mapping[int, Receipt],
    now: datetime,
) -> None:
    if not answers:
        return
    taken = step(MessageStatus.CLAIMED, MessageEvent.ACCEPT)
    states = {delivered: step(taken, event) for delivered, event in fate.EVENTS.items()}
    rows: list[tuple[Any, ...]] = []
    for answer in answers:
        reference, one = next(iter(answer.references), None), early.get(answer.message_id)
        if one is None:
            rows.append((answer.message_id, reference, taken, None, None))
        else:
            done_at = max(one.at, now)
            state = states[one.delivered]
            rows.append((answer.message_id, reference, state, one.code[:CODE_MOST], done_at))
    table = given(session, _TAKEN, rows)
    own: dict[str, Any] = {column.name: table.c[column.name] for column in _TAKEN[1:]}
    own |= {"carrier": carrier, "submitted_at": now, **lease.FREE}
    statement = update(MESSAGE).where(MESSAGE.c.id == table.c.id)
    await (await session.connection()).execute(statement.values(own))


async def _refuse(
    session: AsyncSession, refused: Sequence[_Refused], now: datetime, **changes: None
) -> None:
    rows = [(message.id, code) for message, code in refused]
    values = {"state": step(MessageStatus.CLAIMED, MessageEvent.REFUSE), "done_at": now, **changes}
    await _write(session, "code", rows, values)


async def _write(
    session: AsyncSession,
    name: str,
    rows: Sequence[tuple[int, str | None]],
    values: Mapping[str, Any],
) -> None:
    """Give messages that are held these values, each its own in the column `name`."""
    if not rows:
        return
    table = given(session, (MESSAGE.c.id, MESSAGE.c[name]), rows)
    statement = update(MESSAGE).where(MESSAGE.c.id == table.c.id)
    own = {name: table.c[name], **values, **lease.FREE}
    await (await session.connection()).execute(statement.values(own))


def _singles(refused: Sequence[_Refused]) -> list[TurnedDown]:
    """Give the single messages among them: each has taken for itself, and gets it back itself."""
    return [
        # What a rule turns down comes straight from the queue, what a carrier does was held.
        TurnedDown(one.id, one.account_uin, one.region, by_carrier=isinstance(one, _Held))
        for one, _ in refused
        if one.task_id is None and one.account_uin != platform.UIN
    ]


def _event(message: Claimed | _Held, code: str, at: datetime) -> StatusEvent:
    return StatusEvent(
        account_uin=message.account_uin,
        app_id=message.app_id,
        message_id=message.id,
        phone=message.phone,
        delivered=False,
        code=code,
        at=at,
    )
