"""Clicks on short URLs (URL-2), rolled up as they come in, so that no page scans them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import CursorResult, delete, select, tuple_, update
from sqlmodel import Field, SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from db.account import AccountRow
from db.dialect import BigId, insert
from db.short_url import ShortUrlRow, ShortUrlTemplateRow
from domain.click import ADDRESS_MOST


class ShortUrlVisitorRow(SQLModel, table=True):
    """How often one visitor clicked on one day of the account's time zone, first and last."""

    __tablename__ = "short_url_visitor"

    short_url_id: int = Field(primary_key=True, foreign_key="short_url.id", sa_type=BigId)
    day: date = Field(primary_key=True, index=True)
    address: str = Field(primary_key=True, max_length=ADDRESS_MOST)
    clicks: int = Field(sa_type=BigId)
    first_at: datetime
    last_at: datetime


class ShortUrlHourRow(SQLModel, table=True):
    """Clicks in one hour of the account's time zone; `hour` is its start in UTC.

    `clickers` first clicked on that day within it, so those of a day add up to its visitors, also
    when their addresses are forgotten.
    """

    __tablename__ = "short_url_hour"

    short_url_id: int = Field(primary_key=True, foreign_key="short_url.id", sa_type=BigId)
    hour: datetime = Field(primary_key=True)
    clicks: int = Field(sa_type=BigId)
    clickers: int = Field(sa_type=BigId)


class Destination(NamedTuple):
    """Where a code leads, and by whose days its clicks are counted."""

    short_url_id: int
    target: str
    expires_at: datetime
    deleted_at: datetime | None
    zone: ZoneInfo


class Click(NamedTuple):
    """One click that counts: where, when, and on which day and in which hour of the account."""

    short_url_id: int
    address: str
    at: datetime
    day: date
    hour: datetime


_VISITOR: Final = ShortUrlVisitorRow.metadata.tables["short_url_visitor"]
_HOUR: Final = ShortUrlHourRow.metadata.tables["short_url_hour"]
_VISITOR_KEY: Final = tuple(_VISITOR.primary_key)
_HOUR_KEY: Final = tuple(_HOUR.primary_key)


async def destinations(session: AsyncSession, codes: Collection[str]) -> Mapping[str, Destination]:
    """Find where codes lead; those that never were are left out."""
    query = (
        select(
            col(ShortUrlRow.code),
            col(ShortUrlRow.id),
            col(ShortUrlRow.target),
            col(ShortUrlRow.expires_at),
            col(ShortUrlRow.deleted_at),
            col(AccountRow.time_zone),
        )
        .join(AccountRow, col(AccountRow.uin) == col(ShortUrlRow.account_uin))
        .where(col(ShortUrlRow.code).in_(codes))
    )
    found = await (await session.connection()).execute(query)
    return {
        code: Destination(key, target, expires_at, deleted_at, ZoneInfo(zone))
        for code, key, target, expires_at, deleted_at, zone in found
    }


async def count(session: AsyncSession, clicks: Iterable[Click]) -> None:
    """Count a batch of clicks, each visitor and each hour once.

    Rows are written in the order of their keys, so that transactions that touch the same rows wait
    for each other instead of locking each other out.
    """
    visitors: dict[tuple[Any, ...], dict[str, Any]] = {}
    hours: dict[tuple[Any, ...], dict[str, Any]] = {}
    first_hours: dict[tuple[Any, ...], tuple[int, datetime]] = {}
    for click in sorted(clicks, key=lambda click: click.at):
        key = (click.short_url_id, click.day, click.address)
        hour = (click.short_url_id, click.hour)
        visit = visitors.setdefault(
            key, {**_named(_VISITOR_KEY, key), "clicks": 0, "first_at": click.at}
        )
        visit |= {"clicks": visit["clicks"] + 1, "last_at": click.at}
        first_hours.setdefault(key, hour)
        hours.setdefault(hour, {**_named(_HOUR_KEY, hour), "clicks": 0, "clickers": 0})
        hours[hour]["clicks"] += 1
    for row in await _count_visitors(session, [visitors[key] for key in sorted(visitors)]):
        *key_of_row, clicked = row
        # Whoever has as many clicks as were added had none before.
        if clicked == visitors[tuple(key_of_row)]["clicks"]:
            hours[first_hours[tuple(key_of_row)]]["clickers"] += 1
    statement = insert(session, _HOUR)
    added = {name: _HOUR.c[name] + statement.excluded[name] for name in ("clicks", "clickers")}
    upsert = statement.on_conflict_do_update(index_elements=list(_HOUR_KEY), set_=added)
    await (await session.connection()).execute(upsert, [hours[key] for key in sorted(hours)])


async def _count_visitors(
    session: AsyncSession, rows: list[dict[str, Any]]
) -> Sequence[tuple[Any, ...]]:
    statement = insert(session, _VISITOR)
    upsert = statement.on_conflict_do_update(
        index_elements=list(_VISITOR_KEY),
        set_={
            "clicks": _VISITOR.c.clicks + statement.excluded.clicks,
            "last_at": statement.excluded.last_at,
        },
    ).returning(*_VISITOR_KEY, _VISITOR.c.clicks)
    return [tuple(row) for row in await (await session.connection()).execute(upsert, rows)]


async def forget(session: AsyncSession, before: date, limit: int) -> int:
    """Erase visitors of the days before one, at most `limit`; gives how many that were."""
    return await _erase_visitors(session, _VISITOR.c.day < before, limit)


async def unerased(session: AsyncSession, before: datetime) -> int | None:
    """Find a short URL that was deleted before a moment and whose clicks are still there."""
    query = (
        select(col(ShortUrlRow.id))
        .where(col(ShortUrlRow.deleted_at) < before, col(ShortUrlRow.erased_at).is_(None))
        .order_by(col(ShortUrlRow.deleted_at))
        .limit(1)
    )
    found: int | None = (await (await session.connection()).execute(query)).scalar()
    return found


async def erase(session: AsyncSession, short_url_id: int, now: datetime, limit: int) -> int:
    """Erase at most `limit` visitors of a deleted short URL, and after the last all but its code.

    Gives how many visitors that were; fewer than `limit` when it is done.
    """
    gone = await _erase_visitors(session, _VISITOR.c.short_url_id == short_url_id, limit)
    if gone < limit:
        connection = await session.connection()
        for table in (ShortUrlHourRow, ShortUrlTemplateRow):
            await connection.execute(delete(table).where(col(table.short_url_id) == short_url_id))
        await connection.execute(
            update(ShortUrlRow)
            .where(col(ShortUrlRow.id) == short_url_id)
            .values(name="", target="", erased_at=now)
        )
    return gone


async def _erase_visitors(session: AsyncSession, which: Any, limit: int) -> int:
    some = select(*_VISITOR_KEY).where(which).limit(limit)
    connection = await session.connection()
    gone: CursorResult[Any] = await connection.execute(
        delete(_VISITOR).where(tuple_(*_VISITOR_KEY).in_(some))
    )
    return gone.rowcount


def _named(columns: Sequence[Any], values: Sequence[Any]) -> dict[str, Any]:
    return {column.name: value for column, value in zip(columns, values, strict=True)}
