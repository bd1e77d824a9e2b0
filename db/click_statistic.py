"""What became of the messages with a short URL (URL-3), from roll-ups alone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, distinct, func, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from db.click import ShortUrlHourRow, ShortUrlVisitorRow
from db.short_url import ShortUrlRow, ShortUrlTemplateRow
from db.statistic import StatisticRow
from domain.click import Figures
from domain.region import Region
from domain.statistic import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose short URLs, in which time, and messages of which region; None for both.

    Visitors of the days before `kept_from` are forgotten.
    """

    owner: int
    region: Region | None
    span: Span
    zone: ZoneInfo
    kept_from: date

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day of the time."""
        last = self.span.end - timedelta(microseconds=1)
        return self.span.start.astimezone(self.zone).date(), last.astimezone(self.zone).date()


async def figures(
    session: AsyncSession, scope: Scope, rows: Collection[ShortUrlRow]
) -> Mapping[int, Figures]:
    """Give the figures of short URLs: three statements, however many they are."""
    keys = [row.id for row in rows]
    connection = await session.connection()
    sent, seen, clicked = [
        {key: int(counted) for key, counted in await connection.execute(query)}
        for query in (
            _recipients(scope, keys, by_hour=False),
            _clickers(scope, keys),
            _clicks(scope, keys),
        )
    ]
    return {
        row.id: Figures(
            recipients=sent.get(row.id, 0),
            clickers=seen.get(row.id, 0) if _is_kept(scope, row) else None,
            clicks=clicked.get(row.id, 0),
        )
        for row in rows
    }


async def hours(
    session: AsyncSession, scope: Scope, short_url_id: int
) -> tuple[Sequence[tuple[datetime, int, int]], Sequence[tuple[datetime, int]]]:
    """Give the clicks and the recipients of one short URL by the hour, as `click.bars` has them."""
    connection = await session.connection()
    clicks = select(
        col(ShortUrlHourRow.hour), col(ShortUrlHourRow.clicks), col(ShortUrlHourRow.clickers)
    ).where(*_within(scope, [short_url_id]))
    sent = _recipients(scope, [short_url_id], by_hour=True)
    return (
        [(hour, count, new) for hour, count, new in await connection.execute(clicks)],
        [(hour, int(recipients)) for hour, recipients in await connection.execute(sent)],
    )


def _is_kept(scope: Scope, row: ShortUrlRow) -> bool:
    since = max(scope.days[0], row.created_at.astimezone(scope.zone).date())
    return since >= scope.kept_from


def _within(scope: Scope, keys: Collection[int]) -> list[ColumnElement[bool]]:
    return [
        col(ShortUrlHourRow.short_url_id).in_(keys),
        col(ShortUrlHourRow.hour) >= scope.span.start,
        col(ShortUrlHourRow.hour) < scope.span.end,
    ]


def _clicks(scope: Scope, keys: Collection[int]) -> Select[Any, int]:
    key = col(ShortUrlHourRow.short_url_id)
    query = select(key, func.sum(col(ShortUrlHourRow.clicks)))
    return query.where(*_within(scope, keys)).group_by(key)


def _clickers(scope: Scope, keys: Collection[int]) -> Select[Any, int]:
    key, day = col(ShortUrlVisitorRow.short_url_id), col(ShortUrlVisitorRow.day)
    query = select(key, func.count(distinct(col(ShortUrlVisitorRow.address))))
    return query.where(key.in_(keys), day.between(*scope.days)).group_by(key)


def _recipients(scope: Scope, keys: Collection[int], *, by_hour: bool) -> Select[Any, int]:
    key = col(ShortUrlTemplateRow.short_url_id)
    group = col(StatisticRow.hour) if by_hour else key
    return (
        select(group, func.sum(col(StatisticRow.accepted)))
        .join(
            ShortUrlTemplateRow,
            col(ShortUrlTemplateRow.template_id) == col(StatisticRow.template_id),
        )
        .where(
            col(StatisticRow.account_uin) == scope.owner,
            # Both regions by name: the primary key leads by region before it leads by hour.
            col(StatisticRow.region).in_([scope.region] if scope.region else list(Region)),
            col(StatisticRow.hour) >= scope.span.start,
            col(StatisticRow.hour) < scope.span.end,
            key.in_(keys),
        )
        .group_by(group)
    )
