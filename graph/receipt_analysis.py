"""The receipt analysis: who was heard of, and what failed receipts say (STA-5)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

import strawberry

from db import receipt_analysis as analysis
from db import statistic as statistics
from domain.outcome import FAILED_RECEIPTS, Bucket
from domain.statistic import HOURLY_DAYS, Span, Totals
from graph.context import Info
from graph.guard import query
from graph.statistic import FailureReason, Wanted, scope_of, span_of_input
from policies import actions


@strawberry.interface(description="How many accepted messages have a receipt, and what it says.")
class ReceiptCounts:
    """A receipt counts in the hour the carrier took its message, however late it comes."""

    accepted: int = strawberry.field(
        description="Messages that a carrier took: those a receipt can come for."
    )
    with_receipt: int = strawberry.field(
        description="Those with a receipt: the sum of `successes` and `failures`."
    )
    without_receipt: int = strawberry.field(description="Those without a receipt, or not yet.")
    successes: int = strawberry.field(description="Receipts that say it was delivered.")
    failures: int = strawberry.field(description="Receipts that say it was not.")
    receipt_rate: float | None = strawberry.field(
        description="Messages with a receipt by accepted ones, 0 to 1; null without any accepted."
    )
    receipt_success_rate: float | None = strawberry.field(
        description="Receipts of success by all receipts, 0 to 1; null without a receipt."
    )


@strawberry.type(description="The receipts of the whole time.")
class ReceiptTotals(ReceiptCounts):
    """Sums over every bar."""

    @classmethod
    def of(cls, totals: Totals) -> Self:
        """Show counts."""
        return cls(**_counts(totals))


@strawberry.type(description="One bar of receipts; bars without messages are there too.")
class ReceiptBar(ReceiptCounts):
    """Receipts of the messages of one hour, or one day."""

    start: datetime = strawberry.field(description="Where the bar begins.")
    end: datetime = strawberry.field(description="Where the next one begins.")

    @classmethod
    def all(cls, bars: Sequence[tuple[datetime, Totals]], span: Span) -> list[Self]:
        """Show the bars of a span."""
        return [
            cls(start=start, end=end, **_counts(totals))
            for (start, totals), end in zip(bars, span.edges[1:], strict=True)
        ]


@strawberry.type(description="How many failed receipts come down to one thing.")
class ReceiptBucket:
    """One of the five that failed receipts add up by."""

    bucket: Bucket = strawberry.field(
        description=(
            "What they come down to; what a carrier says of the content counts as INTERNAL here."
        )
    )
    failures: int = strawberry.field(description="Failed receipts.")


@strawberry.type(description="What receipts say of the messages of a time.")
class ReceiptAnalysis:
    """Totals, the bars they are the sum of, and why receipts failed."""

    start: datetime = strawberry.field(description="Where the time begins.")
    end: datetime = strawberry.field(description="Where it ends.")
    totals: ReceiptTotals = strawberry.field(description="The receipts of the whole time.")
    series: list[ReceiptBar] = strawberry.field(
        description=f"By the hour for up to {HOURLY_DAYS} days, else by the day; oldest first."
    )
    buckets: list[ReceiptBucket] = strawberry.field(
        description="Failed receipts by the five they come down to; all five are always there."
    )
    failures: list[FailureReason] = strawberry.field(
        description=(
            f"Why receipts failed, the most frequent first; at most {statistics.CODES_MOST} codes. "
            "Messages that no carrier took have no receipt and are not among them."
        )
    )

    @classmethod
    def of(
        cls,
        span: Span,
        bars: Sequence[tuple[datetime, Totals]],
        buckets: Mapping[Bucket, int],
        reasons: Sequence[tuple[str, int]],
    ) -> Self:
        """Show an analysis."""
        failures = sum(buckets.values())
        return cls(
            start=span.start,
            end=span.end,
            totals=ReceiptTotals.of(Totals.sum(totals for _, totals in bars)),
            series=ReceiptBar.all(bars, span),
            buckets=[
                ReceiptBucket(bucket=bucket, failures=buckets[bucket]) for bucket in FAILED_RECEIPTS
            ],
            failures=[FailureReason.of(code, count, failures) for code, count in reasons],
        )


@strawberry.type
class ReceiptAnalysisQuery:
    """Root fields that read the receipt analysis."""

    @query(actions.DESCRIBE_RECEIPT_RESULT)
    async def receipt_analysis(self, info: Info, input: Wanted) -> ReceiptAnalysis | None:  # noqa: A002 - the schema's name
        """With and without receipt, what receipts say, and why they failed."""
        scope, span = scope_of(info.context, input), await span_of_input(info.context, input)
        async with info.context.database.read() as session:
            bars = await statistics.bars(session, scope, span)
            reasons = await analysis.reasons(session, scope, span)
            # Later, so that no reason is there without being counted in a bucket.
            buckets = await analysis.buckets(session, scope, span)
        return ReceiptAnalysis.of(span, bars, buckets, reasons)


def _counts(totals: Totals) -> dict[str, Any]:
    return {
        "accepted": totals.accepted,
        "with_receipt": totals.with_receipt,
        "without_receipt": totals.without_receipt,
        "successes": totals.delivered,
        "failures": totals.failed,
        "receipt_rate": totals.receipt_rate,
        "receipt_success_rate": totals.receipt_success_rate,
    }
