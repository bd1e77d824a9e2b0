"""Clicks in storage (URL-2): exact roll-ups, bounded erasure."""

import asyncio
import random
from collections import defaultdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from db import click, click_statistic
from db.account import AccountRow
from db.click import Click, ShortUrlHourRow, ShortUrlVisitorRow
from db.click_statistic import Scope
from db.session import Database
from db.short_url import ShortUrlRow, ShortUrlTemplateRow
from db.statistic import StatisticRow
from domain.click import Figures, kept_from
from domain.region import Region
from domain.statistic import Period, hour_of, span_of
from tests import bulk
from tests.console import START as NOW
from tests.console import Statements
from tests.db import test_plans
from tests.db.test_short_url import add

SHANGHAI = ZoneInfo("Asia/Shanghai")
KEPT = timedelta(days=180)


@pytest.fixture
async def account(database: Database) -> AccountRow:
    return await bulk.add_account(database, NOW)


@pytest.fixture
async def row(database: Database, account: AccountRow) -> ShortUrlRow:
    return await add(database, account.uin, code="abcdefgh")


def at(row: ShortUrlRow, address: str, moment: datetime = NOW) -> Click:
    """Click as the server has it."""
    day = moment.astimezone(SHANGHAI).date()
    return Click(row.id, address, moment, day, hour_of(moment, SHANGHAI))


async def count(database: Database, *clicks: Click) -> None:
    async with database.write() as session:
        await click.count(session, clicks)


async def kept(database: Database) -> tuple[list[tuple[str, int]], list[tuple[datetime, int, int]]]:
    async with database.read() as session:
        visitors = (await session.exec(select(ShortUrlVisitorRow))).all()
        hours = (await session.exec(select(ShortUrlHourRow))).all()
    return (
        sorted((each.address, each.clicks) for each in visitors),
        sorted((each.hour, each.clicks, each.clickers) for each in hours),
    )


def scope(account: AccountRow, period: Period = Period.LAST_7_DAYS, **changes: object) -> Scope:
    parts: dict[str, object] = {
        "owner": account.uin,
        "region": None,
        "span": span_of(period, None, None, NOW, SHANGHAI),
        "zone": SHANGHAI,
        "kept_from": kept_from(NOW, KEPT),
    }
    return Scope(**(parts | changes))  # type: ignore[arg-type]  # - a test's table


async def test_a_visitor_counts_once_a_day_and_in_the_hour_of_the_first_click(
    database: Database, row: ShortUrlRow
) -> None:
    later = NOW + timedelta(hours=2)
    await count(database, at(row, "203.0.113.7"), at(row, "203.0.113.7"), at(row, "203.0.113.8"))
    await count(database, at(row, "203.0.113.7", later), at(row, "203.0.113.9", later))
    assert await kept(database) == (
        [("203.0.113.7", 3), ("203.0.113.8", 1), ("203.0.113.9", 1)],
        [(NOW, 3, 2), (later, 2, 1)],
    )
    async with database.read() as session:
        seen = await session.get(ShortUrlVisitorRow, (row.id, NOW.date(), "203.0.113.7"))
    assert seen is not None
    assert (seen.first_at, seen.last_at) == (NOW, later)


async def test_days_are_those_of_the_account(database: Database, row: ShortUrlRow) -> None:
    midnight = datetime.combine(NOW.date(), datetime.min.time(), SHANGHAI) + timedelta(days=1)
    before = midnight - timedelta(seconds=1)
    await count(database, at(row, "203.0.113.7", before), at(row, "203.0.113.7", midnight))
    visitors, hours = await kept(database)
    assert visitors == [("203.0.113.7", 1), ("203.0.113.7", 1)]
    assert [clickers for _, _, clickers in hours] == [1, 1]


async def test_what_many_count_at_once_adds_up(database: Database, account: AccountRow) -> None:
    rows = [await add(database, account.uin, f"S{n}") for n in range(3)]
    chance = random.Random(7)  # noqa: S311 - a test's draw
    clicks = [
        at(
            chance.choice(rows),
            f"203.0.113.{chance.randrange(40)}",
            NOW + timedelta(hours=chance.randrange(48)),
        )
        for _ in range(1_200)
    ]
    batches = [clicks[place : place + 60] for place in range(0, len(clicks), 60)]
    await asyncio.gather(*(count(database, *batch) for batch in batches))
    async with database.read() as session:
        visitors = (await session.exec(select(ShortUrlVisitorRow))).all()
        hours = (await session.exec(select(ShortUrlHourRow))).all()
    expected: defaultdict[tuple[object, ...], int] = defaultdict(int)
    for each in clicks:
        expected[each.short_url_id, each.day, each.address] += 1
        expected[each.short_url_id, each.hour] += 1
    assert {(v.short_url_id, v.day, v.address): v.clicks for v in visitors} | {
        (h.short_url_id, h.hour): h.clicks for h in hours
    } == expected
    assert sum(h.clickers for h in hours) == len(visitors)


async def test_codes_lead_where_they_lead_whoever_asks(
    database: Database, account: AccountRow, row: ShortUrlRow
) -> None:
    async with database.read() as session:
        found = await click.destinations(session, {"abcdefgh", "zzzzzzzz"})
    assert list(found) == ["abcdefgh"]
    there = found["abcdefgh"]
    assert (there.short_url_id, there.target) == (row.id, "https://example.com/Sale")
    assert (there.expires_at, there.deleted_at) == (row.expires_at, None)
    assert there.zone.key == account.time_zone


async def test_figures_are_distinct_over_the_days_and_recipients_those_of_the_templates(
    database: Database, account: AccountRow, row: ShortUrlRow
) -> None:
    """URL-3: one address on three days is one clicker."""
    parts = await bulk.add_parts(database, account.uin, NOW)
    other = await bulk.add_parts(database, account.uin, NOW, Region.GLOBAL)
    unbound = await bulk.add_parts(database, account.uin, NOW)
    yesterday = NOW - timedelta(days=1)
    async with database.write() as session:
        for part, accepted in ((parts, 40), (other, 5), (unbound, 1_000)):
            for hour, requests in ((NOW, accepted), (NOW - timedelta(days=8), 7)):
                session.add(
                    StatisticRow(
                        account_uin=account.uin,
                        region=part.region,
                        hour=hour,
                        app_id=part.app_id,
                        template_id=part.template_id,
                        requests=requests + 3,
                        accepted=requests,
                    )
                )
        for part in (parts, other):
            session.add(
                ShortUrlTemplateRow(
                    short_url_id=row.id, template_id=part.template_id, region=part.region
                )
            )
    for moment in (NOW, yesterday, NOW - timedelta(days=2), NOW - timedelta(days=8)):
        await count(database, at(row, "203.0.113.7", moment))
    await count(database, at(row, "203.0.113.8", yesterday))
    silent = await add(database, account.uin, "Silent")
    async with database.read() as session:
        both = await click_statistic.figures(session, scope(account), [row, silent])
        mainland = await click_statistic.figures(
            session, scope(account, region=Region.MAINLAND), [row]
        )
        today = await click_statistic.figures(session, scope(account, Period.TODAY), [row])
        clicked, sent = await click_statistic.hours(session, scope(account), row.id)
    assert both == {row.id: Figures(recipients=45, clickers=2, clicks=4), silent.id: Figures()}
    assert mainland == {row.id: Figures(recipients=40, clickers=2, clicks=4)}
    assert today == {row.id: Figures(recipients=45, clickers=1, clicks=1)}
    assert sorted(clicked) == [(NOW - timedelta(days=2), 1, 1), (yesterday, 2, 2), (NOW, 1, 1)]
    assert sent == [(NOW, 45)]


async def test_a_page_of_figures_costs_three_statements(
    database: Database, account: AccountRow
) -> None:
    rows = [await add(database, account.uin, f"S{n}") for n in range(8)]
    await count(database, *(at(row, "203.0.113.7") for row in rows))
    with Statements(database) as statements:
        async with database.read() as session:
            found = await click_statistic.figures(session, scope(account), rows)
    assert len(statements) == 3
    assert set(found.values()) == {Figures(clickers=1, clicks=1)}


async def test_no_statement_reads_all_clicks(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_plans, "BIG", ("short_url_visitor", "short_url_hour", "statistic"))
    database = Database(sqlite_url)
    account = await bulk.add_account(database, NOW)
    row = await add(database, account.uin)
    with test_plans.recorded(database) as statements:
        await count(database, at(row, "203.0.113.7"))
        async with database.write() as session:
            await click_statistic.figures(session, scope(account), [row])
            await click_statistic.hours(session, scope(account), row.id)
            await click.forget(session, NOW.date(), 10)
            await click.unerased(session, NOW)
            await click.erase(session, row.id, NOW, 10)
    assert len(statements) == 13
    assert await test_plans.scans(database, statements) == []
    await database.close()


async def test_forgotten_addresses_leave_clicks_and_daily_visitors_behind(
    database: Database, account: AccountRow, row: ShortUrlRow
) -> None:
    old = NOW - timedelta(days=3)
    await count(database, *(at(row, f"203.0.113.{n}", old) for n in range(5)))
    await count(database, at(row, "203.0.113.1"))
    async with database.write() as session:
        first = await click.forget(session, NOW.date(), 3)
    async with database.write() as session:
        second = await click.forget(session, NOW.date(), 3)
    assert (first, second) == (3, 2)
    assert await kept(database) == ([("203.0.113.1", 1)], [(old, 5, 5), (NOW, 1, 1)])
    late = scope(account, kept_from=NOW.date())
    async with database.read() as session:
        assert await click_statistic.figures(session, late, [row]) == {
            # It was created today, so what came before is nobody's.
            row.id: Figures(clickers=1, clicks=6)
        }
        row.created_at = old
        assert await click_statistic.figures(session, late, [row]) == {
            row.id: Figures(clickers=None, clicks=6)
        }


async def test_a_deleted_one_is_erased_step_by_step_but_for_its_code(
    database: Database, account: AccountRow, row: ShortUrlRow
) -> None:
    other = await add(database, account.uin, "Other")
    await count(database, *(at(row, f"203.0.113.{n}") for n in range(5)), at(other, "203.0.113.1"))
    parts = await bulk.add_parts(database, account.uin, NOW)
    async with database.write() as session:
        held = await session.get(ShortUrlRow, row.id)
        assert held is not None
        held.deleted_at = NOW
        session.add(
            ShortUrlTemplateRow(
                short_url_id=row.id, template_id=parts.template_id, region=parts.region
            )
        )
    later = NOW + timedelta(seconds=1)
    async with database.read() as session:
        assert await click.unerased(session, NOW) is None
        assert await click.unerased(session, later) == row.id
    steps = []
    while True:
        async with database.write() as session:
            steps.append(await click.erase(session, row.id, later, 3))
        async with database.read() as session:
            if await click.unerased(session, later) is None:
                break
    assert steps == [3, 2]
    assert await kept(database) == ([("203.0.113.1", 1)], [(NOW, 1, 1)])
    async with database.read() as session:
        left = await session.get(ShortUrlRow, row.id)
        assert left is not None
        assert (left.code, left.name, left.target) == ("abcdefgh", "", "")
        assert (await session.exec(select(ShortUrlTemplateRow))).all() == []
