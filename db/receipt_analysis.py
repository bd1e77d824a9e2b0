"""What receipts told of failures (STA-5): from the rollups, without what was never submitted."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import case, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.batch import given
from db.statistic import CODES_MOST, FailureStatisticRow, Scope
from domain import outcome
from domain.outcome import FAILED_RECEIPTS, Bucket
from domain.statistic import Span

_FAILURE: Final = FailureStatisticRow.metadata.tables["failure_statistic"]
_RECEIPTS: Final = func.sum(_FAILURE.c.receipts)


async def buckets(session: AsyncSession, scope: Scope, span: Span) -> Mapping[Bucket, int]:
    """Count failed receipts in the provider's five buckets; they add up to all failed receipts.

    Codes of no table, of which there may be any number, and rejected contents count as internal.
    """
    known = outcome.bucketed()
    table = given(session, (_FAILURE.c.code,), ((code,) for code in known))
    # By code first, so that each code is looked up once and not once an hour.
    codes = (
        select(_FAILURE.c.code, _RECEIPTS.label("receipts"))
        .where(*scope.conditions(FailureStatisticRow, span), _FAILURE.c.receipts > 0)
        .group_by(_FAILURE.c.code)
        .subquery()
    )
    code = func.trim(codes.c.code)
    told = case((code.in_(select(table.c.code)), code), else_="").label("told")
    query = select(told, func.sum(codes.c.receipts)).group_by(told)
    counts = dict.fromkeys(FAILED_RECEIPTS, 0)
    for name, receipts in await (await session.connection()).execute(query):
        counts[known.get(name, Bucket.INTERNAL)] += int(receipts)
    return counts


async def reasons(session: AsyncSession, scope: Scope, span: Span) -> Sequence[tuple[str, int]]:
    """Give (code, failed receipts), the most frequent first; at most a hundred codes."""
    query = (
        select(_FAILURE.c.code, _RECEIPTS)
        .where(*scope.conditions(FailureStatisticRow, span), _FAILURE.c.receipts > 0)
        .group_by(_FAILURE.c.code)
        .order_by(_RECEIPTS.desc(), _FAILURE.c.code)
        .limit(CODES_MOST)
    )
    counted = await (await session.connection()).execute(query)
    return [(code, int(receipts)) for code, receipts in counted]
