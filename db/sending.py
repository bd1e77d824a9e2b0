"""What may be sent at a moment: tasks and applications that have something in the queue."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.account import AccountRow
from db.application import ApplicationRow
from db.message import PARKED, SINGLE
from db.message import TABLE as MESSAGE
from db.task import BulkTaskRow
from domain.message import MessageStatus
from domain.region import SmsType
from domain.task import TaskStatus, marketing_time

TASKS_AT_ONCE: Final = 128
TASKS_OF_AN_ACCOUNT: Final = 4
APPLICATIONS_AT_ONCE: Final = 128

_TASK: Final = BulkTaskRow.metadata.tables["bulk_task"]
_APPLICATION: Final = ApplicationRow.metadata.tables["application"]
_ACCOUNT: Final = AccountRow.metadata.tables["account"]
_Found = Sequence[tuple[int, int]]


class Asked(Protocol):
    """When it is, how long switching takes, and which account was served last."""

    @property
    def now(self) -> datetime:
        """The moment."""

    @property
    def application_delay(self) -> timedelta:
        """How long disabling and enabling an application take (APP-5)."""

    @property
    def after(self) -> int:
        """The account that was served last."""


async def tasks(session: AsyncSession, asked: Asked, carrier: str | None = None) -> _Found:
    """Give account and id of tasks that send and have something queued, oldest first.

    With `carrier` those that have something waiting for it. They begin behind the account served
    last, and of one account there are at most four, so that no answer grows with what is queued.
    """
    account = _TASK.c.account_uin
    there = MESSAGE.c.task_id == _TASK.c.id
    if carrier is None:
        has = exists().where(there, MESSAGE.c.state == MessageStatus.QUEUED)
    else:
        has = exists().where(there, PARKED, MESSAGE.c.carrier == carrier)
    place = func.row_number().over(partition_by=account, order_by=_TASK.c.id)
    asleep = await _asleep(session, asked.now)
    ranked = (
        select(account, _TASK.c.id, place.label("place"))
        .join(_APPLICATION, _APPLICATION.c.id == _TASK.c.app_id)
        .join(_ACCOUNT, _ACCOUNT.c.uin == account)
        .where(
            _TASK.c.status == TaskStatus.SENDING,
            _sends(asked),
            or_(_TASK.c.sms_type != SmsType.MARKETING, _ACCOUNT.c.time_zone.not_in(asleep)),
            has,
        )
        .subquery()
    )
    query = select(ranked.c.account_uin, ranked.c.id).where(ranked.c.place <= TASKS_OF_AN_ACCOUNT)
    return await _in_turn(session, query, asked.after, ranked.c, TASKS_AT_ONCE)


async def applications(
    session: AsyncSession, asked: Asked, carrier: str | None, *, urgent: bool
) -> _Found:
    """Give account and id of applications with single messages queued that send or are deleted.

    With `carrier` those that have some waiting for it. The index is asked for one application
    after the other, so a million messages of one cost no more than one message.
    """
    single = and_(
        SINGLE,
        MESSAGE.c.urgent.is_(urgent),
        MESSAGE.c.carrier.is_(None) if carrier is None else MESSAGE.c.carrier == carrier,
    )
    first = select(func.min(MESSAGE.c.app_id).label("id")).where(single)
    found = first.cte("found", recursive=True)
    following = select(func.min(MESSAGE.c.app_id)).where(single, MESSAGE.c.app_id > found.c.id)
    found = found.union_all(select(following.scalar_subquery()).where(found.c.id.is_not(None)))
    query = (
        select(_APPLICATION.c.account_uin, _APPLICATION.c.id)
        .join(found, found.c.id == _APPLICATION.c.id)
        .where(or_(_sends(asked), _APPLICATION.c.deleted_at.is_not(None)))
    )
    return await _in_turn(session, query, asked.after, _APPLICATION.c, APPLICATIONS_AT_ONCE)


async def _in_turn(
    session: AsyncSession, query: Select[Any], after: int, columns: Any, most: int
) -> _Found:
    ordered = query.order_by(columns.account_uin <= literal(after), columns.account_uin, columns.id)
    found = (await (await session.connection()).execute(ordered.limit(most))).all()
    return [(account_uin, number) for account_uin, number in found]


def _sends(asked: Asked) -> ColumnElement[bool]:
    # What domain.application.status calls a status that sends, as a condition; a test compares.
    wanted, switched = _APPLICATION.c.wanted_enabled, _APPLICATION.c.switched_at
    effective = or_(switched.is_(None), switched <= asked.now - asked.application_delay)
    return and_(
        _APPLICATION.c.deleted_at.is_(None),
        or_(and_(wanted.is_(True), effective), and_(wanted.is_(False), ~effective)),
    )


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
