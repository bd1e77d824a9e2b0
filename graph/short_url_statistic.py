"""Click statistics (URL-3): who got a short URL, who followed it, and how often."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry

from db import click_statistic as clicks
from db import short_url as short_urls
from db import statistic as statistics
from db.click_statistic import Scope
from db.session import AsyncSession
from db.short_url import Listing
from domain import click as rules
from domain.click import Figures
from domain.statistic import DAYS_MOST, HOURLY_DAYS, Period, Span, span_of
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.guard import query
from graph.limits import PAGE
from graph.long import Long
from graph.node import key_of
from graph.region import Region
from graph.search import wanted
from graph.short_url import Id, Search, ShortUrl, show
from policies import actions


@strawberry.input(description="Which clicks and recipients to count.")
class ShortUrlStatisticInput:
    """Region and time."""

    region: Region | None = strawberry.field(
        default=None,
        description="Only short URLs that templates of this region hold, with the recipients of "
        "these templates. A click does not tell the region of who made it: all are counted.",
    )
    period: Period | None = strawberry.field(
        default=None, description="One of the offered periods; or give `from` and `to`."
    )
    first: date | None = strawberry.field(
        name="from", default=None, description="The first day, in the account's time zone."
    )
    last: date | None = strawberry.field(
        name="to", default=None, description=f"The last day; at most {DAYS_MOST} days in all."
    )


Wanted = Annotated[
    ShortUrlStatisticInput, strawberry.argument(description="Which clicks to count.")
]


@strawberry.type(description="The figures of one short URL in a time.")
class ShortUrlStatistic:
    """One line of the page."""

    short_url: ShortUrl = strawberry.field(description="The short URL.")
    recipients: Long = strawberry.field(
        description="Messages that carriers took in the time, sent with templates that hold it."
    )
    clickers: Long | None = strawberry.field(
        description="Distinct IP addresses that clicked in the time (IPv6: distinct /64 networks); "
        "null when the addresses of a part of the time are no longer kept."
    )
    clicks: Long = strawberry.field(
        description="Clicks in the time; previews that apps fetch are not counted."
    )
    ctr: float | None = strawberry.field(
        description="Clickers by recipients; null without recipients or clickers. It passes 1 when "
        "a link is handed on."
    )


@strawberry.type(description="One bar of the chart; bars without clicks are there too.")
class ShortUrlStatisticBar:
    """Counts of one hour, or one day."""

    start: datetime = strawberry.field(description="Where the bar begins.")
    end: datetime = strawberry.field(description="Where the next one begins.")
    recipients: Long = strawberry.field(description="Messages that carriers took.")
    clickers: Long = strawberry.field(
        description="Addresses whose first click of the day was in it: of a day, its distinct ones."
    )
    clicks: Long = strawberry.field(description="Clicks.")


@strawberry.type(description="One short URL in a time, as figures and as a chart.")
class ShortUrlStatisticDetail:
    """Figures and bars."""

    start: datetime = strawberry.field(description="Where the time begins.")
    end: datetime = strawberry.field(description="Where it ends.")
    totals: ShortUrlStatistic = strawberry.field(description="The figures of the whole time.")
    series: list[ShortUrlStatisticBar] = strawberry.field(
        description=f"By the hour for up to {HOURLY_DAYS} days, else by the day; oldest first."
    )


@strawberry.type
class ShortUrlStatisticQuery:
    """Root fields that read click statistics."""

    @query(actions.DESCRIBE_SHORT_URL_STATISTIC)
    async def short_url_statistics(
        self,
        info: Info,
        input: Wanted,  # noqa: A002 - the schema's name
        search: Search = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[ShortUrlStatistic] | None:
        """Recipients, clickers, clicks and CTR of the account's short URLs, newest first."""
        context = info.context
        page = page_request(first, after, datetime)
        listing = Listing(context.owner, wanted(search), input.region)
        async with context.database.read() as session:
            scope = await _scope(session, context, input)
            found = await short_urls.page(session, listing, first=page.first, after=page.after)
            figures = await clicks.figures(session, scope, found.rows)
        shown = show(context, found.rows)
        return connect(
            [_line(each, figures[each.key]) for each in shown],
            [(row.created_at, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, short_urls.count, listing),
        )

    @query(actions.DESCRIBE_SHORT_URL_STATISTIC)
    async def short_url_statistic(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Wanted,  # noqa: A002 - the schema's name
    ) -> ShortUrlStatisticDetail | None:
        """The figures of one short URL, and the bars of its chart."""
        context, key = info.context, key_of(id, "ShortUrl")
        async with context.database.read() as session:
            row = await short_urls.owned(session, context.owner, key)
            if row is None:
                return None
            scope = await _scope(session, context, input)
            figures = await clicks.figures(session, scope, [row])
            clicked, sent = await clicks.hours(session, scope, key)
        return ShortUrlStatisticDetail(
            start=scope.span.start,
            end=scope.span.end,
            totals=_line(show(context, [row])[0], figures[key]),
            series=_bars(scope.span, rules.bars(scope.span, clicked, sent)),
        )


def _line(short_url: ShortUrl, figures: Figures) -> ShortUrlStatistic:
    seen = figures.clickers
    return ShortUrlStatistic(
        short_url=short_url,
        recipients=Long(figures.recipients),
        clickers=None if seen is None else Long(seen),
        clicks=Long(figures.clicks),
        ctr=figures.ctr,
    )


def _bars(span: Span, bars: Sequence[Figures]) -> list[ShortUrlStatisticBar]:
    return [
        ShortUrlStatisticBar(
            start=start,
            end=end,
            recipients=Long(figures.recipients),
            clickers=Long(figures.clickers or 0),
            clicks=Long(figures.clicks),
        )
        for start, end, figures in zip(span.edges, span.edges[1:], bars, strict=False)
    ]


async def _scope(session: AsyncSession, context: Context, wanted: ShortUrlStatisticInput) -> Scope:
    zone = await statistics.zone_of(session, context.owner)
    return Scope(
        owner=context.owner,
        region=wanted.region,
        span=span_of(wanted.period, wanted.first, wanted.last, context.now, zone),
        zone=zone,
        kept_from=rules.kept_from(context.now, context.terms.click_addresses_kept),
    )
