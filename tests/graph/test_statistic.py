"""Statistics in the schema: overview, trend chart and failure analysis (STA-1, STA-4)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from db.account import AccountRow
from db.statistic import FailureStatisticRow, StatisticRow
from domain.region import Region
from graph.node import encode
from tests.console import Console, Statements

OVERVIEW = """
query ($input: StatisticInput!) {
  statisticOverview(input: $input) {
    start
    end
    totals { requests accepted billableSegments delivered failed successRate }
    series { start end requests accepted }
  }
}
"""
TREND = "query ($input: StatisticInput!) { statisticTrend(input: $input) { start requests } }"
FAILURES = """
query ($input: StatisticInput!) {
  failureAnalysis(input: $input) { code reason bucket failures proportion }
}
"""


def hour(  # noqa: PLR0913 - one argument for each part of the key
    account: AccountRow,
    start: datetime,
    counts: Sequence[int],
    *,
    app_id: int = 1_400_000_000,
    template_id: int = 1,
    region: Region = Region.MAINLAND,
) -> StatisticRow:
    """Count requests, accepted, segments, delivered and failed in one hour."""
    requests, accepted, segments, delivered, failed = counts
    return StatisticRow(
        account_uin=account.uin,
        region=region,
        hour=start,
        app_id=app_id,
        template_id=template_id,
        requests=requests,
        accepted=accepted,
        segments=segments,
        delivered=delivered,
        failed=failed,
    )


def failure(account: AccountRow, start: datetime, code: str, count: int) -> FailureStatisticRow:
    """Count failures with one code in one hour."""
    return FailureStatisticRow(
        account_uin=account.uin,
        region=Region.MAINLAND,
        hour=start,
        app_id=1_400_000_000,
        template_id=1,
        code=code,
        count=count,
    )


async def add(console: Console, *rows: StatisticRow | FailureStatisticRow) -> None:
    async with console.database.write() as session:
        session.add_all(rows)


async def test_the_overview_adds_up_the_hours_of_today(console: Console) -> None:
    account = await console.add_account()
    now = console.clock.now  # 10:00 in Shanghai
    await add(
        console,
        hour(account, now, (10, 8, 12, 5, 1)),
        hour(account, now - timedelta(hours=10), (10, 10, 10, 10, 0), template_id=2),
        hour(account, now - timedelta(hours=11), (99, 99, 99, 99, 0)),
        hour(account, now, (7, 7, 7, 7, 0), region=Region.GLOBAL),
    )
    data = await console.root(account).run(
        OVERVIEW, input={"region": "MAINLAND", "period": "TODAY"}
    )
    overview = data["statisticOverview"]
    assert overview["totals"] == {
        "requests": 20,
        "accepted": 18,
        "billableSegments": 22,
        "delivered": 15,
        "failed": 1,
        "successRate": 0.9,
    }
    assert (overview["start"], overview["end"]) == (
        "2026-03-01T16:00:00+00:00",
        "2026-03-02T16:00:00+00:00",
    )
    assert len(overview["series"]) == 24
    assert overview["series"][0]["requests"] == 10
    assert overview["series"][10] == {
        "start": "2026-03-02T02:00:00+00:00",
        "end": "2026-03-02T03:00:00+00:00",
        "requests": 10,
        "accepted": 8,
    }
    assert sum(bar["requests"] for bar in overview["series"]) == 20


async def test_a_time_without_messages_has_bars_and_no_rate(console: Console) -> None:
    account = await console.add_account()
    data = await console.root(account).run(
        OVERVIEW, input={"region": "GLOBAL", "period": "LAST_7_DAYS"}
    )
    overview = data["statisticOverview"]
    assert overview["totals"]["successRate"] is None
    assert [bar["requests"] for bar in overview["series"]] == [0] * 7


@pytest.mark.parametrize(
    ("period", "bars", "requests"),
    [("TODAY", 24, 1), ("YESTERDAY", 24, 2), ("LAST_7_DAYS", 7, 7), ("LAST_30_DAYS", 30, 15)],
)
async def test_periods_are_calendar_days_of_the_account(
    console: Console, period: str, bars: int, requests: int
) -> None:
    account = await console.add_account()
    now = console.clock.now
    await add(
        console,
        hour(account, now, (1, 0, 0, 0, 0)),
        hour(account, now - timedelta(hours=11), (2, 0, 0, 0, 0)),
        hour(account, now - timedelta(days=6, hours=10), (4, 0, 0, 0, 0)),
        hour(account, now - timedelta(days=29, hours=10), (8, 0, 0, 0, 0)),
        hour(account, now - timedelta(days=29, hours=11), (16, 0, 0, 0, 0)),
    )
    data = await console.root(account).run(TREND, input={"region": "MAINLAND", "period": period})
    assert len(data["statisticTrend"]) == bars
    assert sum(bar["requests"] for bar in data["statisticTrend"]) == requests


async def test_a_given_time_includes_both_days(console: Console) -> None:
    account = await console.add_account()
    now = console.clock.now
    await add(console, hour(account, now, (5, 5, 5, 0, 0)))
    span = {"region": "MAINLAND", "from": "2026-02-27", "to": "2026-03-02"}
    data = await console.root(account).run(TREND, input=span)
    assert [bar["requests"] for bar in data["statisticTrend"]] == [0, 0, 0, 5]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "either"),
        ({"from": "2026-01-01"}, "either"),
        ({"period": "TODAY", "from": "2026-01-01", "to": "2026-01-02"}, "either"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "lies before"),
        ({"from": "2026-01-01", "to": "2026-04-03"}, "93 days"),
        ({"from": "0001-01-01", "to": "0001-01-02"}, "out of range"),
        ({"from": "9999-12-31", "to": "9999-12-31"}, "out of range"),
    ],
)
async def test_a_time_that_is_not_clear_is_an_input_error(
    console: Console, given: dict[str, str], says: str
) -> None:
    account = await console.add_account()
    answer = await console.root(account).ask(OVERVIEW, input={"region": "MAINLAND", **given})
    assert answer.code == "BAD_USER_INPUT"
    assert says in answer.errors[0].message
    (place,) = answer.errors[0].extensions["arguments"]
    assert place in {"input.period", "input.from", "input.to"}
    assert answer.errors[0].extensions["argument"] == place


async def test_ninety_two_days_are_one_bar_each(console: Console) -> None:
    account = await console.add_account()
    span = {"region": "MAINLAND", "from": "2026-01-01", "to": "2026-04-02"}
    data = await console.root(account).run(TREND, input=span)
    assert len(data["statisticTrend"]) == 92


async def test_an_application_or_template_narrows_the_counts(console: Console) -> None:
    account = await console.add_account()
    now = console.clock.now
    await add(
        console,
        hour(account, now, (1, 0, 0, 0, 0), app_id=1_400_000_001, template_id=1),
        hour(account, now, (2, 0, 0, 0, 0), app_id=1_400_000_001, template_id=2),
        hour(account, now, (4, 0, 0, 0, 0), app_id=1_400_000_002, template_id=1),
    )
    root = console.root(account)
    today = {"region": "MAINLAND", "period": "TODAY"}
    for narrowed, expected in (
        ({"applicationId": encode("Application", 1_400_000_001)}, 3),
        ({"templateId": encode("Template", 1)}, 5),
        (
            {
                "applicationId": encode("Application", 1_400_000_001),
                "templateId": encode("Template", 2),
            },
            2,
        ),
        ({"applicationId": encode("Application", 1_400_000_009)}, 0),
    ):
        data = await root.run(TREND, input=today | narrowed)
        assert sum(bar["requests"] for bar in data["statisticTrend"]) == expected


async def test_another_accounts_messages_count_nothing(console: Console) -> None:
    mine, theirs = await console.add_account(), await console.add_account()
    await add(console, hour(theirs, console.clock.now, (5, 5, 5, 5, 0), app_id=1_400_000_001))
    data = await console.root(mine).run(
        OVERVIEW,
        input={
            "region": "MAINLAND",
            "period": "TODAY",
            "applicationId": encode("Application", 1_400_000_001),
        },
    )
    assert data["statisticOverview"]["totals"]["requests"] == 0


async def test_failures_are_explained_and_shared_out(console: Console) -> None:
    account = await console.add_account()
    now = console.clock.now
    await add(
        console,
        failure(account, now, "MK:0012", 1),
        failure(account, now, "TD:0001", 2),
        failure(account, now - timedelta(hours=1), "TD:0001", 4),
        failure(account, now, "XX:9999", 1),
        failure(account, now - timedelta(days=1), "MK:0012", 50),
    )
    data = await console.root(account).run(
        FAILURES, input={"region": "MAINLAND", "period": "TODAY"}
    )
    assert data["failureAnalysis"] == [
        {
            "code": "TD:0001",
            "reason": "the number is on a blocklist of the carrier (any mainland carrier)",
            "bucket": "BLOCKLIST",
            "failures": 6,
            "proportion": 0.75,
        },
        {
            "code": "MK:0012",
            "reason": "the number is empty (China Mobile)",
            "bucket": "INVALID_NUMBER",
            "failures": 1,
            "proportion": 0.125,
        },
        {
            "code": "XX:9999",
            "reason": 'the carrier reported "XX:9999", which is in no table of codes',
            "bucket": "INTERNAL",
            "failures": 1,
            "proportion": 0.125,
        },
    ]


@pytest.mark.parametrize("document", [OVERVIEW, TREND, FAILURES])
async def test_who_is_allowed_nothing_sees_nothing(console: Console, document: str) -> None:
    account = await console.add_account()
    nobody = console.user(await console.add_user(account))
    answer = await nobody.ask(document, input={"region": "MAINLAND", "period": "TODAY"})
    assert answer.code == "FORBIDDEN"


async def test_an_overview_reads_the_rollups_once_and_no_message(console: Console) -> None:
    account = await console.add_account()
    now = console.clock.now
    await add(
        console, *(hour(account, now - timedelta(hours=ago), (1, 1, 1, 1, 0)) for ago in range(700))
    )
    with Statements(console.database) as statements:
        data = await console.root(account).run(
            OVERVIEW, input={"region": "MAINLAND", "period": "LAST_30_DAYS"}
        )
    assert data["statisticOverview"]["totals"]["requests"] == 700
    rollups = [text for text in statements.texts if "FROM statistic" in text]
    assert len(rollups) == 1
    assert not any("message" in text for text in statements.texts)
