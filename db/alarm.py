"""Alarms, written where what they tell of is written, so that neither is without the other."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import case
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db import alarm_contact, notification
from db.alarm_contact import Subscriber
from db.dialect import BigId, choice, insert
from db.notification import NotificationRow
from domain.alarm import FOLD_WINDOW, FOLDED, SUBJECT_MOST, Alarm, AlarmEvent, Channel
from domain.alarm_text import compose


class AlarmRow(SQLModel, table=True):
    """What was told last of one subject, and what has been folded since.

    `latest` is how often it happened the last time, `folded` how often since `noticed_at` without
    anybody being told, `carried` how often it had been folded when that notice went out.
    """

    __tablename__ = "alarm"

    account_uin: int = Field(
        primary_key=True,
        foreign_key="account.uin",
        sa_type=BigId,
        sa_column_kwargs={"autoincrement": False},
    )
    event: AlarmEvent = Field(primary_key=True, sa_type=choice(AlarmEvent))
    subject: str = Field(primary_key=True, max_length=SUBJECT_MOST)
    noticed_at: datetime
    latest: int = Field(sa_type=BigId)
    folded: int = Field(sa_type=BigId)
    carried: int = Field(sa_type=BigId)


_Audience = tuple[int, int | None, AlarmEvent]
_Subject = tuple[int, AlarmEvent, str]
_TABLE: Final = AlarmRow.metadata.tables["alarm"]


async def raise_alarm(  # noqa: PLR0913 - whose, what, of what, and when
    session: AsyncSession,
    *,
    account_uin: int,
    event: AlarmEvent,
    subject: str,
    facts: Mapping[str, str],
    now: datetime,
    app_id: int | None = None,
    fold: timedelta = FOLD_WINDOW,
) -> None:
    """Tell those who want to know of one thing; see `raise_alarms`."""
    alarm = Alarm(account_uin=account_uin, event=event, subject=subject, facts=facts, app_id=app_id)
    await raise_alarms(session, [alarm], now, fold)


async def raise_alarms(
    session: AsyncSession, alarms: Collection[Alarm], now: datetime, fold: timedelta = FOLD_WINDOW
) -> None:
    """Put what the contacts are to be told into the outbox, in the transaction that is open.

    Each alarm has a subject of its own. What is folded and was told of within `fold` is only
    counted, and the next notice says how many that were. Where nobody wants to know nothing is
    kept, so whoever becomes a contact later is told of the first that happens then.
    """
    wanted: dict[_Audience, list[Subscriber]] = defaultdict(list)
    for each in await alarm_contact.subscribers(session, alarms):
        for app_id in (each.application.id, None):
            wanted[each.account_uin, app_id, each.event].append(each)
    heard = [alarm for alarm in alarms if wanted[_audience(alarm)]]
    due = await _due(session, heard, now, fold)
    rows = [row for alarm in due for row in _notifications(alarm, wanted[_audience(alarm)], now)]
    if rows:
        await notification.add(session, rows, now)


def _audience(alarm: Alarm) -> _Audience:
    return alarm.account_uin, alarm.app_id, alarm.event


async def _due(
    session: AsyncSession, alarms: Sequence[Alarm], now: datetime, fold: timedelta
) -> list[Alarm]:
    """Count what is folded, and give what is to be told with all that happened since the last."""
    counted = {
        (alarm.account_uin, alarm.event, alarm.subject): alarm
        for alarm in alarms
        if alarm.event in FOLDED
    }
    due = [alarm for alarm in alarms if alarm.event not in FOLDED]
    if counted:
        found = await (await session.connection()).execute(_count(session, counted, now, fold))
        for owner, event, subject, folded, carried in found.all():
            if not folded:
                alarm = counted[owner, event, subject]
                due.append(replace(alarm, times=alarm.times + carried))
    return due


def _count(
    session: AsyncSession, counted: Mapping[_Subject, Alarm], now: datetime, fold: timedelta
) -> Any:
    """Make the statement that counts; what comes back with nothing folded is to be told."""
    rows = [
        {
            "account_uin": owner,
            "event": event,
            "subject": subject,
            "noticed_at": now,
            "latest": counted[owner, event, subject].times,
            "folded": 0,
            "carried": 0,
        }
        # In one order, so that two transactions never wait for each other.
        for owner, event, subject in sorted(counted)
    ]
    columns = _TABLE.c
    statement = insert(session, AlarmRow).values(rows)
    new = statement.excluded
    over = columns.noticed_at <= now - fold
    return statement.on_conflict_do_update(
        index_elements=[columns.account_uin, columns.event, columns.subject],
        set_={
            "noticed_at": case((over, new.noticed_at), else_=columns.noticed_at),
            "latest": new.latest,
            "folded": case((over, 0), else_=columns.folded + new.latest),
            "carried": case((over, columns.folded), else_=columns.carried),
        },
    ).returning(
        columns.account_uin, columns.event, columns.subject, columns.folded, columns.carried
    )


def _notifications(
    alarm: Alarm, wanted: Sequence[Subscriber], now: datetime
) -> Iterator[NotificationRow]:
    """Word an alarm for each contact and channel, each address once."""
    reached: set[str] = set()
    for each in wanted:
        contact = each.contact
        about = each.application if alarm.app_id is not None else None
        notice = compose(alarm, contact.language, about, each.application)
        for channel, address in (Channel.SMS, contact.phone), (Channel.EMAIL, contact.email):
            if address is None or address.lower() in reached:
                continue
            reached.add(address.lower())
            by_sms = channel is Channel.SMS
            yield NotificationRow(
                account_uin=alarm.account_uin,
                app_id=each.application.id,
                event=alarm.event,
                channel=channel,
                language=contact.language,
                contact_name=contact.name,
                address=address,
                country=contact.country if by_sms else None,
                subject="" if by_sms else notice.subject,
                body=notice.sms if by_sms else notice.body,
                params=json.dumps(notice.params, ensure_ascii=False) if by_sms else "[]",
                created_at=now,
            )
