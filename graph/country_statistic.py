"""Statistics by the country or region that numbers are registered in (STA-7)."""

from datetime import date
from typing import Annotated, Self

import strawberry

from db import country_statistic as statistics
from db.country_statistic import DailyScope
from db.statistic import zone_of
from domain import country as countries
from domain.statistic import DAYS_MOST, Period, Totals, days_of
from graph.context import Info
from graph.guard import query
from graph.node import key_of
from graph.region import Region
from graph.statistic import StatisticCounts, counts_of
from policies import actions


@strawberry.input(description="Which messages to count by country.")
class CountryStatisticInput:
    """Region and time, narrowed to an application."""

    region: Region = strawberry.field(description="Where recipients are registered.")
    period: Period | None = strawberry.field(
        default=None, description="One of the offered periods; or give `from` and `to`."
    )
    first: date | None = strawberry.field(
        name="from", default=None, description="The first day, in the account's time zone."
    )
    last: date | None = strawberry.field(
        name="to", default=None, description=f"The last day; at most {DAYS_MOST} days in all."
    )
    application_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only messages of this application, also of a deleted one."
    )


@strawberry.type(description="What became of the messages to one country or region.")
class CountryStatistic(StatisticCounts):
    """One line of the statistics by country."""

    country: str = strawberry.field(
        description='ISO 3166-1 code, such as "US"; "DEF" where a number belongs to none.'
    )
    dial_code: str = strawberry.field(
        description='Country calling code, such as "1"; empty for "DEF".'
    )
    name: str = strawberry.field(description='English name; "Default" for "DEF".')

    @classmethod
    def of(cls, country: str, totals: Totals) -> Self:
        """Show the counts of a country."""
        return cls(
            country=country,
            dial_code=countries.dial_code(country),
            name=countries.name(country),
            **counts_of(totals),
        )


@strawberry.type
class CountryStatisticQuery:
    """Root fields that read statistics by country."""

    @query(actions.DESCRIBE_NATION_CODE_STATISTIC)
    async def country_statistic(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            CountryStatisticInput, strawberry.argument(description="Which messages to count.")
        ],
    ) -> list[CountryStatistic] | None:
        """Counts of each country or region something was sent to, most requests first."""
        context, application = info.context, input.application_id
        app_id = None if application is None else key_of(application, "Application")
        async with context.database.read() as session:
            zone = await zone_of(session, context.owner)
            first, last = days_of(input.period, input.first, input.last, context.now, zone)
            scope = DailyScope(
                owner=context.owner, region=input.region, first=first, last=last, app_id=app_id
            )
            found = await statistics.by_country(session, scope)
        return [CountryStatistic.of(country, totals) for country, totals in found]
