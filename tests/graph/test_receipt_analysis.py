"""The receipt analysis in the schema (STA-5)."""

from datetime import timedelta

from tests.console import Console, Statements
from tests.graph.test_statistic import add, failure, hour

ANALYSIS = """
query ($input: StatisticInput!) {
  receiptAnalysis(input: $input) {
    start
    end
    totals {
      accepted withReceipt withoutReceipt successes failures receiptRate receiptSuccessRate
    }
    series { start end accepted withReceipt withoutReceipt }
    buckets { bucket failures }
    failures { code reason bucket failures proportion }
  }
}
"""
TODAY = {"region": "MAINLAND", "period": "TODAY"}


async def test_receipts_of_a_day_as_totals_series_and_reasons(console: Console) -> None:
    account = await console.add_account()
    now = console.clock.now
    told = failure(account, now, "TD:0001", 9)
    told.receipts = 3
    empty = failure(account, now, "MK:0012", 1)
    empty.receipts = 1
    await add(
        console,
        hour(account, now, (12, 10, 10, 4, 3)),
        hour(account, now - timedelta(hours=2), (2, 2, 2, 0, 1)),
        hour(account, now - timedelta(days=1), (50, 50, 50, 50, 0)),
        told,
        empty,
        failure(account, now, "FailedOperation.PhoneNumberInBlacklist", 2),
    )
    data = await console.root(account).run(ANALYSIS, input=TODAY)
    analysis = data["receiptAnalysis"]
    assert analysis["totals"] == {
        "accepted": 12,
        "withReceipt": 8,
        "withoutReceipt": 4,
        "successes": 4,
        "failures": 4,
        "receiptRate": 8 / 12,
        "receiptSuccessRate": 0.5,
    }
    assert len(analysis["series"]) == 24
    assert analysis["series"][10] == {
        "start": "2026-03-02T02:00:00+00:00",
        "end": "2026-03-02T03:00:00+00:00",
        "accepted": 10,
        "withReceipt": 7,
        "withoutReceipt": 3,
    }
    assert analysis["buckets"] == [
        {"bucket": "INTERNAL", "failures": 0},
        {"bucket": "INVALID_NUMBER", "failures": 1},
        {"bucket": "UNREACHABLE", "failures": 0},
        {"bucket": "BLOCKLIST", "failures": 3},
        {"bucket": "FREQUENCY", "failures": 0},
    ]
    assert analysis["failures"] == [
        {
            "code": "TD:0001",
            "reason": "the number is on a blocklist of the carrier (any mainland carrier)",
            "bucket": "BLOCKLIST",
            "failures": 3,
            "proportion": 0.75,
        },
        {
            "code": "MK:0012",
            "reason": "the number is empty (China Mobile)",
            "bucket": "INVALID_NUMBER",
            "failures": 1,
            "proportion": 0.25,
        },
    ]


async def test_rates_are_null_where_there_is_nothing_to_divide_by(console: Console) -> None:
    account = await console.add_account()
    await add(console, hour(account, console.clock.now, (5, 0, 0, 0, 0)))
    root = console.root(account)
    totals = (await root.run(ANALYSIS, input=TODAY))["receiptAnalysis"]["totals"]
    assert (totals["receiptRate"], totals["receiptSuccessRate"]) == (None, None)
    await add(console, hour(account, console.clock.now, (5, 5, 5, 0, 0), template_id=2))
    totals = (await root.run(ANALYSIS, input=TODAY))["receiptAnalysis"]["totals"]
    assert (totals["receiptRate"], totals["receiptSuccessRate"]) == (0, None)


async def test_who_is_allowed_nothing_sees_nothing(console: Console) -> None:
    account = await console.add_account()
    nobody = console.user(await console.add_user(account))
    assert (await nobody.ask(ANALYSIS, input=TODAY)).code == "FORBIDDEN"


async def test_another_accounts_receipts_count_nothing(console: Console) -> None:
    mine, theirs = await console.add_account(), await console.add_account()
    await add(console, hour(theirs, console.clock.now, (5, 5, 5, 5, 0)))
    data = await console.root(mine).run(ANALYSIS, input=TODAY)
    assert data["receiptAnalysis"]["totals"]["accepted"] == 0


async def test_a_page_reads_each_rollup_and_no_message(console: Console) -> None:
    account = await console.add_account()
    now = console.clock.now
    await add(
        console, *(hour(account, now - timedelta(hours=ago), (1, 1, 1, 1, 0)) for ago in range(700))
    )
    wanted = {"region": "MAINLAND", "period": "LAST_30_DAYS"}
    with Statements(console.database) as statements:
        data = await console.root(account).run(ANALYSIS, input=wanted)
    assert data["receiptAnalysis"]["totals"]["successes"] == 700
    assert len([text for text in statements.texts if "statistic" in text]) == 3
    assert not any("message" in text for text in statements.texts)
