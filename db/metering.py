"""What single messages take when they are accepted, and get back when they are turned down.

Mainland China messages take package units (PKG-4): one row of the ledger a message and package, so
that the ledger is the sum of its messages. Global ones take a place of the account's day (BLK-10).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Insert, Select, Update, bindparam, func, insert, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db import package_watch, quota
from db.batch import awaited, stored
from db.dialect import is_postgresql
from db.message import TABLE as MESSAGE
from db.package import SINGLE, LedgerRow, PackageRow
from db.statistic import zone_of
from domain.package import LedgerKind, allot
from domain.price import RefusedUnits
from domain.quota import GLOBAL_DAILY, Quota
from domain.region import Region
from domain.terms import Terms

_PACKAGE: Final = PackageRow.metadata.tables["package"]
_LEDGER: Final = LedgerRow.metadata.tables["package_ledger"]


class Need(NamedTuple):
    """What one message needs to be sent."""

    message_id: int
    segments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """Who takes, of which region's kind, and on which day of the account."""

    account_uin: int
    region: Region
    day: str
    daily: Quota


class TurnedDown(NamedTuple):
    """A single message that was accepted and is not sent, because of a carrier or before."""

    message_id: int
    account_uin: int
    region: Region
    by_carrier: bool


class _Change(NamedTuple):
    message_id: int
    package_id: int
    units: int


_CHANGED: Final = tuple(_LEDGER.c[name] for name in _Change._fields)
_SUMMED: Final = (_PACKAGE.c.id, _PACKAGE.c.remaining)


def _usable() -> Select[Any]:
    columns, now = _PACKAGE.c, bindparam("now", type_=_PACKAGE.c.expires_at.type)
    return (
        select(columns.id, columns.remaining, package_watch.IS_SET)
        .where(
            columns.account_uin == bindparam("owner"),
            columns.effective_at <= now,
            columns.expires_at > now,
            columns.remaining > 0,
        )
        .order_by(columns.expires_at, columns.id)
        .with_for_update()
    )


_USABLE: Final = _usable()


async def take(
    session: AsyncSession, taker: Taker, needs: Sequence[Need], now: datetime, terms: Terms
) -> frozenset[int]:
    """Take what messages need, in their order; gives those for which too little was left.

    What is taken stays held until the transaction ends, so that no two messages take one unit.
    """
    if taker.region is Region.GLOBAL:
        wanted = len(needs)
        got = await quota.take_some(
            session, taker.account_uin, taker.daily, wanted, scope=taker.day
        )
        return frozenset(need.message_id for need in needs[got:])
    if is_postgresql(session):  # SQLite has one writer, who holds everything
        await package_watch.lock(session, taker.account_uin)
    asked = {"owner": taker.account_uin, "now": now}
    rows = (await (await session.connection()).execute(_USABLE, asked)).all()
    held = [(row.id, row.remaining) for row in rows]
    changes = [_Change(message, package, -units) for message, package, units in allot(needs, held)]
    await _book(session, taker.account_uin, changes, LedgerKind.RESERVE, now)
    if changes and rows[0].watched:
        watch = await package_watch.hold(session, taker.account_uin)
        await package_watch.fallen(session, watch, now, terms)
    taken = {change.message_id for change in changes}
    return frozenset(need.message_id for need in needs if need.message_id not in taken)


async def give_back(
    session: AsyncSession, owner: int, turned_down: Sequence[TurnedDown], now: datetime
) -> None:
    """Return what messages of one account had taken.

    Units of what a carrier refused come back only to packages that return them, as with tasks.
    A message is turned down once, by whoever holds it, so it gets back what it took once.
    """
    by_carrier = {one.message_id: one.by_carrier for one in turned_down}
    in_region = {one.message_id: one.region for one in turned_down}
    mainland = [one for one, region in in_region.items() if region is Region.MAINLAND]
    if mainland:
        await _return_units(session, owner, {one: by_carrier[one] for one in mainland}, now)
    elsewhere = [one for one, region in in_region.items() if region is Region.GLOBAL]
    if elsewhere:
        await _return_places(session, owner, elsewhere)


async def _return_units(
    session: AsyncSession, owner: int, by_carrier: dict[int, bool], now: datetime
) -> None:
    columns = _LEDGER.c
    units = func.sum(columns.units)
    query = (
        select(columns.message_id, columns.package_id, _PACKAGE.c.refused_units, units)
        .join(_PACKAGE, _PACKAGE.c.id == columns.package_id)
        .where(SINGLE, columns.message_id.in_(list(by_carrier)))
        .group_by(columns.message_id, columns.package_id, _PACKAGE.c.refused_units)
        .order_by(columns.message_id, columns.package_id)
    )
    drawn = (await (await session.connection()).execute(query)).all()
    back = [
        _Change(message, package, -int(taken))
        for message, package, terms, taken in drawn
        if taken < 0 and not (by_carrier[message] and terms is RefusedUnits.KEPT)
    ]
    if back:
        watch = await package_watch.hold(session, owner)
        await _book(session, owner, back, LedgerKind.RETURN, now)
        await package_watch.risen(session, watch, now)


async def _return_places(session: AsyncSession, owner: int, ids: Iterable[int]) -> None:
    zone = await zone_of(session, owner)
    query = select(MESSAGE.c.created_at).where(MESSAGE.c.id.in_(list(ids)))
    created = (await (await session.connection()).execute(query)).scalars()
    days = Counter(day_of(at, zone) for at in created)
    for day, places in sorted(days.items()):
        await quota.give_back(session, owner, GLOBAL_DAILY, places, day)


def day_of(at: datetime, zone: ZoneInfo) -> str:
    """Give the account's calendar day that a message accepted at `at` counts on."""
    return at.astimezone(zone).date().isoformat()


async def _book(
    session: AsyncSession,
    owner: int,
    changes: Sequence[_Change],
    kind: LedgerKind,
    now: datetime,
) -> None:
    if not changes:
        return
    connection, postgresql = await session.connection(), is_postgresql(session)
    sums: Counter[int] = Counter()
    for change in changes:
        sums[change.package_id] += change.units
    # The packages are held already, or by the account's watch alone: no order is needed here.
    given = {"given": stored(session, _SUMMED, sorted(sums.items()))}
    await connection.execute(_changing(postgresql=postgresql), given)
    rows = stored(session, _CHANGED, changes)
    constant = {"owner": owner, "kind": kind, "now": now}
    await connection.execute(_writing(postgresql=postgresql), {"given": rows, **constant})


@cache
def _changing(*, postgresql: bool) -> Update:
    table = awaited(_SUMMED, postgresql=postgresql)
    statement = update(_PACKAGE).where(_PACKAGE.c.id == table.c.id)
    return statement.values(remaining=_PACKAGE.c.remaining + table.c.remaining)


@cache
def _writing(*, postgresql: bool) -> Insert:
    columns, rows = _LEDGER.c, awaited(_CHANGED, postgresql=postgresql)
    constant = (
        bindparam("owner", type_=columns.account_uin.type),
        bindparam("kind", type_=columns.kind.type),
        bindparam("now", type_=columns.at.type),
    )
    names = [*_Change._fields, "account_uin", "kind", "at"]
    return insert(_LEDGER).from_select(names, select(*rows.c, *constant))
