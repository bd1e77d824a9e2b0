"""Watching the balance of packages: the alarm and automatic renewal (PKG-2, PKG-3).

An account has one row, held by whoever changes its units until the change commits. So changes are
looked at one after the other, and each crossing of a threshold is seen by exactly one of them: that
transaction raises the alarm or makes the purchase, or neither happened.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Index, bindparam, exists, or_, text
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import account as accounts
from db import alarm as alarms
from db import package, package_purchase, price_item
from db.dialect import BigId, choice, insert
from domain.alarm import RENEWAL_PROBLEM, AlarmEvent
from domain.package import PACKAGES_MOST
from domain.package_watch import Renewal, RenewalProblem, day_of, next_day
from domain.terms import Terms

_AGAIN = text("renewal_again_at IS NOT NULL")


class WatchRow(SQLModel, table=True):
    """What an account has set, and where its balance was when it was looked at last.

    `alarm_below` and `renewal_below`: this crossing was seen to already; the next is downwards from
    the threshold again. `renewal_problem` is why a renewal that is due was not made, to be tried
    again at `renewal_again_at`; `renewals` were made on the account's day `renewal_day`.
    """

    __tablename__ = "package_watch"
    __table_args__ = (
        Index(
            "ix_package_watch_again",
            "renewal_again_at",
            sqlite_where=_AGAIN,
            postgresql_where=_AGAIN,
        ),
    )

    account_uin: int = Field(
        primary_key=True,
        foreign_key="account.uin",
        sa_type=BigId,
        sa_column_kwargs={"autoincrement": False},
    )
    alarm_enabled: bool = False
    alarm_threshold: int | None = Field(default=None, sa_type=BigId)
    alarm_below: bool = False
    renewal_enabled: bool = False
    renewal_threshold: int | None = Field(default=None, sa_type=BigId)
    renewal_below: bool = False
    renewal_item: int | None = Field(default=None, foreign_key="price_item.id", sa_type=BigId)
    renewal_revision: int | None = None
    renewal_quantity: int | None = None
    renewal_problem: RenewalProblem | None = Field(default=None, sa_type=choice(RenewalProblem))
    renewal_again_at: datetime | None = None
    renewal_day: str = Field(default="", max_length=10)
    renewals: int = 0


_LOCK: Final = (
    select(col(WatchRow.account_uin))
    .where(col(WatchRow.account_uin) == bindparam("owner"))
    .with_for_update()
)
IS_SET: Final = (
    exists()
    .where(
        col(WatchRow.account_uin) == bindparam("owner"),
        or_(col(WatchRow.alarm_enabled), col(WatchRow.renewal_enabled)),
    )
    .label("watched")
)
"""Whether the account `owner` has set an alarm or renewal: a column for whoever asks more."""


async def get(session: AsyncSession, owner: int) -> WatchRow:
    """Show what an account has set; nothing is, while it has no row."""
    query = select(WatchRow).where(WatchRow.account_uin == owner)
    return (await session.exec(query)).first() or WatchRow(account_uin=owner)


async def hold(session: AsyncSession, owner: int) -> WatchRow:
    """Hold the account's row until the transaction ends, before any of its units change."""
    query = (
        select(WatchRow)
        .where(WatchRow.account_uin == owner)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = (await session.exec(query)).first()
    if row is None:
        new = WatchRow(account_uin=owner).model_dump()
        statement = insert(session, WatchRow).values(**new)
        await session.exec(statement.on_conflict_do_nothing())
        row = (await session.exec(query)).one()
    return row


async def lock(session: AsyncSession, owner: int) -> None:
    """Hold the account's row like `hold`, without reading it."""
    asked = {"owner": owner}
    if (await (await session.connection()).execute(_LOCK, asked)).first() is None:
        await hold(session, owner)


async def risen(session: AsyncSession, row: WatchRow, now: datetime) -> None:
    """Look at the balance after units came: a threshold it has reached can be crossed again."""
    if row.alarm_below or row.renewal_below or row.renewal_problem:
        _rearm(row, await package.level(session, row.account_uin, now))


async def fallen(session: AsyncSession, row: WatchRow, now: datetime, terms: Terms) -> None:
    """Look at the balance after units went: renew and tell of it where a threshold is crossed.

    A renewal comes first, so no alarm is raised of a balance that it has lifted again.
    """
    if not row.alarm_enabled and not row.renewal_enabled:
        return
    level = await package.level(session, row.account_uin, now)
    _rearm(row, level)
    if row.renewal_enabled and not row.renewal_below and level < (row.renewal_threshold or 0):
        await _renew(session, row, level, now, terms)
        level = await package.level(session, row.account_uin, now)
        _rearm(row, level)
    if row.alarm_enabled and not row.alarm_below and level < (row.alarm_threshold or 0):
        row.alarm_below = True
        facts = _facts(level, row.alarm_threshold)
        await _tell(session, row, ("package", facts), now, terms)
    await session.flush()


async def set_alarm(
    session: AsyncSession, row: WatchRow, threshold: int | None, now: datetime, terms: Terms
) -> None:
    """Switch the alarm on at a threshold, or off; a balance that is below it already is told of."""
    if threshold is None:
        row.alarm_enabled = False
    elif not row.alarm_enabled or threshold != row.alarm_threshold:
        row.alarm_enabled, row.alarm_threshold, row.alarm_below = True, threshold, False
    await fallen(session, row, now, terms)


async def set_renewal(  # noqa: PLR0913, PLR0917 - whose renewal, below what, of what, and when
    session: AsyncSession,
    row: WatchRow,
    threshold: int,
    item: price_item.PriceItemRow,
    quantity: int,
    now: datetime,
    terms: Terms,
) -> None:
    """Switch renewal on; a balance that is below the threshold already is renewed at once."""
    wanted = (threshold, item.id, item.revision, quantity)
    agreed = (row.renewal_threshold, row.renewal_item, row.renewal_revision, row.renewal_quantity)
    if not row.renewal_enabled or wanted != agreed:
        row.renewal_enabled, row.renewal_below = True, False
        row.renewal_threshold, row.renewal_item, row.renewal_revision, row.renewal_quantity = wanted
        row.renewal_problem = row.renewal_again_at = None
    await fallen(session, row, now, terms)


def stop_renewal(row: WatchRow) -> None:
    """Switch renewal off; what was set is remembered for the form."""
    row.renewal_enabled = False
    row.renewal_problem = row.renewal_again_at = None


def _rearm(row: WatchRow, level: int) -> None:
    if level >= (row.alarm_threshold or 0):
        row.alarm_below = False
    if level >= (row.renewal_threshold or 0):
        row.renewal_below = False
        row.renewal_problem = row.renewal_again_at = None


async def _renew(
    session: AsyncSession, row: WatchRow, level: int, now: datetime, terms: Terms
) -> None:
    owner = await accounts.existing(session, row.account_uin)
    zone = ZoneInfo(owner.time_zone)
    day = day_of(now, zone).isoformat()
    if row.renewal_day != day:
        row.renewal_day, row.renewals = day, 0
    item = await price_item.get(session, row.renewal_item or 0)
    room = await package.held(session, row.account_uin, now) < PACKAGES_MOST
    problem = Renewal(
        on_sale=item is not None and item.on_sale,
        revision=item.revision if item else 0,
        agreed=row.renewal_revision,
        made_today=row.renewals,
        has_room=room,
    ).problem
    if problem is None and item is not None:
        await package_purchase.buy(
            session,
            row.account_uin,
            item,
            row.renewal_quantity or 1,
            now=now,
            terms=terms,
            bought_by=None,
        )
        row.renewals += 1
        row.renewal_below = True
        row.renewal_problem = row.renewal_again_at = None
        return
    if problem is not row.renewal_problem:
        facts = {**_facts(level, row.renewal_threshold), RENEWAL_PROBLEM: str(problem)}
        await _tell(session, row, ("package renewal", facts), now, terms)
    row.renewal_problem, row.renewal_again_at = problem, next_day(now, zone)


async def _tell(
    session: AsyncSession,
    row: WatchRow,
    told: tuple[str, Mapping[str, str]],
    now: datetime,
    terms: Terms,
) -> None:
    subject, facts = told
    await alarms.raise_alarm(
        session,
        account_uin=row.account_uin,
        event=AlarmEvent.PACKAGE,
        subject=subject,
        facts=facts,
        now=now,
        fold=terms.alarm_fold,
    )


def _facts(level: int, threshold: int | None) -> dict[str, str]:
    return {"remaining": str(level), "threshold": str(threshold)}
