"""Alarm contacts for tests, and what is in the outbox for them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from db import alarm, alarm_contact, quota
from db.alarm_contact import Contact
from db.job import JobKind, JobRow
from db.notification import NotificationRow
from db.session import Database
from domain import alarm_contact as rules
from domain.alarm import Alarm, AlarmEvent, Channel, Language
from domain.quota import ALARM_CONTACTS

PHONE = "+8613800138000"
EMAIL = "ann@example.com"
FACTS = {
    AlarmEvent.FREQUENCY_LIMIT: {},
    AlarmEvent.EXCESS_MESSAGES: {"region": "global", "threshold": "5000", "day": "2026-03-02"},
    AlarmEvent.REVIEW_RESULT: {
        "kind": "template",
        "name": "Order",
        "verdict": "approved",
        "reason": "",
    },
    AlarmEvent.PACKAGE: {"remaining": "99", "threshold": "100"},
}


async def add_contact(  # noqa: PLR0913 - whose contact, and how it is told of what
    database: Database,
    owner: int,
    app_id: int,
    now: datetime,
    *,
    phone: str = PHONE,
    email: str = EMAIL,
    events: Collection[AlarmEvent] = tuple(AlarmEvent),
    language: Language | None = Language.ENGLISH,
) -> Contact:
    """Add a contact as the mutation does; Ann is told of everything in both ways."""
    wanted = rules.draft("Ann", phone, email, events, language)
    async with database.write() as session:
        assert await quota.take(session, owner, ALARM_CONTACTS, scope=str(app_id))
        return await alarm_contact.add(session, owner, app_id, wanted, now)


def alarm_of(owner: int, app_id: int | None, event: AlarmEvent, **changes: Any) -> Alarm:
    """Make an alarm with facts that fit."""
    about: dict[str, Any] = {"account_uin": owner, "app_id": app_id, "event": event}
    return Alarm(**{**about, "subject": f"app:{app_id}", "facts": FACTS[event], **changes})


async def ring(database: Database, now: datetime, *alarms: Alarm) -> None:
    """Raise alarms in one transaction."""
    async with database.write() as session:
        await alarm.raise_alarms(session, alarms, now)


async def outbox(database: Database) -> list[NotificationRow]:
    """Give all notifications in the order they were made."""
    async with database.read() as session:
        query = select(NotificationRow).order_by(col(NotificationRow.id))
        return list((await session.exec(query)).all())


async def told(database: Database) -> list[tuple[Channel, str]]:
    """Give by which ways and where contacts are told."""
    return [(row.channel, row.address) for row in await outbox(database)]


async def jobs(database: Database) -> list[JobRow]:
    """Give the tries that were asked for."""
    async with database.read() as session:
        query = select(JobRow).where(col(JobRow.kind) == JobKind.NOTIFY)
        return list((await session.exec(query.order_by(col(JobRow.id)))).all())
