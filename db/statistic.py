"""Statistics, rolled up as messages move, so that no page scans messages (STA-1, STA-4)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Field, SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from db.account import AccountRow
from db.dialect import BigId, choice
from domain.region import Region
from domain.statistic import Span, Totals

CODES_MOST = 100


class StatisticRow(SQLModel, table=True):
    """What was counted of one template and application in one hour of the account's time zone.

    `hour` is its start in UTC. A message counts in the hour the carrier answered it, also for what
    a receipt says later, so that delivered is always a part of accepted.
    """

    __tablename__ = "statistic"

    account_uin: int = Field(primary_key=True, foreign_key="account.uin", sa_type=BigId)
    region: Region = Field(primary_key=True, sa_type=choice(Region))
    hour: datetime = Field(primary_key=True)
    app_id: int = Field(primary_key=True, sa_type=BigId)
    template_id: int = Field(primary_key=True, sa_type=BigId)
    requests: int = Field(default=0, sa_type=BigId)
    accepted: int = Field(default=0, sa_type=BigId)
    segments: int = Field(default=0, sa_type=BigId)
    delivered: int = Field(default=0, sa_type=BigId)
    failed: int = Field(default=0, sa_type=BigId)


class FailureStatisticRow(SQLModel, table=True):
    """How often one code was the reason: `count` in all, `receipts` of them told by a receipt.

    The others were refused at submission.
    """

    __tablename__ = "failure_statistic"

    account_uin: int = Field(primary_key=True, foreign_key="account.uin", sa_type=BigId)
    region: Region = Field(primary_key=True, sa_type=choice(Region))
    hour: datetime = Field(primary_key=True)
    app_id: int = Field(primary_key=True, sa_type=BigId)
    template_id: int = Field(primary_key=True, sa_type=BigId)
    code: str = Field(primary_key=True, max_length=64)
    count: int = Field(default=0, sa_type=BigId)
    receipts: int = Field(default=0, sa_type=BigId, sa_column_kwargs={"server_default": "0"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose messages are counted, and of which application or template, where one is named."""

    owner: int
    region: Region
    app_id: int | None = None
    template_id: int | None = None

    def conditions(
        self, table: type[StatisticRow | FailureStatisticRow], span: Span
    ) -> list[ColumnElement[bool]]:
        """Put the conditions together, led by the columns of the primary key."""
        conditions = [
            col(table.account_uin) == self.owner,
            col(table.region) == self.region,
            col(table.hour) >= span.start,
            col(table.hour) < span.end,
        ]
        if self.app_id is not None:
            conditions.append(col(table.app_id) == self.app_id)
        if self.template_id is not None:
            conditions.append(col(table.template_id) == self.template_id)
        return conditions


async def zones(session: AsyncSession, accounts: Collection[int]) -> dict[int, ZoneInfo]:
    """Give the time zones of accounts, whose days and hours are counted by."""
    query = select(col(AccountRow.uin), col(AccountRow.time_zone)).where(
        col(AccountRow.uin).in_(accounts)
    )
    found = await (await session.connection()).execute(query)
    return {uin: ZoneInfo(zone) for uin, zone in found}


async def zone_of(session: AsyncSession, account: int) -> ZoneInfo:
    """Give the time zone of one account."""
    return (await zones(session, {account}))[account]


async def bars(session: AsyncSession, scope: Scope, span: Span) -> list[tuple[datetime, Totals]]:
    """Give every bar of the span with its counts."""
    query = (
        select(
            col(StatisticRow.hour),
            func.sum(col(StatisticRow.requests)),
            func.sum(col(StatisticRow.accepted)),
            func.sum(col(StatisticRow.segments)),
            func.sum(col(StatisticRow.delivered)),
            func.sum(col(StatisticRow.failed)),
        )
        .where(*scope.conditions(StatisticRow, span))
        .group_by(col(StatisticRow.hour))
    )
    counted = await (await session.connection()).execute(query)
    return span.bars({row[0]: Totals(*map(int, row[1:])) for row in counted})


async def failures(session: AsyncSession, scope: Scope, span: Span) -> Sequence[tuple[str, int]]:
    """Give (code, failures), the most frequent first; at most a hundred codes."""
    total = func.sum(col(FailureStatisticRow.count))
    query = (
        select(col(FailureStatisticRow.code), total)
        .where(*scope.conditions(FailureStatisticRow, span))
        .group_by(col(FailureStatisticRow.code))
        .order_by(total.desc(), col(FailureStatisticRow.code))
        .limit(CODES_MOST)
    )
    counted = await (await session.connection()).execute(query)
    return [(code, int(count)) for code, count in counted]


async def failed(session: AsyncSession, scope: Scope, span: Span) -> int:
    """Count all failures of the span, whatever their code."""
    query = select(func.sum(col(FailureStatisticRow.count))).where(
        *scope.conditions(FailureStatisticRow, span)
    )
    return int((await (await session.connection()).execute(query)).scalar() or 0)
