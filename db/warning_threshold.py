"""The excessive messaging reminder: a count a day where one is on, and told of once (CFG-1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, or_, select, text, update
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db import alarm as alarms
from db import statistic
from db.account import AccountRow
from db.application import ApplicationRow
from db.batch import given
from db.dialect import BigId, choice, insert, is_postgresql
from db.statistic import Scope
from domain import warning_threshold as rules
from domain.alarm import AlarmEvent
from domain.region import Region
from domain.statistic import Span, Totals, day_of
from domain.warning_threshold import OFF, Reminder

KEPT: Final = timedelta(days=7)


class WarningThresholdRow(SQLModel, table=True):
    """The reminder of one application in one region; there is none while there is no row."""

    __tablename__ = "warning_threshold"

    app_id: int = Field(
        primary_key=True,
        foreign_key="application.id",
        sa_type=BigId,
        sa_column_kwargs={"autoincrement": False},
    )
    region: Region = Field(primary_key=True, sa_type=choice(Region))
    enabled: bool
    threshold: int | None = Field(default=None, sa_type=BigId)


class WarningCountRow(SQLModel, table=True):
    """How many messages were sent on one of the account's days; kept only while a reminder is on.

    `raised_at` is when somebody was told of that day.
    """

    __tablename__ = "warning_count"

    app_id: int = Field(primary_key=True, sa_type=BigId, sa_column_kwargs={"autoincrement": False})
    region: Region = Field(primary_key=True, sa_type=choice(Region))
    day: date = Field(primary_key=True)
    sent: int = Field(sa_type=BigId)
    raised_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A reminder with what was sent today, and when somebody was told of today."""

    reminder: Reminder
    sent: int
    raised_at: datetime | None


_THRESHOLD: Final = WarningThresholdRow.metadata.tables["warning_threshold"]
_COUNT: Final = WarningCountRow.metadata.tables["warning_count"]
_APPLICATION: Final = ApplicationRow.metadata.tables["application"]
_Day = tuple[int, Region, date]


async def reminders(session: AsyncSession, app_id: int) -> dict[Region, Reminder]:
    """Give what is set for an application, of every region."""
    columns = _THRESHOLD.c
    query = select(columns.region, columns.enabled, columns.threshold)
    found = await (await session.connection()).execute(query.where(columns.app_id == app_id))
    kept = {region: Reminder(enabled, threshold) for region, enabled, threshold in found}
    return {region: kept.get(region, OFF) for region in Region}


async def show(session: AsyncSession, app_id: int, now: datetime) -> dict[Region, Shown]:
    """Give what is set and how today stands."""
    owner, zone = await _owner(session, app_id)
    day = day_of(now, zone)
    columns = _COUNT.c
    query = select(columns.region, columns.raised_at).where(
        columns.app_id == app_id, columns.day == day
    )
    found = await (await session.connection()).execute(query)
    raised = {region: raised_at for region, raised_at in found}  # noqa: C416 - rows are no pairs
    return {
        region: Shown(
            reminder,
            await _accepted(session, owner, app_id, region, day, zone),
            raised.get(region),
        )
        for region, reminder in (await reminders(session, app_id)).items()
    }


async def begin(session: AsyncSession) -> None:
    """Wait for whoever is counting, and let nobody begin, until the transaction ends.

    Call it before anything else of the transaction: who counts takes this lock before others.
    """
    if is_postgresql(session):
        lock = text("LOCK TABLE warning_threshold IN EXCLUSIVE MODE")
        await (await session.connection()).execute(lock)


async def change(
    session: AsyncSession, app_id: int, wanted: Mapping[Region, Reminder], now: datetime
) -> None:
    """Put reminders in force, after `begin`; each counts from what was sent since midnight.

    Where that has reached the threshold already, somebody is told at once, unless they were today.
    """
    connection = await session.connection()
    owner, zone = await _owner(session, app_id)
    day = day_of(now, zone)
    for region, reminder in sorted(wanted.items()):
        values = {"enabled": reminder.enabled, "threshold": reminder.threshold}
        statement = insert(session, _THRESHOLD).values(app_id=app_id, region=region, **values)
        key = list(_THRESHOLD.primary_key)
        await connection.execute(statement.on_conflict_do_update(index_elements=key, set_=values))
        if reminder.enabled:
            sent = await _accepted(session, owner, app_id, region, day, zone)
            count = insert(session, _COUNT).values(app_id=app_id, region=region, day=day, sent=sent)
            await connection.execute(
                count.on_conflict_do_update(
                    index_elements=list(_COUNT.primary_key), set_={"sent": sent}
                )
            )
    if wanted:
        await _tell(session, [(app_id, region, day) for region in wanted], now)


async def count(session: AsyncSession, sent: Mapping[_Day, int], now: datetime) -> None:
    """Count messages that were accepted, by application, region and the account's day.

    The message that reaches a threshold is in the transaction that tells of it. One statement a
    batch where no application of it reminds.
    """
    if not sent:
        return
    on = await _reminding(session, {app_id for app_id, _, _ in sent})
    added = sorted((*key, amount) for key, amount in sent.items() if key[:2] in on)
    if added:
        await _add(session, added)
        await _tell(session, [key[:3] for key in added], now)


async def forget(session: AsyncSession, app_id: int) -> None:
    """Erase what belonged to an application that is gone."""
    connection = await session.connection()
    for table in (_THRESHOLD, _COUNT):
        await connection.execute(delete(table).where(table.c.app_id == app_id))


async def _reminding(
    session: AsyncSession, app_ids: Iterable[int]
) -> frozenset[tuple[int, Region]]:
    """Name what reminds. The lock on rows is one on the table, too, which `begin` waits for."""
    columns = _THRESHOLD.c
    query = (
        select(columns.app_id, columns.region)
        .where(columns.app_id.in_(app_ids), columns.enabled.is_(True))
        .with_for_update(read=True, key_share=True)
    )
    found = await (await session.connection()).execute(query)
    return frozenset((app_id, region) for app_id, region in found)


async def _add(session: AsyncSession, added: Sequence[tuple[int, Region, date, int]]) -> None:
    connection = await session.connection()
    columns = _COUNT.c
    amounts = {(app_id, region, day): amount for app_id, region, day, amount in added}
    table = given(session, (columns.app_id, columns.region, columns.day, columns.sent), added)
    rows = select(*table.c).order_by(table.c.app_id, table.c.region, table.c.day)
    statement = insert(session, _COUNT).from_select(["app_id", "region", "day", "sent"], rows)
    upsert = statement.on_conflict_do_update(
        index_elements=list(_COUNT.primary_key),
        set_={"sent": columns.sent + statement.excluded.sent},
    ).returning(columns.app_id, columns.region, columns.day, columns.sent)
    for app_id, region, day, sent in (await connection.execute(upsert)).all():
        if sent == amounts[app_id, region, day]:  # the day has just begun
            old = and_(columns.app_id == app_id, columns.day < day - KEPT)
            await connection.execute(delete(_COUNT).where(old))


async def _tell(session: AsyncSession, keys: Iterable[_Day], now: datetime) -> None:
    """Raise the alarm of each day whose count has reached its threshold, once."""
    connection = await session.connection()
    columns, reminder = _COUNT.c, _THRESHOLD.c
    same = and_(reminder.app_id == columns.app_id, reminder.region == columns.region)
    wanted = [
        and_(columns.app_id == app_id, columns.region == region, columns.day == day)
        for app_id, region, day in keys
    ]
    query = (
        select(
            columns.app_id,
            columns.region,
            columns.day,
            reminder.threshold,
            _APPLICATION.c.account_uin,
        )
        .join(reminder.app_id.table, same)
        .join(_APPLICATION, _APPLICATION.c.id == columns.app_id)
        .where(
            or_(*wanted),
            columns.raised_at.is_(None),
            reminder.enabled.is_(True),
            columns.sent >= reminder.threshold,
        )
        .order_by(columns.app_id, columns.region, columns.day)
    )
    for app_id, region, day, threshold, owner in (await connection.execute(query)).all():
        await connection.execute(
            update(_COUNT)
            .where(columns.app_id == app_id, columns.region == region, columns.day == day)
            .values(raised_at=now)
        )
        await alarms.raise_alarm(
            session,
            account_uin=owner,
            app_id=app_id,
            event=AlarmEvent.EXCESS_MESSAGES,
            subject=f"app:{app_id}:{region}:{day}",
            facts={"region": region.value, "threshold": str(threshold), "day": day.isoformat()},
            now=now,
        )


async def _owner(session: AsyncSession, app_id: int) -> tuple[int, ZoneInfo]:
    account = AccountRow.metadata.tables["account"].c
    query = (
        select(account.uin, account.time_zone)
        .join(_APPLICATION, _APPLICATION.c.account_uin == account.uin)
        .where(_APPLICATION.c.id == app_id)
    )
    uin, zone = (await (await session.connection()).execute(query)).one()
    return uin, ZoneInfo(zone)


async def _accepted(  # noqa: PLR0913, PLR0917 - what is counted, and of which day
    session: AsyncSession, owner: int, app_id: int, region: Region, day: date, zone: ZoneInfo
) -> int:
    scope = Scope(owner=owner, region=region, app_id=app_id)
    bars = await statistic.bars(session, scope, Span(rules.bounds(day, zone)))
    return Totals.sum(totals for _, totals in bars).accepted
