"""Click statistics as a front-end meets them (URL-3)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from db.account import AccountRow
from db.statistic import StatisticRow
from delivery.clicks import Clicks, Visit
from domain.click import visitor
from domain.region import Region
from domain.terms import Terms
from graph.node import key_of
from tests.console import Caller, Console, Statements
from tests.graph import test_template
from tests.graph.test_short_url import DELETE, create

FIGURES = "recipients clickers clicks ctr"
LIST = f"""
query ($input: ShortUrlStatisticInput!, $search: String, $first: Int! = 20, $after: String) {{
  shortUrlStatistics(input: $input, search: $search, first: $first, after: $after) {{
    nodes {{ shortUrl {{ name templates {{ templateId }} }} {FIGURES} }}
    pageInfo {{ hasNextPage endCursor }}
    totalCount
  }}
}}
"""
ONE = f"""
query ($id: ID!, $input: ShortUrlStatisticInput!) {{
  shortUrlStatistic(id: $id, input: $input) {{
    start end
    totals {{ shortUrl {{ id }} {FIGURES} }}
    series {{ start end recipients clickers clicks }}
  }}
}}
"""
WEEK = {"period": "LAST_7_DAYS"}


@pytest.fixture
async def account(console: Console) -> AccountRow:
    return await console.add_account()


async def click(console: Console, short_url: dict[str, Any], *addresses: str) -> None:
    clicks = Clicks(console.database, console.clock)
    code = short_url["url"][-8:]
    for address in addresses:
        answer = await clicks.visit(Visit(code, visitor(address), counts=True))
        assert answer.target


async def sent(console: Console, owner: int, template: str, accepted: int, at: datetime) -> None:
    async with console.database.write() as session:
        session.add(
            StatisticRow(
                account_uin=owner,
                region=Region.GLOBAL,
                hour=at,
                app_id=1_400_000_000,
                template_id=key_of(template, "Template"),
                requests=accepted + 2,
                accepted=accepted,
            )
        )


async def with_template(caller: Caller, name: str = "Sale") -> tuple[dict[str, Any], str]:
    made = await create(caller, name)
    return made, await test_template.create(caller, content=f"See {made['url']} {{1}}")


async def test_figures_and_bars_of_one(console: Console, account: AccountRow) -> None:
    root, start = console.root(account), console.clock.now
    made, template = await with_template(root)
    await click(console, made, "203.0.113.7", "203.0.113.7", "203.0.113.8")
    await sent(console, account.uin, template, 10, start)
    console.clock.advance(timedelta(days=1))
    await click(console, made, "203.0.113.7", "203.0.113.9")
    found = (await root.run(ONE, id=made["id"], input=WEEK))["shortUrlStatistic"]
    assert found["totals"] == {
        "shortUrl": {"id": made["id"]},
        "recipients": 10,
        "clickers": 3,
        "clicks": 5,
        "ctr": 0.3,
    }
    assert (found["start"], found["end"]) == (
        "2026-02-24T16:00:00+00:00",
        "2026-03-03T16:00:00+00:00",
    )
    assert [(bar["recipients"], bar["clickers"], bar["clicks"]) for bar in found["series"]] == [
        *[(0, 0, 0)] * 5,
        (10, 2, 3),
        (0, 2, 2),
    ]
    today = {"from": "2026-03-03", "to": "2026-03-03"}
    found = (await root.run(ONE, id=made["id"], input=today))["shortUrlStatistic"]
    assert (found["totals"]["clickers"], found["totals"]["ctr"]) == (2, None)
    assert [bar["clicks"] for bar in found["series"]] == [0] * 10 + [2] + [0] * 13


async def test_the_page_lists_by_region_name_and_short_url(
    console: Console, account: AccountRow
) -> None:
    root = console.root(account)
    bound, template = await with_template(root, "Bound")
    console.clock.advance(timedelta(seconds=1))
    free = await create(root, "Free")
    await sent(console, account.uin, template, 4, console.clock.now)
    await click(console, bound, "203.0.113.7")
    await click(console, free, "203.0.113.7", "2001:db8::1", "2001:db8::2")
    whole = (await root.run(LIST, input=WEEK))["shortUrlStatistics"]
    assert whole["totalCount"] == 2
    assert whole["nodes"] == [
        {
            "shortUrl": {"name": "Free", "templates": []},
            "recipients": 0,
            "clickers": 2,
            "clicks": 3,
            "ctr": None,
        },
        {
            "shortUrl": {"name": "Bound", "templates": [{"templateId": "1"}]},
            "recipients": 4,
            "clickers": 1,
            "clicks": 1,
            "ctr": 0.25,
        },
    ]
    for arguments, names in (
        ({"input": {**WEEK, "region": "GLOBAL"}}, ["Bound"]),
        ({"input": {**WEEK, "region": "MAINLAND"}}, []),
        ({"input": WEEK, "search": "fre"}, ["Free"]),
        ({"input": WEEK, "search": bound["url"]}, ["Bound"]),
    ):
        found = (await root.run(LIST, **arguments))["shortUrlStatistics"]
        assert [node["shortUrl"]["name"] for node in found["nodes"]] == names
        assert found["totalCount"] == len(names)
    first = (await root.run(LIST, input=WEEK, first=1))["shortUrlStatistics"]
    after = first["pageInfo"]["endCursor"]
    second = (await root.run(LIST, input=WEEK, first=1, after=after))["shortUrlStatistics"]
    assert [*first["nodes"], *second["nodes"]] == whole["nodes"]


async def test_clickers_are_null_once_their_addresses_are_forgotten(
    console: Console, account: AccountRow
) -> None:
    root = console.root(account)
    made, template = await with_template(root)
    await click(console, made, "203.0.113.7")
    await sent(console, account.uin, template, 4, console.clock.now)
    console.terms = Terms(click_addresses_kept=timedelta(days=5))
    time = {"from": "2026-03-02", "to": "2026-03-02"}
    asked = {"id": made["id"], "input": time}
    console.clock.advance(timedelta(days=6))
    totals = (await root.run(ONE, **asked))["shortUrlStatistic"]["totals"]
    assert (totals["clickers"], totals["ctr"]) == (1, 0.25)
    console.clock.advance(timedelta(days=1))
    found = (await root.run(ONE, **asked))["shortUrlStatistic"]
    assert (found["totals"]["clickers"], found["totals"]["ctr"]) == (None, None)
    assert found["totals"]["clicks"] == 1
    assert sum(bar["clickers"] for bar in found["series"]) == 1


async def test_strangers_and_the_deleted_count_nothing(
    console: Console, account: AccountRow
) -> None:
    root = console.root(account)
    made, _ = await with_template(root)
    stranger = console.root(await console.add_account())
    asked = {"id": made["id"], "input": WEEK}
    assert (await stranger.run(ONE, **asked))["shortUrlStatistic"] is None
    assert (await stranger.run(LIST, input=WEEK))["shortUrlStatistics"]["nodes"] == []
    await root.run(DELETE, input={"id": made["id"], "confirm": True})
    assert (await root.run(ONE, **asked))["shortUrlStatistic"] is None
    assert (await root.run(LIST, input=WEEK))["shortUrlStatistics"]["totalCount"] == 0


async def test_a_time_that_is_not_clear_or_too_long_is_refused(
    console: Console, account: AccountRow
) -> None:
    root = console.root(account)
    for time in ({}, {"from": "2026-01-01", "to": "2026-12-31"}):
        assert (await root.ask(LIST, input=time)).code == "BAD_USER_INPUT"


async def test_a_long_page_costs_no_more_statements_than_a_short_one(
    console: Console, account: AccountRow
) -> None:
    root, counts = console.root(account), []
    for size in (1, 8):
        for number in range(size):
            made, _ = await with_template(root, f"S{number}")
            await click(console, made, "203.0.113.7")
        with Statements(console.database) as statements:
            nodes = (await root.run(LIST, input=WEEK))["shortUrlStatistics"]["nodes"]
        assert {node["clicks"] for node in nodes} == {1}
        counts.append(len(statements))
    assert counts[0] == counts[1]
