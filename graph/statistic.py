"""Statistics: the data overview, its trend chart, and why messages failed (STA-1, STA-4)."""

from datetime import date, datetime
from typing import Annotated, Any, Self

import strawberry

from db import statistic as statistics
from db.statistic import Scope
from domain import outcome
from domain.outcome import Bucket
from domain.statistic import DAYS_MOST, HOURLY_DAYS, Period, Span, Totals, span_of
from graph.context import Context, Info
from graph.enums import publish
from graph.guard import query
from graph.node import key_of
from graph.region import Region
from policies import actions

publish(
    Period,
    name="StatisticPeriod",
    description="A span of calendar days, in the account's time zone.",
    values={
        "TODAY": "Today so far.",
        "YESTERDAY": "The whole of yesterday.",
        "LAST_7_DAYS": "Today and the 6 days before.",
        "LAST_30_DAYS": "Today and the 29 days before.",
    },
)
publish(
    Bucket,
    name="OutcomeBucket",
    description="What an outcome code comes down to.",
    values={
        "SUCCESS": "It arrived.",
        "INTERNAL": "A failure inside a carrier or a gateway.",
        "INVALID_NUMBER": "The number is empty or malformed.",
        "UNREACHABLE": "The handset is off, out of service or full.",
        "BLOCKLIST": "The number is on a blocklist or has unsubscribed.",
        "FREQUENCY": "Too many messages to one number.",
        "CONTENT": "The content, signature or template was rejected.",
    },
)


@strawberry.input(description="Which messages to count.")
class StatisticInput:
    """Region and time, narrowed to an application or a template."""

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
    template_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only messages of this body template, also of a deleted one."
    )


Wanted = Annotated[StatisticInput, strawberry.argument(description="Which messages to count.")]


@strawberry.interface(description="What became of the messages of a time.")
class StatisticCounts:
    """A message counts in the hour a carrier answered it, also for the receipt that comes later."""

    requests: int = strawberry.field(description="Messages handed to a carrier.")
    accepted: int = strawberry.field(description="Those of the requests that the carrier took.")
    billable_segments: int = strawberry.field(
        description="Segments of the accepted messages: what is billed, delivered or not."
    )
    delivered: int = strawberry.field(description="Accepted ones whose receipt reports success.")
    failed: int = strawberry.field(
        description="Accepted ones whose receipt reports failure; the others have none (yet)."
    )
    success_rate: float | None = strawberry.field(
        description="Accepted by requests, 0 to 1; null without requests."
    )


@strawberry.type(description="The counts of the whole time.")
class StatisticTotals(StatisticCounts):
    """Sums over every bar."""

    @classmethod
    def of(cls, totals: Totals) -> Self:
        """Show counts."""
        return cls(**counts_of(totals))


@strawberry.type(description="One bar of the trend chart; bars without messages are there too.")
class StatisticBar(StatisticCounts):
    """Counts of one hour, or one day."""

    start: datetime = strawberry.field(description="Where the bar begins.")
    end: datetime = strawberry.field(description="Where the next one begins.")

    @classmethod
    def all(cls, bars: list[tuple[datetime, Totals]], span: Span) -> list[Self]:
        """Show the bars of a span."""
        return [
            cls(start=start, end=end, **counts_of(totals))
            for (start, totals), end in zip(bars, span.edges[1:], strict=True)
        ]


@strawberry.type(description="The data overview of a time.")
class StatisticOverview:
    """Totals and the bars they are the sum of."""

    start: datetime = strawberry.field(description="Where the time begins.")
    end: datetime = strawberry.field(description="Where it ends.")
    totals: StatisticTotals = strawberry.field(description="The counts of the whole time.")
    series: list[StatisticBar] = strawberry.field(
        description=f"By the hour for up to {HOURLY_DAYS} days, else by the day; oldest first."
    )


@strawberry.type(description="How often one code was why a message was refused or failed.")
class FailureReason:
    """One line of the failure analysis."""

    code: str = strawberry.field(description="The carrier's or the submission's code.")
    reason: str = strawberry.field(description="What it means.")
    bucket: Bucket = strawberry.field(description="What it comes down to.")
    failures: int = strawberry.field(description="Messages that failed with it.")
    proportion: float = strawberry.field(
        description="Its share of all failures the list is about, 0 to 1."
    )

    @classmethod
    def of(cls, code: str, failures: int, every: int) -> Self:
        """Explain a code that `failures` of `every` failure had."""
        known = outcome.lookup(code)
        return cls(
            code=known.code,
            reason=known.reason,
            bucket=known.bucket,
            failures=failures,
            proportion=failures / every,
        )


@strawberry.type
class StatisticQuery:
    """Root fields that read statistics."""

    @query(actions.DESCRIBE_STATISTIC_QUERY)
    async def statistic_overview(self, info: Info, input: Wanted) -> StatisticOverview | None:  # noqa: A002 - the schema's name
        """Requests, accepted, billed, delivered and failed messages, as totals and as a series."""
        span, bars = await _bars(info.context, input)
        return StatisticOverview(
            start=span.start,
            end=span.end,
            totals=StatisticTotals.of(Totals.sum(totals for _, totals in bars)),
            series=StatisticBar.all(bars, span),
        )

    @query(actions.DESCRIBE_SEND_SMS_STATISTIC)
    async def statistic_trend(self, info: Info, input: Wanted) -> list[StatisticBar] | None:  # noqa: A002 - the schema's name
        """The trend chart alone: the series of the overview, under an action of its own."""
        span, bars = await _bars(info.context, input)
        return StatisticBar.all(bars, span)

    @query(actions.DESCRIBE_STATISTIC_QUERY)
    async def failure_analysis(self, info: Info, input: Wanted) -> list[FailureReason] | None:  # noqa: A002 - the schema's name
        """Why messages were refused or failed, the most frequent first; at most 100 codes."""
        scope, span = scope_of(info.context, input), await span_of_input(info.context, input)
        async with info.context.database.read() as session:
            counted = await statistics.failures(session, scope, span)
            every = await statistics.failed(session, scope, span)
        return [FailureReason.of(code, failures, every) for code, failures in counted]


def counts_of(totals: Totals) -> dict[str, Any]:
    """Give the fields of `StatisticCounts`."""
    return {
        "requests": totals.requests,
        "accepted": totals.accepted,
        "billable_segments": totals.segments,
        "delivered": totals.delivered,
        "failed": totals.failed,
        "success_rate": totals.success_rate,
    }


async def _bars(
    context: Context, wanted: StatisticInput
) -> tuple[Span, list[tuple[datetime, Totals]]]:
    scope, span = scope_of(context, wanted), await span_of_input(context, wanted)
    async with context.database.read() as session:
        return span, await statistics.bars(session, scope, span)


async def span_of_input(context: Context, wanted: StatisticInput) -> Span:
    """Lay out the time that is asked for; raises Refused."""
    async with context.database.read() as session:
        zone = await statistics.zone_of(session, context.owner)
    return span_of(wanted.period, wanted.first, wanted.last, context.now, zone)


def scope_of(context: Context, wanted: StatisticInput) -> Scope:
    """Name what to count."""
    # Counts are the account's own rows only, so what belongs to others counts nothing, as what
    # does not exist; deleted objects keep their history.
    application, template = wanted.application_id, wanted.template_id
    return Scope(
        owner=context.owner,
        region=wanted.region,
        app_id=None if application is None else key_of(application, "Application"),
        template_id=None if template is None else key_of(template, "Template"),
    )
