"""Frequency limits held against what a worker takes, in the transaction that takes it (CFG-3).

What passed to a number lately stands in one row a number, which the transaction holds while it
decides. So two workers never both see the last place, however many messages each has taken.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, bindparam, case, exists, func, literal, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db import alarm, alarm_contact, allowlist, frequency_book, platform
from db.account import AccountRow
from db.application import ApplicationRow
from db.batch import given
from db.dialect import insert
from db.frequency import DAY, LIMITS, RULE, UsageKey, limits_of
from db.frequency_book import Book
from db.message import TABLE as MESSAGE
from db.queue import Claimed
from domain import frequency as rules
from domain.alarm import FOLD_WINDOW, Alarm, AlarmEvent
from domain.carrier import Answer, Verdict
from domain.frequency import Limits, Moment, Send

_ACCOUNT: Final = AccountRow.metadata.tables["account"]
_APPLICATION: Final = ApplicationRow.metadata.tables["application"]


def _looking() -> Select[Any]:
    columns = _APPLICATION.c
    lists = exists().where(allowlist.TABLE.c.app_id == columns.id)
    heard = alarm_contact.heard(columns.id, AlarmEvent.FREQUENCY_LIMIT)
    return (
        select(
            columns.id, _ACCOUNT.c.uin, _ACCOUNT.c.time_zone, lists, heard, RULE.c.app_id, *LIMITS
        )
        .join(_ACCOUNT, _ACCOUNT.c.uin == columns.account_uin)
        .outerjoin(RULE, RULE.c.app_id == columns.id)
        .where(columns.id.in_(bindparam("app_ids", expanding=True)))
    )


_LOOK: Final = _looking()


@dataclass(slots=True)
class _Application:
    """What decides about the messages of one application, and whether anybody wants to know."""

    account_uin: int
    limits: Limits
    moment: Moment
    day: str
    lists: bool
    heard: bool
    used: int = 0

    def counts(self, message: Claimed) -> bool:
        """Say whether a message takes a place of the day, which it has not taken before."""
        return self.limits.application_per_day is not None and message.counted_on != self.day

    def judge(self, message: Claimed, sends: Sequence[Send], content: str) -> str | None:
        """Say by which code a message is refused; None lets it pass."""
        code = rules.judge(self.limits, sends, content, self.moment)
        most = self.limits.application_per_day
        if code is None and most is not None and self.used >= most and self.counts(message):
            return rules.APPLICATION_DAILY
        return code


_Applications = dict[int, _Application]


async def check(  # noqa: PLR0913 - what is taken, what it says, when, and the settings
    session: AsyncSession,
    batch: Sequence[Claimed],
    texts: Mapping[int, str],
    now: datetime,
    defaults: Limits,
    *,
    fold: timedelta = FOLD_WINDOW,
) -> list[Answer]:
    """Refuse what passes a limit, in the order of the batch, and count what does not.

    Alarm contacts are told of what is refused, no more than once in `fold` of one application.
    `texts` has what each message says. A message that comes again, because a carrier had no room
    or a worker died, is counted as of now instead of as of then.
    """
    # No limit holds for what the platform itself has to say.
    batch = [one for one in batch if one.account_uin != platform.UIN]
    if not batch:
        return []
    applications = await _applications(session, {one.app_id for one in batch}, now, defaults)
    free = await _free(session, batch, applications)
    at = rules.milliseconds(now)
    judged = [
        (message, Send(message.id, at, rules.digest(texts[message.id])))
        for message in batch
        if (message.app_id, message.phone) not in free
    ]
    if not judged:
        return []
    book = await frequency_book.hold(session, judged, now)
    await _hold_days(session, applications)
    refused, counted = _judge(judged, applications, book)
    await frequency_book.write(session, book, now)
    await _write_days(session, applications, counted)
    app_of = {one.id: one.app_id for one in batch}
    await _tell(session, applications, Counter(app_of[no.message_id] for no in refused), now, fold)
    return refused


async def take_back(session: AsyncSession, batch: Sequence[Claimed], now: datetime) -> None:
    """Forget messages that `check` has counted in this transaction and that are not sent.

    Something that is asked after the limits was against them, and no limit may count them.
    """
    gone = {one.id for one in batch}
    nothing = [(one, Send(one.id, rules.milliseconds(now), "")) for one in batch]
    book = await frequency_book.hold(session, nothing, now)
    for key, sends in book.sends.items():
        book.sends[key] = [send for send in sends if send.message_id not in gone]
    await frequency_book.write(session, book, now)
    columns = MESSAGE.c
    counted = select(columns.app_id, columns.counted_on, func.count()).where(
        columns.id.in_(gone), columns.counted_on.is_not(None)
    )
    connection = await session.connection()
    grouped = counted.group_by(columns.app_id, columns.counted_on)
    for app_id, day, places in (await connection.execute(grouped)).all():
        same = (DAY.c.app_id == app_id) & (DAY.c.day == day)
        await connection.execute(update(DAY).where(same).values(used=DAY.c.used - places))


def _judge(
    judged: Iterable[tuple[Claimed, Send]], applications: _Applications, book: Book
) -> tuple[list[Answer], list[tuple[int, str]]]:
    """Give who is refused, and who takes a place of which day; what passes is put in the book."""
    refused: list[Answer] = []
    counted: list[tuple[int, str]] = []
    for message, send in judged:
        application, key = applications[message.app_id], (message.app_id, message.phone)
        sends = rules.others(book.sends[key], message.id)
        code = application.judge(message, sends, send.content)
        if code:
            refused.append(Answer(message.id, Verdict.REFUSED, code=code))
            continue
        book.sends[key] = [*sends, send]
        if application.counts(message):
            application.used += 1
            counted.append((message.id, application.day))
    return refused, counted


async def _tell(
    session: AsyncSession,
    applications: _Applications,
    refused: Mapping[int, int],
    now: datetime,
    fold: timedelta,
) -> None:
    """Raise one alarm for each application whose messages were refused, where anybody listens."""
    alarms = [
        Alarm(
            account_uin=applications[app_id].account_uin,
            event=AlarmEvent.FREQUENCY_LIMIT,
            subject=f"app:{app_id}",
            facts={},
            app_id=app_id,
            times=times,
        )
        for app_id, times in refused.items()
        if applications[app_id].heard
    ]
    if alarms:
        await alarm.raise_alarms(session, alarms, now, fold)


async def _applications(
    session: AsyncSession, app_ids: Collection[int], now: datetime, defaults: Limits
) -> _Applications:
    found = {}
    asked = {"app_ids": list(app_ids)}
    rows = await (await session.connection()).execute(_LOOK, asked)
    for app_id, uin, name, listing, listens, own, *values in rows:
        zone = ZoneInfo(name)
        found[app_id] = _Application(
            account_uin=uin,
            limits=defaults if own is None else limits_of(values),
            moment=Moment.of(now, zone),
            day=now.astimezone(zone).date().isoformat(),
            lists=listing,
            heard=listens,
        )
    return found


async def _free(
    session: AsyncSession, batch: Iterable[Claimed], applications: _Applications
) -> frozenset[UsageKey]:
    """Give the numbers no limit holds for; most applications list none, which costs nothing."""
    asked = {(one.app_id, one.phone) for one in batch if applications[one.app_id].lists}
    return await allowlist.among(session, asked) if asked else frozenset()


async def _hold_days(session: AsyncSession, applications: _Applications) -> None:
    """Hold the day's count of each application that limits it.

    A worker whose clock is behind counts on the day that has begun for others.
    """
    days = sorted(
        (app_id, application.day)
        for app_id, application in applications.items()
        if application.limits.application_per_day is not None
    )
    if not days:
        return
    columns = DAY.c
    table = given(session, (columns.app_id, columns.day), days)
    rows = select(table.c.app_id, table.c.day, literal(0)).order_by(table.c.app_id)
    statement = insert(session, DAY).from_select(["app_id", "day", "used"], rows)
    begins: ColumnElement[bool] = columns.day < statement.excluded.day
    latest: dict[str, Any] = {
        "used": case((begins, 0), else_=columns.used),
        "day": case((begins, statement.excluded.day), else_=columns.day),
    }
    held = statement.on_conflict_do_update(index_elements=[columns.app_id], set_=latest)
    found = await (await session.connection()).execute(
        held.returning(columns.app_id, columns.day, columns.used)
    )
    for app_id, day, used in found.all():
        applications[app_id].day, applications[app_id].used = day, used


async def _write_days(
    session: AsyncSession, applications: _Applications, counted: Sequence[tuple[int, str]]
) -> None:
    if not counted:
        return
    connection = await session.connection()
    used = (
        (app_id, application.used)
        for app_id, application in applications.items()
        if application.limits.application_per_day is not None
    )
    table = given(session, (DAY.c.app_id, DAY.c.used), used)
    same = DAY.c.app_id == table.c.app_id
    await connection.execute(update(DAY).where(same).values(used=table.c.used))
    marked = given(session, (MESSAGE.c.id, MESSAGE.c.counted_on), counted)
    await connection.execute(
        update(MESSAGE).where(MESSAGE.c.id == marked.c.id).values(counted_on=marked.c.counted_on)
    )
