"""What a task takes at the consent, and what comes back at its end (BLK-9, BLK-10, PKG-4)."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import account as accounts
from db import job as jobs
from db import metering, package, package_watch, quota, short_url_binding, task, task_loss
from db import signature as signatures
from db import template as templates
from db.application import ApplicationRow
from db.job import JobKind
from db.message import MessageRow
from db.metering import TurnedDown
from db.review import Reviewed
from db.task import BulkTaskRow
from domain import application, consent
from domain.consent import Standing
from domain.errors import Code, Refused
from domain.message import MessageStatus
from domain.quota import GLOBAL_DAILY, Quota
from domain.region import Region, SmsType
from domain.review import ReviewStatus
from domain.task import TaskEvent, TaskStatus, marketing_time
from domain.terms import Terms

_TO_SEND: Final = (MessageStatus.QUEUED, MessageStatus.WAITING)
_LEFT: Final = (*_TO_SEND, MessageStatus.UNKNOWN)
_NOT_SENT: Final = (*_TO_SEND, MessageStatus.REFUSED, MessageStatus.CANCELLED)
_GIVEN_UP: Final = frozenset({TaskStatus.STOPPED, TaskStatus.CANCELLED, TaskStatus.FAILED})


def daily_quota(terms: Terms) -> Quota:
    """Give the quota of Global messages with this installation's limit (BLK-10)."""
    return replace(GLOBAL_DAILY, limit=terms.global_daily)


def day_of(row: BulkTaskRow, zone: ZoneInfo, now: datetime) -> str:
    """Give the account's calendar day a task is for: that of its time, or today."""
    return (row.scheduled_at or now).astimezone(zone).date().isoformat()


async def standings(
    session: AsyncSession, rows: Sequence[BulkTaskRow], now: datetime, terms: Terms
) -> list[Standing]:
    """Gather what decides whether tasks of one account may be sent, at once for all of them."""
    if not rows:
        return []
    owner = await accounts.existing(session, rows[0].account_uin)
    zone = ZoneInfo(owner.time_zone)
    template_ids = {row.template_id for row in rows}
    found = await templates.among(session, template_ids)
    held = await short_url_binding.held(session, template_ids)
    named = {row.signature_id for row in rows if row.signature_id is not None}
    signed = await signatures.among(session, named)
    apps = await _applications(session, {row.app_id for row in rows})
    days = {day_of(row, zone, now) for row in rows}
    used = await quota.used_in(session, owner.uin, GLOBAL_DAILY, days)
    balance = await package.balance(session, owner.uin, now)
    return [
        Standing(
            status=row.status,
            region=row.region,
            sms_type=row.sms_type,
            recipients=row.recipients,
            segments=row.segments,
            scheduled_at=row.scheduled_at,
            template=_review(found.get(row.template_id)),
            signature=_review(signed.get(row.signature_id or 0)),
            has_signature=row.signature_id is not None,
            application=_status_of(apps.get(row.app_id), now, terms),
            kind=owner.identity,
            zone=zone,
            balance=balance,
            left_today=max(0, terms.global_daily - used.get(day_of(row, zone, now), 0)),
            short_urls=held.get(row.template_id, ()),
        )
        for row in rows
    ]


def _review(row: Reviewed | None) -> ReviewStatus | None:
    return row.status if row is not None and row.deleted_at is None else None


def _status_of(
    app: ApplicationRow | None, now: datetime, terms: Terms
) -> application.Status | None:
    if app is None or app.deleted_at is not None:
        return None
    return application.status(app.wanted_enabled, app.switched_at, now, terms.application_delay)


async def _applications(
    session: AsyncSession, app_ids: Collection[int]
) -> dict[int, ApplicationRow]:
    query = select(ApplicationRow).where(col(ApplicationRow.id).in_(app_ids))
    return {row.id: row for row in await session.exec(query)}


async def consent_to(session: AsyncSession, row: BulkTaskRow, now: datetime, terms: Terms) -> None:
    """Take what a task needs and send it now or at its time; raises Refused.

    The task is held by the caller, its blockers and the consent are checked. What is taken here is
    exact however many tasks are consented to at once.
    """
    task.move(row, TaskEvent.SCHEDULE if row.scheduled_at else TaskEvent.START)
    if row.region is Region.MAINLAND:
        watch = await package_watch.hold(session, row.account_uin)
        await package.reserve(session, row.account_uin, row.segments, task_id=row.id, now=now)
        row.reserved_units = row.segments
        await package_watch.fallen(session, watch, now, terms)
    else:
        owner = await accounts.existing(session, row.account_uin)
        daily = daily_quota(terms)
        row.quota_day = day_of(row, ZoneInfo(owner.time_zone), now)
        if not await quota.take(session, row.account_uin, daily, row.recipients, row.quota_day):
            raise Refused.one(Code.LIMIT_EXCEEDED, daily.exceeded(row.recipients), "id")
    row.fee_micros = consent.fee(row.region, row.segments, terms).amount_micros
    row.consented_at = now
    if row.scheduled_at:
        await jobs.add(session, JobKind.START_TASK, row.id, due_at=row.scheduled_at, now=now)
    else:
        row.started_at = now


async def come_due(session: AsyncSession, task_id: int, now: datetime) -> None:
    """Begin a scheduled task; nothing happens when it was cancelled, or has begun already.

    A worker that was away comes late: marketing then waits for the next morning. A task whose
    application, template or signature was deleted meanwhile, or whose template holds a short URL
    that leads nowhere any more (URL-2), fails, and what it took comes back.
    """
    row = await task.held(session, task_id)
    if row is None or row.status is not TaskStatus.SCHEDULED:
        return
    problem = await task_loss.problem(session, row, now)
    if problem:
        task.move(row, TaskEvent.FAIL)
        row.problem = problem
        row.finished_at = now
        await finish(session, task_id, now)
        return
    owner = await accounts.existing(session, row.account_uin)
    if row.sms_type is SmsType.MARKETING:
        possible = marketing_time(now, ZoneInfo(owner.time_zone))
        if possible > now:
            await jobs.add(session, JobKind.START_TASK, task_id, due_at=possible, now=now)
            return
    task.move(row, TaskEvent.COME_DUE)
    row.started_at = now


async def stop(session: AsyncSession, row: BulkTaskRow, now: datetime) -> None:
    """Stop a running task (BLK-5): what no worker holds yet is not sent; raises Refused."""
    task.move(row, TaskEvent.STOP)
    row.finished_at = now
    if not await finish(session, row.id, now):
        await jobs.add(session, JobKind.SETTLE_TASK, row.id, due_at=now, now=now)


async def cancel(session: AsyncSession, row: BulkTaskRow, now: datetime) -> None:
    """Give a task up before it sends (BLK-6); raises Refused."""
    task.move(row, TaskEvent.CANCEL)
    row.finished_at = now
    await jobs.withdraw(session, JobKind.START_TASK, row.id)
    if row.consented_at:
        await finish(session, row.id, now)


async def finish(session: AsyncSession, task_id: int, now: datetime) -> bool:
    """End a task of which nothing is left to send, and return what it had taken and did not need.

    Call it when no message of the task is left to claim, as often as you like: it settles once.
    False while messages are still to be sent, or their fate is not known. One given up waits only
    for what workers hold: what is unknown is charged whatever becomes of it, and must not keep the
    units of all that was never sent.
    """
    row = await task.held(session, task_id)
    if row is None or row.settled_at or not row.consented_at:
        return True
    if row.status not in _GIVEN_UP and row.status is not TaskStatus.SENDING:
        return False
    if await _any(session, task_id, MessageStatus.CLAIMED):
        return False
    if row.status is TaskStatus.SENDING:
        if await _any(session, task_id, *_LEFT):
            return False
        task.move(row, TaskEvent.FINISH)
        row.finished_at = now
    await _settle(session, row, now)
    return True


async def finish_sent(
    session: AsyncSession,
    task_ids: Sequence[int],
    now: datetime,
    turned_down: Sequence[TurnedDown] = (),
) -> None:
    """End those of these tasks whose every message was submitted or refused.

    Single messages that were turned down get back what they had taken.
    """
    by_account: defaultdict[int, tuple[list[TurnedDown], list[int]]]
    by_account = defaultdict(lambda: ([], []))
    for single in turned_down:
        by_account[single.account_uin][0].append(single)
    for account_uin, task_id in await _sent(session, task_ids):
        by_account[account_uin][1].append(task_id)
    # Accounts in one order: each is held from here on, and two workers must not wait in a circle.
    for account_uin, (singles, tasks) in sorted(by_account.items()):
        if singles:
            await metering.give_back(session, account_uin, singles, now)
        for task_id in tasks:
            await finish(session, task_id, now)


async def _sent(session: AsyncSession, task_ids: Sequence[int]) -> Sequence[tuple[int, int]]:
    if not task_ids:
        return []
    columns = BulkTaskRow
    query = select(columns.account_uin, columns.id).where(
        col(columns.id).in_(task_ids),
        columns.status == TaskStatus.SENDING,
        columns.accepted + columns.refused >= columns.recipients,
    )
    return (await session.exec(query.order_by(col(columns.id)))).all()


async def _settle(session: AsyncSession, row: BulkTaskRow, now: datetime) -> None:
    # What was not sent is usually little, and counting a million that were would take long.
    query = select(func.count(), func.coalesce(func.sum(MessageRow.segments), 0)).where(
        MessageRow.task_id == row.id, col(MessageRow.state).in_(_NOT_SENT)
    )
    recipients, segments = map(int, (await session.exec(query)).one())
    if row.region is Region.MAINLAND:
        row.reserved_units -= await _give_back(session, row, segments, now)
    elif row.quota_day is not None:
        await quota.give_back(session, row.account_uin, GLOBAL_DAILY, recipients, row.quota_day)
        row.fee_micros -= row.fee_micros * segments // max(1, row.segments)
    row.settled_at = now


async def _give_back(session: AsyncSession, row: BulkTaskRow, segments: int, now: datetime) -> int:
    """Return the units of `segments` that were not sent, but those that a price list keeps."""
    if not segments:
        return 0
    query = select(func.coalesce(func.sum(MessageRow.segments), 0)).where(
        MessageRow.task_id == row.id,
        MessageRow.state == MessageStatus.REFUSED,
        col(MessageRow.carrier).is_not(None),
    )
    refused = int((await session.exec(query)).one())
    watch = await package_watch.hold(session, row.account_uin)
    returned = await package.give_back(
        session, row.account_uin, segments - refused, refused, task_id=row.id, now=now
    )
    await package_watch.risen(session, watch, now)
    return returned


async def _any(session: AsyncSession, task_id: int, *states: MessageStatus) -> bool:
    query = select(MessageRow.id).where(
        MessageRow.task_id == task_id, col(MessageRow.state).in_(states)
    )
    return (await session.exec(query.limit(1))).first() is not None
