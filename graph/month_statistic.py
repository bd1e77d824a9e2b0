"""Statistics by month (STA-7)."""

from typing import Annotated

import strawberry

from db import country_statistic as statistics
from db.country_statistic import DailyScope
from domain.month import MONTHS_MOST, Month, months
from domain.statistic import Totals
from graph.context import Info
from graph.guard import query
from graph.node import key_of
from graph.region import Region
from graph.statistic import StatisticCounts, counts_of
from policies import actions


@strawberry.input(description="Which messages to count by month.")
class MonthStatisticInput:
    """Region and months, narrowed to an application."""

    region: Region = strawberry.field(description="Where recipients are registered.")
    first: str = strawberry.field(name="from", description='The first month, such as "2026-03".')
    last: str = strawberry.field(
        name="to", description=f"The last month; at most {MONTHS_MOST} months in all."
    )
    application_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only messages of this application, also of a deleted one."
    )


@strawberry.type(description="What became of the messages of one month of the account's time zone.")
class MonthStatistic(StatisticCounts):
    """One line of the statistics by month."""

    month: str = strawberry.field(description='Year and month, such as "2026-03".')


@strawberry.type
class MonthStatisticQuery:
    """Root fields that read statistics by month."""

    @query(actions.DESCRIBE_MONTH_STATISTIC)
    async def month_statistic(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            MonthStatisticInput, strawberry.argument(description="Which messages to count.")
        ],
    ) -> list[MonthStatistic] | None:
        """Counts of every month of a time, oldest first; months without messages are there too."""
        wanted, application = months(input.first, input.last), input.application_id
        scope = DailyScope(
            owner=info.context.owner,
            region=input.region,
            first=wanted[0].first,
            last=wanted[-1].last,
            app_id=None if application is None else key_of(application, "Application"),
        )
        async with info.context.database.read() as session:
            days = await statistics.by_day(session, scope)
        counted: dict[Month, list[Totals]] = {month: [] for month in wanted}
        for day, totals in days.items():
            counted[Month.of(day)].append(totals)
        return [
            MonthStatistic(month=str(month), **counts_of(Totals.sum(parts)))
            for month, parts in counted.items()
        ]
