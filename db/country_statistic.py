"""Statistics by country and day, rolled up as messages move (STA-7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId, choice
from domain.region import Region
from domain.statistic import Totals


class CountryStatisticRow(SQLModel, table=True):
    """What was counted of one application and country on one day of the account.

    A message counts on the day the carrier answered it, also for what a receipt says later: these
    are the sums of the hours of `statistic`, by country. `country` is ISO 3166-1, or "DEF".
    """

    __tablename__ = "country_statistic"

    account_uin: int = Field(primary_key=True, foreign_key="account.uin", sa_type=BigId)
    region: Region = Field(primary_key=True, sa_type=choice(Region))
    day: date = Field(primary_key=True)
    country: str = Field(primary_key=True, max_length=3)
    app_id: int = Field(primary_key=True, sa_type=BigId)
    requests: int = Field(default=0, sa_type=BigId)
    accepted: int = Field(default=0, sa_type=BigId)
    segments: int = Field(default=0, sa_type=BigId)
    delivered: int = Field(default=0, sa_type=BigId)
    failed: int = Field(default=0, sa_type=BigId)


_TABLE: Final = CountryStatisticRow.metadata.tables["country_statistic"]
_COUNTS: Final = [
    func.sum(_TABLE.c[name]) for name in ("requests", "accepted", "segments", "delivered", "failed")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyScope:
    """Whose messages are counted, from the first to the last day, both included."""

    owner: int
    region: Region
    first: date
    last: date
    app_id: int | None = None


async def by_country(session: AsyncSession, scope: DailyScope) -> Sequence[tuple[str, Totals]]:
    """Give each country that something was sent to, the one with most requests first."""
    requests = func.sum(_TABLE.c.requests)
    query = (
        select(_TABLE.c.country, *_COUNTS)
        .where(*_conditions(scope))
        .group_by(_TABLE.c.country)
        .order_by(requests.desc(), _TABLE.c.country)
    )
    counted = await (await session.connection()).execute(query)
    return [(row[0], Totals(*map(int, row[1:]))) for row in counted]


async def by_day(session: AsyncSession, scope: DailyScope) -> Mapping[date, Totals]:
    """Give each day that something was sent on."""
    query = select(_TABLE.c.day, *_COUNTS).where(*_conditions(scope)).group_by(_TABLE.c.day)
    counted = await (await session.connection()).execute(query)
    return {row[0]: Totals(*map(int, row[1:])) for row in counted}


def _conditions(scope: DailyScope) -> list[ColumnElement[bool]]:
    conditions = [
        _TABLE.c.account_uin == scope.owner,
        _TABLE.c.region == scope.region,
        _TABLE.c.day >= scope.first,
        _TABLE.c.day <= scope.last,
    ]
    if scope.app_id is not None:
        conditions.append(_TABLE.c.app_id == scope.app_id)
    return conditions
