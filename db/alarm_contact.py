"""Alarm contacts of applications, and who of them wants to be told of what (ALM-1)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, UniqueConstraint
from sqlmodel import Field, SQLModel, col, delete, exists, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import application as applications
from db import quota as quotas
from db.application import ApplicationRow
from db.dialect import BigId, choice
from db.notification import NotificationRow
from domain import alarm_contact as rules
from domain import email, quota
from domain.alarm import Alarm, AlarmEvent, Language
from domain.alarm_contact import NAME_MOST, Draft
from domain.alarm_text import Application
from domain.errors import Code, Refused


class AlarmContactRow(SQLModel, table=True):
    """One contact of one application; `country` is that of the number."""

    __tablename__ = "alarm_contact"
    __table_args__ = (
        UniqueConstraint("app_id", "phone", name="uq_alarm_contact_phone"),
        UniqueConstraint("app_id", "email", name="uq_alarm_contact_email"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    app_id: int = Field(foreign_key="application.id", sa_type=BigId)
    name: str = Field(max_length=NAME_MOST)
    phone: str | None = Field(default=None, max_length=20)
    country: str | None = Field(default=None, max_length=3)
    email: str | None = Field(default=None, max_length=email.MOST)
    language: Language = Field(sa_type=choice(Language))
    created_at: datetime


class AlarmSubscriptionRow(SQLModel, table=True):
    """One event that one contact is told of."""

    __tablename__ = "alarm_subscription"

    contact_id: int = Field(
        primary_key=True, foreign_key="alarm_contact.id", ondelete="CASCADE", sa_type=BigId
    )
    event: AlarmEvent = Field(primary_key=True, sa_type=choice(AlarmEvent))


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact with the events it is told of."""

    row: AlarmContactRow
    events: frozenset[AlarmEvent]


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody to be told of an event, and the application they are a contact of."""

    account_uin: int
    application: Application
    event: AlarmEvent
    contact: AlarmContactRow


async def app_of(session: AsyncSession, owner: int, contact_id: int) -> int | None:
    """Give the owner's application that a contact belongs to."""
    query = select(AlarmContactRow.app_id).where(AlarmContactRow.id == contact_id)
    app_id = (await session.exec(query)).first()
    return await applications.app_of(session, owner, app_id) if app_id is not None else None


async def of_application(session: AsyncSession, app_id: int) -> Sequence[Contact]:
    """List an application's contacts, the oldest first; there are five at most."""
    query = select(AlarmContactRow).where(AlarmContactRow.app_id == app_id)
    rows = (await session.exec(query.order_by(col(AlarmContactRow.id)))).all()
    events = await _events(session, [row.id for row in rows])
    return [Contact(row, events[row.id]) for row in rows]


async def get(session: AsyncSession, contact_id: int) -> Contact | None:
    """Find a contact whose application is known to be the caller's."""
    query = select(AlarmContactRow).where(AlarmContactRow.id == contact_id)
    row = (await session.exec(query)).first()
    if row is None:
        return None
    return Contact(row, (await _events(session, [row.id]))[row.id])


async def add(
    session: AsyncSession, owner: int, app_id: int, wanted: Draft, now: datetime
) -> Contact:
    """Add a contact; raises Refused when another one of the application is reached the same way.

    The caller has taken the quota, and holds the application from here on.
    """
    await applications.changing(session, owner, app_id)
    await _check_distinct(session, app_id, wanted, besides=None)
    row = AlarmContactRow(app_id=app_id, name=wanted.name, language=wanted.language, created_at=now)
    _reach(row, wanted)
    session.add(row)
    await session.flush()
    _subscribe(session, row, wanted.events)
    return Contact(row, wanted.events)


async def changing(session: AsyncSession, owner: int, contact_id: int) -> Contact:
    """Find a contact and hold its application until the transaction ends; raises Refused."""
    app_id = await app_of(session, owner, contact_id)
    if app_id is not None:
        await applications.changing(session, owner, app_id)
    found = await get(session, contact_id) if app_id is not None else None
    if found is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such alarm contact", "id")
    return found


async def change(session: AsyncSession, found: Contact, wanted: Draft) -> Contact:
    """Edit a contact that is held; raises Refused as `add` does."""
    row = found.row
    await _check_distinct(session, row.app_id, wanted, besides=row.id)
    row.name, row.language = wanted.name, wanted.language
    _reach(row, wanted)
    await _unsubscribe(session, row, found.events - wanted.events)
    _subscribe(session, row, wanted.events - found.events)
    return Contact(row, wanted.events)


async def remove(session: AsyncSession, owner: int, contact_id: int) -> None:
    """Delete a contact for good, and give its place in the quota back; raises Refused.

    The quota comes first: whoever adds holds it before anything else.
    """
    scope = str(await app_of(session, owner, contact_id))
    await quotas.give_back(session, owner, quota.ALARM_CONTACTS, scope=scope)
    found = await changing(session, owner, contact_id)
    await session.delete(found.row)


async def erase(session: AsyncSession, app_id: int) -> None:
    """Delete every contact of an application that is gone for good, and what they were told."""
    await session.exec(delete(NotificationRow).where(col(NotificationRow.app_id) == app_id))
    await session.exec(delete(AlarmContactRow).where(col(AlarmContactRow.app_id) == app_id))


async def subscribers(session: AsyncSession, alarms: Collection[Alarm]) -> Sequence[Subscriber]:
    """Find who may want to be told of any of the alarms, the oldest contact first.

    What concerns an account goes to the contacts of all its applications that are there.
    """
    app_ids = {alarm.app_id for alarm in alarms if alarm.app_id is not None}
    owners = {alarm.account_uin for alarm in alarms if alarm.app_id is None}
    query = (
        select(ApplicationRow, AlarmSubscriptionRow.event, AlarmContactRow)
        .join(AlarmContactRow, col(AlarmContactRow.app_id) == col(ApplicationRow.id))
        .join(AlarmSubscriptionRow, col(AlarmSubscriptionRow.contact_id) == AlarmContactRow.id)
        .where(
            col(AlarmSubscriptionRow.event).in_({alarm.event for alarm in alarms}),
            col(ApplicationRow.deleted_at).is_(None),
            or_(col(ApplicationRow.id).in_(app_ids), col(ApplicationRow.account_uin).in_(owners)),
        )
        .order_by(col(AlarmContactRow.id))
    )
    return [
        Subscriber(app.account_uin, Application(app.id, app.name), AlarmEvent(event), contact)
        for app, event, contact in await session.exec(query)
    ]


def heard(app_id: ColumnElement[int], event: AlarmEvent) -> ColumnElement[bool]:
    """Make the condition that a contact of an application wants to be told of an event."""
    return exists().where(
        col(AlarmContactRow.app_id) == app_id,
        col(AlarmSubscriptionRow.contact_id) == col(AlarmContactRow.id),
        col(AlarmSubscriptionRow.event) == event,
    )


def _reach(row: AlarmContactRow, wanted: Draft) -> None:
    row.phone = wanted.number.e164 if wanted.number else None
    row.country = wanted.number.country if wanted.number else None
    row.email = wanted.email


async def _check_distinct(
    session: AsyncSession, app_id: int, wanted: Draft, *, besides: int | None
) -> None:
    query = select(AlarmContactRow).where(AlarmContactRow.app_id == app_id)
    others = [row for row in await session.exec(query) if row.id != besides]
    rules.check_distinct(wanted, {row.phone for row in others}, {row.email for row in others})


async def _events(
    session: AsyncSession, contact_ids: Collection[int]
) -> Mapping[int, frozenset[AlarmEvent]]:
    query = select(AlarmSubscriptionRow).where(
        col(AlarmSubscriptionRow.contact_id).in_(contact_ids)
    )
    found: dict[int, set[AlarmEvent]] = {contact_id: set() for contact_id in contact_ids}
    for row in await session.exec(query):
        found[row.contact_id].add(row.event)
    return {contact_id: frozenset(events) for contact_id, events in found.items()}


def _subscribe(session: AsyncSession, row: AlarmContactRow, events: Collection[AlarmEvent]) -> None:
    session.add_all(AlarmSubscriptionRow(contact_id=row.id, event=event) for event in events)


async def _unsubscribe(
    session: AsyncSession, row: AlarmContactRow, events: Collection[AlarmEvent]
) -> None:
    await session.exec(
        delete(AlarmSubscriptionRow).where(
            col(AlarmSubscriptionRow.contact_id) == row.id,
            col(AlarmSubscriptionRow.event).in_(events),
        )
    )
