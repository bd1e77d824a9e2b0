"""Statistics as tables: the data overview, receipts, and what failures had for reasons (STA-6)."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from db import country_statistic, receipt_analysis
from db import statistic as statistics
from db.country_statistic import DailyScope
from db.session import AsyncSession, Database
from db.statistic import Scope
from delivery.export.table import Rows, Table, at_once, in_zone
from domain import country, outcome
from domain.export import Export, ExportTable
from domain.month import Month, months
from domain.statistic import Span, Totals, span_of

_OVERVIEW = ("Requests", "Accepted", "Billable segments", "Delivered", "Failed", "Success rate")
_COUNTRY = ("Country or region", "Dial code", "Name")
_RECEIPTS = (
    *("Accepted", "With receipt", "Without receipt", "Receipts of success", "Receipts of failure"),
    *("Receipt rate", "Receipt success rate"),
)
_REASONS = ("Code", "Reason", "Kind", "Failures", "Proportion")


async def statistic_table(database: Database, owner: int, export: Export, now: datetime) -> Table:
    """Read a table of statistics; it is small, so all of it at once."""
    async with database.read() as session:
        zone = await statistics.zone_of(session, owner)
        if export.table in {ExportTable.COUNTRIES, ExportTable.MONTHS}:
            headings, rows = await _by_day(session, export, owner)
        else:
            span = span_of(None, export.first, export.last, now, zone)
            headings, rows = await _read(session, export, span, _scope(owner, export), zone)
    return Table(headings, at_once(rows), zone)


def _scope(owner: int, export: Export) -> Scope:
    if export.region is None:
        raise ValueError("statistics are of a region")
    return Scope(
        owner=owner,
        region=export.region,
        app_id=export.app_id,
        template_id=export.template_id,
    )


async def _read(
    session: AsyncSession, export: Export, span: Span, scope: Scope, zone: ZoneInfo
) -> tuple[Sequence[str], Rows]:
    if export.table is ExportTable.FAILURES:
        reasons = await statistics.failures(session, scope, span)
        return _REASONS, _reasons(reasons, await statistics.failed(session, scope, span))
    if export.table is ExportTable.RECEIPT_FAILURES:
        reasons = await receipt_analysis.reasons(session, scope, span)
        buckets = await receipt_analysis.buckets(session, scope, span)
        return _REASONS, _reasons(reasons, sum(buckets.values()))
    bars = await statistics.bars(session, scope, span)
    times = (in_zone("From", zone), in_zone("Until", zone))
    if export.table is ExportTable.RECEIPTS:
        return (*times, *_RECEIPTS), _bars(bars, span, receipts=True)
    return (*times, *_OVERVIEW), _bars(bars, span, receipts=False)


async def _by_day(session: AsyncSession, export: Export, owner: int) -> tuple[Sequence[str], Rows]:
    if export.region is None or export.first is None or export.last is None:
        raise ValueError("statistics are of a region and of days")
    first, last = export.first, export.last
    scope = DailyScope(
        owner=owner, region=export.region, first=first, last=last, app_id=export.app_id
    )
    if export.table is ExportTable.COUNTRIES:
        counted = await country_statistic.by_country(session, scope)
        return (*_COUNTRY, *_OVERVIEW), [
            (code, country.dial_code(code), country.name(code), *_overview(totals))
            for code, totals in counted
        ]
    days = await country_statistic.by_day(session, scope)
    parts: dict[Month, list[Totals]] = {
        month: [] for month in months(str(Month.of(first)), str(Month.of(last)))
    }
    for day, totals in days.items():
        parts[Month.of(day)].append(totals)
    return ("Month", *_OVERVIEW), [
        (str(month), *_overview(Totals.sum(each))) for month, each in parts.items()
    ]


def _bars(bars: Sequence[tuple[datetime, Totals]], span: Span, *, receipts: bool) -> Rows:
    shown = _receipts if receipts else _overview
    return [
        (start, end, *shown(totals))
        for (start, totals), end in zip(bars, span.edges[1:], strict=True)
    ]


def _overview(totals: Totals) -> tuple[int | float | None, ...]:
    counts = (totals.requests, totals.accepted, totals.segments, totals.delivered, totals.failed)
    return (*counts, totals.success_rate)


def _receipts(totals: Totals) -> tuple[int | float | None, ...]:
    counts = (totals.accepted, totals.with_receipt, totals.without_receipt)
    told = (totals.delivered, totals.failed)
    return (*counts, *told, totals.receipt_rate, totals.receipt_success_rate)


def _reasons(counted: Sequence[tuple[str, int]], every: int) -> Rows:
    explained = [(outcome.lookup(code), failures) for code, failures in counted]
    return [
        (known.code, known.reason, known.bucket.value, failures, failures / every)
        for known, failures in explained
    ]
