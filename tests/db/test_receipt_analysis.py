"""Receipt analysis in storage: failures told by receipts, and none of submission (STA-5)."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from db import receipt_analysis, statistic
from db.session import Database
from db.statistic import CODES_MOST, FailureStatisticRow, Scope
from domain import outcome
from domain.outcome import FAILED_RECEIPTS, Bucket
from domain.region import Region
from domain.statistic import Totals, span_of
from tests import sending
from tests.console import START as NOW

DAY = date(2026, 3, 2)
TODAY = span_of(None, DAY, DAY, NOW, ZoneInfo("Asia/Shanghai"))
NONE = dict.fromkeys(FAILED_RECEIPTS, 0)


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


async def add(database: Database, account: int, *counts: tuple[str, int, int]) -> None:
    """Count failures by code: in all, and those told by a receipt."""
    async with database.write() as session:
        session.add_all(
            FailureStatisticRow(
                account_uin=account,
                region=Region.MAINLAND,
                hour=NOW,
                app_id=1,
                template_id=1,
                code=code,
                count=count,
                receipts=receipts,
            )
            for code, count, receipts in counts
        )


async def read(
    database: Database, account: int, **key: int
) -> tuple[dict[Bucket, int], list[tuple[str, int]]]:
    scope = Scope(owner=account, region=Region.MAINLAND, **key)
    async with database.read() as session:
        buckets = await receipt_analysis.buckets(session, scope, TODAY)
        reasons = await receipt_analysis.reasons(session, scope, TODAY)
    return dict(buckets), list(reasons)


async def test_what_was_sent_is_told_from_what_was_refused(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(6))
    batch = await sending.claim(database, limit=6)
    answers = [
        sending.refused(one, "MK:0012") if place < 2 else sending.accepted(one)
        for place, one in enumerate(batch)
    ]
    await sending.record(database, *answers)
    codes = ("DELIVRD", "MK:0012", "TD:0001")
    receipts = [sending.receipt_of(one, code) for one, code in zip(batch[2:], codes, strict=False)]
    await sending.bring(database, *receipts)
    buckets, reasons = await read(database, account)
    assert buckets == NONE | {Bucket.INVALID_NUMBER: 1, Bucket.BLOCKLIST: 1}
    assert reasons == [("MK:0012", 1), ("TD:0001", 1)]
    scope = Scope(owner=account, region=Region.MAINLAND)
    async with database.read() as session:
        assert list(await statistic.failures(session, scope, TODAY)) == [
            ("MK:0012", 3),
            ("TD:0001", 1),
        ]
        totals = Totals.sum(totals for _, totals in await statistic.bars(session, scope, TODAY))
    assert (totals.requests, totals.accepted) == (6, 4)
    assert (totals.with_receipt, totals.without_receipt) == (3, 1)
    assert (totals.receipt_rate, totals.receipt_success_rate) == (0.75, 1 / 3)


async def test_buckets_are_exact_however_many_codes_there_are(
    database: Database, account: int
) -> None:
    """A carrier may invent codes; the list of reasons ends, the buckets count them all."""
    strange = [(f"X:{number:04}", 2, 1) for number in range(CODES_MOST + 20)]
    content = next(code for code, one in outcome.outcomes().items() if one.bucket is Bucket.CONTENT)
    await add(database, account, *strange, ("TD:0001", 5, 5), (content, 3, 3), ("MK:0012", 9, 0))
    buckets, reasons = await read(database, account)
    assert buckets == NONE | {Bucket.INTERNAL: CODES_MOST + 20 + 3, Bucket.BLOCKLIST: 5}
    assert len(reasons) == CODES_MOST
    assert reasons[:2] == [("TD:0001", 5), (content, 3)]
    assert all(code != "MK:0012" for code, _ in reasons)


async def test_an_application_narrows_it(database: Database, account: int) -> None:
    await add(database, account, ("TD:0001", 5, 5))
    assert await read(database, account, app_id=2) == (NONE, [])
    assert await read(database, account + 1) == (NONE, [])
    buckets, _ = await read(database, account, app_id=1, template_id=1)
    assert sum(buckets.values()) == 5


def test_every_bucket_but_internal_is_known_by_its_codes() -> None:
    found = set(outcome.bucketed().values())
    assert found == set(FAILED_RECEIPTS) - {Bucket.INTERNAL}
    assert "DELIVRD" not in outcome.bucketed()
