"""The outbox of notifications: one row a contact and channel, kept for operators to look at."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Index
from sqlmodel import Field, SQLModel, and_, col, delete, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import job as jobs
from db import page as pages
from db.dialect import BigId, choice, insert
from db.job import JobKind
from db.message import MessageRow
from db.page import Key, Order, Slice
from domain import alarm_text, email
from domain.alarm import (
    MESSAGE_STATES,
    AlarmEvent,
    Channel,
    Language,
    NotificationState,
    pause_after,
)
from domain.alarm_contact import NAME_MOST
from domain.errors import Code, Problem, Refused
from domain.message import MessageStatus

ERROR_MOST: Final = 300
KEPT: Final = timedelta(days=90)


class NotificationRow(SQLModel, table=True):
    """One notification as it was worded when it was made.

    `params` fill the platform's template of a text message, whose state is told by `message_id`
    once it is on its way. `attempts` counts tries since it was made or sent again by hand.
    """

    __tablename__ = "notification"
    __table_args__ = (
        Index("ix_notification_created_at", "created_at", "id"),
        Index("ix_notification_account", "account_uin", "created_at", "id"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    app_id: int = Field(sa_type=BigId)
    event: AlarmEvent = Field(sa_type=choice(AlarmEvent))
    channel: Channel = Field(sa_type=choice(Channel))
    language: Language = Field(sa_type=choice(Language))
    contact_name: str = Field(max_length=NAME_MOST)
    address: str = Field(max_length=email.MOST)
    country: str | None = Field(default=None, max_length=3)
    subject: str = Field(max_length=alarm_text.SUBJECT_MOST)
    body: str
    params: str = "[]"
    state: NotificationState = Field(
        default=NotificationState.QUEUED, sa_type=choice(NotificationState)
    )
    attempts: int = 0
    error: str = Field(default="", max_length=ERROR_MOST)
    created_at: datetime
    retry_at: datetime | None = None
    sent_at: datetime | None = None
    message_id: int | None = Field(default=None, sa_type=BigId)


TABLE: Final = NotificationRow.metadata.tables["notification"]


@dataclass(frozen=True, slots=True)
class Listing:
    """Which notifications a list shows, of every account."""

    state: NotificationState | None = None
    account_uin: int | None = None
    event: AlarmEvent | None = None
    channel: Channel | None = None

    def query(self) -> SelectOfScalar[NotificationRow]:
        """Put the conditions together; pages and counts share them."""
        query = select(NotificationRow)
        if self.account_uin is not None:
            query = query.where(NotificationRow.account_uin == self.account_uin)
        if self.event is not None:
            query = query.where(NotificationRow.event == self.event)
        if self.channel is not None:
            query = query.where(NotificationRow.channel == self.channel)
        if self.state is None:
            return query
        said = [status for status, state in MESSAGE_STATES.items() if state is self.state]
        return query.outerjoin(
            MessageRow, col(MessageRow.id) == col(NotificationRow.message_id)
        ).where(
            or_(
                and_(col(MessageRow.id).is_(None), col(NotificationRow.state) == self.state),
                col(MessageRow.state).in_(said),
            )
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a notification is, which of a text message its carrier says."""

    state: NotificationState
    error: str


async def page(
    session: AsyncSession, listing: Listing, *, first: int, after: Key | None
) -> Slice[NotificationRow]:
    """List notifications, newest first."""
    order = Order(col(NotificationRow.created_at), col(NotificationRow.id))
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def count(session: AsyncSession, listing: Listing) -> int:
    """Count what the list shows in all."""
    return await pages.count(session, listing.query())


async def get(session: AsyncSession, notification_id: int) -> NotificationRow | None:
    """Find a notification of any account."""
    query = select(NotificationRow).where(NotificationRow.id == notification_id)
    return (await session.exec(query)).first()


async def standings(
    session: AsyncSession, rows: Collection[NotificationRow]
) -> Mapping[int, Standing]:
    """Say how far each notification is."""
    ids = {row.message_id for row in rows if row.message_id is not None}
    query = select(MessageRow.id, MessageRow.state, MessageRow.code).where(
        col(MessageRow.id).in_(ids)
    )
    found = {key: (state, code) for key, state, code in await session.exec(query)} if ids else {}
    standings = {}
    for row in rows:
        standings[row.id] = Standing(row.state, row.error)
        if row.message_id in found:
            status, code = found[row.message_id]
            state = MESSAGE_STATES[MessageStatus(status)]
            failed = state is NotificationState.FAILED
            error = f"the message was not delivered: {code or status}" if failed else ""
            standings[row.id] = Standing(state, error)
    return standings


async def add(session: AsyncSession, rows: Sequence[NotificationRow], now: datetime) -> None:
    """Put notifications into the outbox, and ask for each to be sent."""
    # In bulk: what concerns an account may have thousands of contacts.
    values = [row.model_dump(exclude={"id"}) for row in rows]
    made = insert(session, TABLE).returning(TABLE.c.id)
    ids = (await (await session.connection()).execute(made, values)).scalars().all()
    await jobs.add_all(session, JobKind.NOTIFY, sorted(ids), due_at=now, now=now)


async def waiting(
    session: AsyncSession, notification_id: int, *, hold: bool = False
) -> NotificationRow | None:
    """Find a notification that is still to be sent, and hold it if wanted."""
    query = select(NotificationRow).where(
        NotificationRow.id == notification_id, NotificationRow.state == NotificationState.QUEUED
    )
    return (await session.exec(query.with_for_update() if hold else query)).first()


def sent(row: NotificationRow, now: datetime, message_id: int | None = None) -> None:
    """Note that a notification which is held has left; a text message tells its state from here."""
    row.state, row.sent_at, row.message_id = NotificationState.SENT, now, message_id
    row.attempts, row.error, row.retry_at = row.attempts + 1, "", None


async def failed(
    session: AsyncSession, row: NotificationRow, error: str, now: datetime, *, for_good: bool
) -> None:
    """Note that a try failed, and ask for the next one where there is one."""
    row.attempts, row.error = row.attempts + 1, error[:ERROR_MOST]
    pause = None if for_good else pause_after(row.attempts)
    if pause is None:
        row.state, row.retry_at = NotificationState.FAILED, None
        return
    row.retry_at = now + pause
    await jobs.add(session, JobKind.NOTIFY, row.id, due_at=row.retry_at, now=now)


async def resend(
    session: AsyncSession, notification_ids: Sequence[int], now: datetime
) -> Sequence[NotificationRow]:
    """Send notifications that failed once more; raises Refused when one of them did not fail."""
    query = select(NotificationRow).where(col(NotificationRow.id).in_(notification_ids))
    query = query.order_by(col(NotificationRow.id)).with_for_update()
    rows = {row.id: row for row in await session.exec(query)}
    found = await standings(session, rows.values())
    problems = []
    for place, notification_id in enumerate(notification_ids):
        field = ("ids", str(place))
        if notification_id not in rows:
            problems.append(Problem(Code.NOT_FOUND, "there is no such notification", field))
        elif found[notification_id].state is not NotificationState.FAILED:
            message = (
                f"the notification is {found[notification_id].state}: only failed ones are sent "
                "once more"
            )
            problems.append(Problem(Code.WRONG_STATE, message, field))
    if problems:
        raise Refused(*problems)
    for row in rows.values():
        row.state, row.attempts, row.error = NotificationState.QUEUED, 0, ""
        row.message_id = row.sent_at = row.retry_at = None
    await jobs.add_all(session, JobKind.NOTIFY, list(rows), due_at=now, now=now)
    return [rows[key] for key in dict.fromkeys(notification_ids)]


async def forget(session: AsyncSession, before: datetime, limit: int) -> int:
    """Delete up to `limit` notifications that were made before a time; gives their number."""
    query = (
        select(NotificationRow.id)
        .where(col(NotificationRow.created_at) < before)
        .order_by(col(NotificationRow.created_at))
        .limit(limit)
    )
    ids = (await session.exec(query)).all()
    if ids:
        await session.exec(delete(NotificationRow).where(col(NotificationRow.id).in_(ids)))
    return len(ids)
