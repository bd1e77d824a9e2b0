"""The queue of messages: workers claim batches fairly, and record what the carrier answered.

A claim is a lease. When a worker dies, the lease of what it held runs out and the messages are
queued again, although the carrier may have got them: at most one batch a worker is sent twice.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db import claim_lock, receipt, settlement
from db.account import AccountRow
from db.application import ApplicationRow
from db.batch import given
from db.message import CODE_MOST, HELD
from db.message import TABLE as MESSAGE
from db.tally import COUNTED, Counted, Tally
from db.task import BulkTaskRow
from domain.carrier import Answer, Verdict
from domain.message import MessageEvent, MessageStatus, step
from domain.region import Region, SmsType
from domain.task import TaskStatus, marketing_time

TASKS_AT_ONCE: Final = 128
TASKS_OF_AN_ACCOUNT: Final = 4

_TASK: Final = BulkTaskRow.metadata.tables["bulk_task"]
_APPLICATION: Final = ApplicationRow.metadata.tables["application"]
_ACCOUNT: Final = AccountRow.metadata.tables["account"]
_FREE: Final[dict[str, Any]] = {"claimed_by": None, "claimed_until": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who wants how many messages, and for how long; `after` is the account served last."""

    worker: str
    limit: int
    now: datetime
    lease: timedelta
    application_delay: timedelta
    after: int = 0


class Claimed(NamedTuple):
    """What a worker needs to know of a message to submit it."""

    id: int
    account_uin: int
    template_id: int
    signature_id: int | None
    region: Region
    sms_type: SmsType
    phone: str
    params: str
    app_id: int
    counted_on: str | None


_CLAIMED: Final = [MESSAGE.c[name] for name in Claimed._fields]


async def waiting(session: AsyncSession) -> bool:
    """Say whether any task is sending: the cheap question an idle worker asks."""
    query = select(_TASK.c.id).where(_TASK.c.status == TaskStatus.SENDING).limit(1)
    return (await (await session.connection()).execute(query)).first() is not None


async def claim(session: AsyncSession, request: Claim) -> list[Claimed]:
    """Take up to `limit` queued messages of tasks that send from applications that send.

    Accounts share alike, and an account's share is spread over its oldest tasks; what one leaves
    goes to the others, so a million of one account delay ten of another by one batch.
    """
    open_tasks = await _sending(session, request)
    claimed: list[Claimed] = []
    while open_tasks and len(claimed) < request.limit:
        share = max(1, (request.limit - len(claimed)) // len(open_tasks))
        for account_uin, queue in list(open_tasks.items()):
            wanted = min(share, request.limit - len(claimed))
            claimed += await _take_share(session, request, queue, wanted)
            if not queue:
                del open_tasks[account_uin]
    return claimed


@dataclass(slots=True)
class Moved:
    """Messages that were answered, still to be counted, and when that was."""

    at: datetime
    accepted: list[Counted] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    refused: list[tuple[Counted, str]] = field(default_factory=list)


async def move(
    session: AsyncSession, worker: str, carrier: str, answers: Sequence[Answer], moved: Moved
) -> None:
    """Write down what was answered and put what that was into `moved`, for `count`.

    An answer for a message whose lease has run out is dropped: the message was queued again.
    """
    given_by: dict[Verdict, list[Answer]] = {verdict: [] for verdict in Verdict}
    for answer in answers:
        given_by[answer.verdict].append(answer)
    accepted = {
        "state": step(MessageStatus.CLAIMED, MessageEvent.ACCEPT),
        "carrier": carrier,
        "submitted_at": moved.at,
    }
    refused = {"state": step(MessageStatus.CLAIMED, MessageEvent.REFUSE), "done_at": moved.at}
    released = {"state": step(MessageStatus.CLAIMED, MessageEvent.RELEASE)}
    again = given_by[Verdict.THROTTLED] + given_by[Verdict.UNAVAILABLE]
    taken = await _answer(session, worker, given_by[Verdict.ACCEPTED], accepted)
    turned_down = await _answer(session, worker, given_by[Verdict.REFUSED], refused)
    await _answer(session, worker, again, released)
    codes = {answer.message_id: answer.code[:CODE_MOST] for answer in given_by[Verdict.REFUSED]}
    moved.accepted += [message for _, message in taken]
    known = {message_id for message_id, _ in taken}
    moved.answers.setdefault(carrier, []).extend(
        answer for answer in given_by[Verdict.ACCEPTED] if answer.message_id in known
    )
    moved.refused += [(message, codes[message_id]) for message_id, message in turned_down]


async def count(session: AsyncSession, moved: Moved) -> None:
    """Add messages to every count they belong to, and end tasks whose queue is empty.

    Once a transaction: counts are locked in one order, so two workers never lock each other out.
    """
    refused = [message for message, _ in moved.refused]
    if not moved.accepted and not refused:
        return
    tally = await Tally.open(session, {row.account_uin for row in moved.accepted + refused})
    for message in moved.accepted:
        tally.accepted(message, moved.at)
    for message, code in moved.refused:
        tally.refused(message, moved.at, code)
    for carrier, answers in moved.answers.items():
        await receipt.recorded(session, carrier, answers, tally)
    await tally.write(session)
    await _finish(session, tally.tasks, moved.at)


async def record(
    session: AsyncSession, worker: str, carrier: str, answers: Sequence[Answer], now: datetime
) -> None:
    """Write down what was answered, and count it."""
    moved = Moved(now)
    await move(session, worker, carrier, answers, moved)
    await count(session, moved)


async def requeue(session: AsyncSession, now: datetime, worker: str = "") -> int:
    """Queue again what dead workers held, and say how many messages that are.

    Their leases have run out, or they held them under the name of `worker`, which begins only now.
    Those of a task that no longer sends stay unknown: nothing may submit them again.
    """
    lost = step(MessageStatus.CLAIMED, MessageEvent.LOSE)
    queued = step(lost, MessageEvent.RESEND)
    sending = select(_TASK.c.id).where(_TASK.c.status == TaskStatus.SENDING)
    again = update(MESSAGE).where(_lost(now, worker), MESSAGE.c.task_id.in_(sending))
    connection = await session.connection()
    requeued = await connection.execute(again.values(state=queued, **_FREE))
    await connection.execute(update(MESSAGE).where(_lost(now, worker)).values(state=lost))
    return requeued.rowcount


async def overdue(session: AsyncSession, now: datetime) -> bool:
    """Say whether any lease has run out."""
    query = select(MESSAGE.c.id).where(_lost(now)).limit(1)
    return (await (await session.connection()).execute(query)).first() is not None


def _lost(now: datetime, worker: str = "") -> ColumnElement[bool]:
    held = and_(HELD, MESSAGE.c.state == MessageStatus.CLAIMED)
    if not worker:
        return and_(held, MESSAGE.c.claimed_until <= now)
    return and_(held, or_(MESSAGE.c.claimed_until <= now, MESSAGE.c.claimed_by == worker))


def _sends(request: Claim) -> ColumnElement[bool]:
    # What domain.application.status calls a status that sends, as a condition; a test compares.
    wanted, switched = _APPLICATION.c.wanted_enabled, _APPLICATION.c.switched_at
    effective = or_(switched.is_(None), switched <= request.now - request.application_delay)
    return and_(
        _APPLICATION.c.deleted_at.is_(None),
        or_(and_(wanted.is_(True), effective), and_(wanted.is_(False), ~effective)),
    )


async def _sending(session: AsyncSession, request: Claim) -> dict[int, deque[int]]:
    """Give the tasks of each account that may send, beginning behind the account served last."""
    account = _TASK.c.account_uin
    place = func.row_number().over(partition_by=account, order_by=_TASK.c.id)
    asleep = await _asleep(session, request.now)
    ranked = (
        select(account, _TASK.c.id, place.label("place"))
        .join(_APPLICATION, _APPLICATION.c.id == _TASK.c.app_id)
        .join(_ACCOUNT, _ACCOUNT.c.uin == account)
        .where(
            _TASK.c.status == TaskStatus.SENDING,
            _sends(request),
            or_(_TASK.c.sms_type != SmsType.MARKETING, _ACCOUNT.c.time_zone.not_in(asleep)),
        )
        .subquery()
    )
    query = (
        select(ranked.c.account_uin, ranked.c.id)
        .where(ranked.c.place <= TASKS_OF_AN_ACCOUNT)
        .order_by(ranked.c.account_uin <= request.after, ranked.c.account_uin, ranked.c.id)
        .limit(TASKS_AT_ONCE)
    )
    found = (await (await session.connection()).execute(query)).all()
    return {
        account_uin: deque(task_id for _, task_id in group)
        for account_uin, group in groupby(found, key=lambda row: row[0])
    }


async def _asleep(session: AsyncSession, now: datetime) -> list[str]:
    """Give the zones of sending marketing tasks in which it is night: they go on at eight."""
    query = (
        select(_ACCOUNT.c.time_zone)
        .join(_TASK, _TASK.c.account_uin == _ACCOUNT.c.uin)
        .where(_TASK.c.status == TaskStatus.SENDING, _TASK.c.sms_type == SmsType.MARKETING)
        .distinct()
    )
    zones = (await (await session.connection()).execute(query)).scalars()
    return [zone for zone in zones if marketing_time(now, ZoneInfo(zone)) != now]


async def _take_share(
    session: AsyncSession, request: Claim, queue: deque[int], wanted: int
) -> list[Claimed]:
    """Spread one account's share over its tasks; those with no more messages leave the queue."""
    taken: list[Claimed] = []
    while queue and len(taken) < wanted:
        part = max(1, (wanted - len(taken)) // len(queue))
        task_id = queue.popleft()
        found = await _take(session, request, task_id, part)
        taken += found
        if len(found) == part:
            queue.append(task_id)
    return taken


async def _take(session: AsyncSession, request: Claim, task_id: int, limit: int) -> list[Claimed]:
    if not await claim_lock.share(session, task_id):
        return []
    picked = (
        select(MESSAGE.c.id)
        .join(_TASK, _TASK.c.id == MESSAGE.c.task_id)
        .where(
            MESSAGE.c.task_id == task_id,
            MESSAGE.c.state == MessageStatus.QUEUED,
            _TASK.c.status == TaskStatus.SENDING,
        )
        .order_by(MESSAGE.c.id)
        .limit(limit)
        .with_for_update(of=MESSAGE, skip_locked=True)
        .cte("picked")
    )
    statement = (
        update(MESSAGE)
        .where(MESSAGE.c.id.in_(select(picked.c.id)))
        .values(
            state=step(MessageStatus.QUEUED, MessageEvent.CLAIM),
            claimed_by=request.worker,
            claimed_until=request.now + request.lease,
            attempts=MESSAGE.c.attempts + 1,
        )
        .returning(*_CLAIMED)
    )
    rows = (await (await session.connection()).execute(statement)).all()
    return sorted(Claimed(*row) for row in rows)


async def _answer(
    session: AsyncSession, worker: str, answers: Sequence[Answer], values: Mapping[str, Any]
) -> list[tuple[int, Counted]]:
    """Move messages this worker still holds; gives which, and where they count."""
    if not answers:
        return []
    columns = (MESSAGE.c.id, MESSAGE.c.carrier_ref, MESSAGE.c.code)
    rows = (
        (answer.message_id, next(iter(answer.references), None), answer.code[:CODE_MOST] or None)
        for answer in answers
    )
    table = given(session, columns, rows)
    statement = (
        update(MESSAGE)
        .where(
            MESSAGE.c.id == table.c.id,
            MESSAGE.c.state == MessageStatus.CLAIMED,
            MESSAGE.c.claimed_by == worker,
        )
        .values(carrier_ref=table.c.carrier_ref, code=table.c.code, **values, **_FREE)
        .returning(MESSAGE.c.id, *COUNTED)
    )
    moved = (await (await session.connection()).execute(statement)).all()
    return [(row[0], Counted(*row[1:])) for row in moved]


async def _finish(session: AsyncSession, task_ids: Sequence[int], now: datetime) -> None:
    columns = _TASK.c
    query = select(columns.id).where(
        columns.id.in_(task_ids),
        columns.status == TaskStatus.SENDING,
        columns.accepted + columns.refused >= columns.recipients,
    )
    done = await (await session.connection()).execute(query.order_by(columns.id))
    for task_id in done.scalars().all():
        await settlement.finish(session, task_id, now)
