"""Statistics in storage: what is counted, and that no page scans messages (STA-1, STA-4)."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from db import statistic, submission
from db.session import Database
from db.statistic import CODES_MOST, FailureStatisticRow, Scope, StatisticRow
from domain.region import Region
from domain.statistic import Totals, span_of
from tests import sending
from tests.console import START as NOW

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 3, 2)
TODAY = span_of(None, DAY, DAY, NOW, SHANGHAI)


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


def counted(account: int, hours: int, requests: int, **key: int) -> StatisticRow:
    """Count requests so many hours after NOW."""
    return StatisticRow(
        **{"account_uin": account, "app_id": 1, "template_id": 1, **key},
        region=Region.MAINLAND,
        hour=NOW + timedelta(hours=hours),
        requests=requests,
    )


def failed(account: int, code: str, count: int, hours: int = 0) -> FailureStatisticRow:
    """Count failures so many hours after NOW."""
    return FailureStatisticRow(
        account_uin=account,
        region=Region.MAINLAND,
        hour=NOW + timedelta(hours=hours),
        app_id=1,
        template_id=1,
        code=code,
        count=count,
    )


async def requests(database: Database, scope: Scope) -> dict[int, int]:
    """Give the requests of each hour of TODAY that has some."""
    async with database.read() as session:
        bars = await statistic.bars(session, scope, TODAY)
    assert [start for start, _ in bars] == list(TODAY.edges[:-1])
    return {
        start.astimezone(SHANGHAI).hour: totals.requests
        for start, totals in bars
        if totals != Totals()
    }


async def test_bars_add_up_what_a_scope_takes_in(database: Database, account: int) -> None:
    other = await sending.add_account(database, NOW, uin=account + 1)
    async with database.write() as session:
        session.add_all(
            [
                counted(account, 0, 1),
                counted(account, 0, 2, app_id=2),
                counted(account, 0, 4, template_id=2),
                counted(account, 13, 8),
                counted(account, 14, 16),  # tomorrow
                counted(account, -11, 32),  # yesterday
                counted(other, 0, 64),
            ]
        )
    mine = Scope(owner=account, region=Region.MAINLAND)
    assert await requests(database, mine) == {10: 7, 23: 8}
    assert await requests(database, Scope(owner=account, region=Region.GLOBAL)) == {}
    narrowed = Scope(owner=account, region=Region.MAINLAND, app_id=1, template_id=1)
    assert await requests(database, narrowed) == {10: 1, 23: 8}


async def test_failures_come_most_frequent_first(database: Database, account: int) -> None:
    async with database.write() as session:
        session.add_all(
            [
                failed(account, "B", 2),
                failed(account, "A", 2),
                failed(account, "C", 1),
                failed(account, "C", 4, hours=1),
                failed(account, "D", 99, hours=20),
            ]
        )
    scope = Scope(owner=account, region=Region.MAINLAND)
    async with database.read() as session:
        assert await statistic.failures(session, scope, TODAY) == [("C", 5), ("A", 2), ("B", 2)]
        assert await statistic.failed(session, scope, TODAY) == 9


async def test_at_most_a_hundred_codes_are_listed_and_all_are_counted(
    database: Database, account: int
) -> None:
    async with database.write() as session:
        session.add_all(failed(account, f"X:{number:04}", 1) for number in range(CODES_MOST + 1))
    scope = Scope(owner=account, region=Region.MAINLAND)
    async with database.read() as session:
        assert len(await statistic.failures(session, scope, TODAY)) == CODES_MOST
        assert await statistic.failed(session, scope, TODAY) == CODES_MOST + 1


async def test_days_of_a_half_hour_zone_take_whole_hours(database: Database) -> None:
    """India's midnight is half past in UTC; a message just before it belongs to the day before."""
    kolkata = ZoneInfo("Asia/Kolkata")
    uin = await sending.add_account(database, NOW, uin=77, zone="Asia/Kolkata")
    midnight = span_of(None, DAY, DAY, NOW, kolkata).start
    for before, moment in ((1, midnight - timedelta(seconds=1)), (2, midnight)):
        await sending.add_task(database, moment, sending.phones(before), uin=uin)
        async with database.write() as session:
            batch = await sending.taken(session, sending.request(moment))
            answers = [sending.accepted(message) for message in batch]
            await submission.record(session, "one", sending.CARRIER, answers, moment)
    span = span_of(None, DAY - timedelta(days=2), DAY, NOW, kolkata)
    async with database.read() as session:
        bars = await statistic.bars(session, Scope(owner=uin, region=Region.MAINLAND), span)
    assert [totals.accepted for _, totals in bars] == [0, 1, 2]
