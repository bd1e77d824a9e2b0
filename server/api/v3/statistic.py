"""Counts of what an application sent and of what receipts said (API-2, domain.md 1.3)."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from db import statistic as statistics
from db.session import AsyncSession
from db.statistic import Scope
from domain import outcome
from domain.outcome import Bucket, Source
from domain.region import Region
from domain.statistic import DAYS_MOST, Span, Totals
from graph.context import Context
from policies import actions
from server.api.v3 import application, hours
from server.api.v3.application import AppId
from server.api.v3.fault import ApiFault
from server.api.v3.hours import HOUR, HourText, Nothing
from server.api.v3.operation import Operation, Result
from server.api.v3.parameters import Parameters

_CALLBACK_DAYS_MOST: Final = 32
# The published breakdown has five parts, which together are all that failed.
_COUNTED_AS: Final = {
    Bucket.INVALID_NUMBER: "InvalidNumberCount",
    Bucket.UNREACHABLE: "ShutdownErrorCount",
    Bucket.BLOCKLIST: "BlackListCount",
    Bucket.FREQUENCY: "FrequencyLimitCount",
}


class StatisticParameters(Parameters):
    """An application and the hours that are counted, the last one included."""

    begin_time: HourText
    end_time: HourText
    sms_sdk_app_id: AppId
    limit: Nothing
    offset: Nothing


async def sent(context: Context, given: StatisticParameters) -> Result:
    """Count what was submitted, what of it was accepted, and the segments that are billed."""
    async with context.database.read() as session:
        app_id, span = await _asked(session, context, given, DAYS_MOST)
        totals = await _totals(session, _scopes(context, app_id), span)
    counts = {
        "FeeCount": totals.segments,
        "RequestCount": totals.requests,
        "RequestSuccessCount": totals.accepted,
    }
    return {"SendStatusStatistics": counts}


async def received(context: Context, given: StatisticParameters) -> Result:
    """Count the receipts of accepted messages, and what the failed ones came down to."""
    async with context.database.read() as session:
        app_id, span = await _asked(session, context, given, _CALLBACK_DAYS_MOST)
        scopes = _scopes(context, app_id)
        totals = await _totals(session, scopes, span)
        failed = Counter(dict.fromkeys(_COUNTED_AS.values(), 0))
        for scope in scopes:
            for code, count in await statistics.failures(session, scope, span):
                known = outcome.lookup(code)
                if known.source is Source.RECEIPT and known.bucket in _COUNTED_AS:
                    failed[_COUNTED_AS[known.bucket]] += count
    counts = {
        "CallbackCount": totals.delivered + totals.failed,
        "RequestSuccessCount": totals.accepted,
        "CallbackFailCount": totals.failed,
        "CallbackSuccessCount": totals.delivered,
        "InternalErrorCount": max(totals.failed - failed.total(), 0),
        **failed,
    }
    return {"CallbackStatusStatistics": counts}


async def _asked(
    session: AsyncSession, context: Context, given: StatisticParameters, days: int
) -> tuple[int, Span]:
    app_id = await application.owned(session, context, given.sms_sdk_app_id)
    first, last = await hours.span(session, context, given.begin_time, given.end_time)
    if last + HOUR - first > timedelta(days=days):
        message = f"BeginTime to EndTime is more than {days} days: ask for less at once"
        raise ApiFault("InvalidParameterValue.EndTimeVerifyFail", message)
    return app_id, Span((first, last + HOUR))


def _scopes(context: Context, app_id: int) -> list[Scope]:
    return [Scope(owner=context.owner, region=region, app_id=app_id) for region in Region]


async def _totals(session: AsyncSession, scopes: Iterable[Scope], span: Span) -> Totals:
    bars = [bar for scope in scopes for bar in await statistics.bars(session, scope, span)]
    return Totals.sum(totals for _, totals in bars)


OPERATIONS: Final = (
    Operation(actions.SEND_STATUS_STATISTICS, StatisticParameters, sent),
    Operation(actions.CALLBACK_STATUS_STATISTICS, StatisticParameters, received),
)
