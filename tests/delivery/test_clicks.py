"""Counting clicks in batches (URL-2): answered once stored, bounded, and never left waiting."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlmodel import select

from db import click, quota, short_url
from db.account import AccountRow
from db.click import Click, ShortUrlHourRow, ShortUrlVisitorRow
from db.session import AsyncSession, Database
from db.short_url import ShortUrlRow
from delivery.click_forgetting import REST, ClickForgetting
from delivery.clicks import AT_ONCE, WAITING_MOST, Answer, Clicks, Standing, Visit
from delivery.metric import SHORT_URL_REQUESTS
from domain.quota import SHORT_URLS
from domain.short_url import Draft
from tests import bulk
from tests.console import START as NOW
from tests.console import Clock, Statements

TARGET = "https://example.com/sale"


@pytest.fixture
async def row(database: Database) -> ShortUrlRow:
    account: AccountRow = await bulk.add_account(database, NOW)
    draft = Draft("Sale", TARGET, "https://s.example.com")
    async with database.write() as session:
        await quota.take(session, account.uin, SHORT_URLS)
        return await short_url.add(session, account.uin, draft, NOW, timedelta(days=90))


@pytest.fixture
def clicks(database: Database, clock: Clock) -> Clicks:
    return Clicks(database, clock)


async def stored(database: Database) -> tuple[int, int, int]:
    """Give clicks by the hour, clickers by the hour, and clicks by visitor."""
    async with database.read() as session:
        hours = (await session.exec(select(ShortUrlHourRow))).all()
        visitors = (await session.exec(select(ShortUrlVisitorRow))).all()
    return (
        sum(each.clicks for each in hours),
        sum(each.clickers for each in hours),
        sum(each.clicks for each in visitors),
    )


async def test_a_click_is_stored_before_it_is_answered(
    database: Database, clicks: Clicks, row: ShortUrlRow
) -> None:
    answer = await clicks.visit(Visit(row.code, "203.0.113.7", counts=True))
    assert answer == Answer(Standing.REDIRECTED, TARGET)
    assert await stored(database) == (1, 1, 1)


async def test_what_is_no_click_is_answered_alike_and_counts_nothing(
    database: Database, clicks: Clicks, row: ShortUrlRow
) -> None:
    answer = await clicks.visit(Visit(row.code, "203.0.113.7", counts=False))
    assert answer == Answer(Standing.REDIRECTED, TARGET)
    assert await stored(database) == (0, 0, 0)


async def test_an_unknown_code_leads_nowhere_and_writes_nothing(
    database: Database, clicks: Clicks, row: ShortUrlRow
) -> None:
    with Statements(database) as statements:
        answer = await clicks.visit(Visit("zzzzzzzz", "203.0.113.7", counts=True))
    assert answer == Answer(Standing.UNKNOWN)
    assert len(statements) == 1


async def test_one_that_expired_or_was_deleted_is_gone(
    database: Database, clicks: Clicks, row: ShortUrlRow, clock: Clock
) -> None:
    visit = Visit(row.code, "203.0.113.7", counts=True)
    clock.advance(timedelta(days=90) - timedelta(microseconds=1))
    assert (await clicks.visit(visit)).standing is Standing.REDIRECTED
    clock.advance(timedelta(microseconds=1))
    assert await clicks.visit(visit) == Answer(Standing.GONE)
    clock.now = NOW
    async with database.write() as session:
        await short_url.remove(session, row.account_uin, row.id, NOW)
    assert await clicks.visit(visit) == Answer(Standing.GONE)
    assert await stored(database) == (1, 1, 1)


async def test_a_storm_is_a_few_transactions(
    database: Database, clicks: Clicks, row: ShortUrlRow
) -> None:
    visits = [Visit(row.code, f"203.0.113.{n % 200}", counts=True) for n in range(2_000)]
    with Statements(database) as statements:
        answers = await asyncio.gather(*map(clicks.visit, visits))
    assert set(answers) == {Answer(Standing.REDIRECTED, TARGET)}
    assert await stored(database) == (2_000, 200, 2_000)
    # Each batch is a look-up, the visitors and the hour.
    assert len(statements) == 3 * 2_000 // AT_ONCE


async def test_a_batch_tells_its_visits_apart(
    database: Database, clicks: Clicks, row: ShortUrlRow
) -> None:
    codes = [row.code, "zzzzzzzz", row.code]
    visits = [Visit(code, "203.0.113.7", counts=True) for code in codes]
    answers = await asyncio.gather(*map(clicks.visit, visits))
    assert [each.standing for each in answers] == ["redirected", "unknown", "redirected"]
    assert await stored(database) == (2, 1, 2)


async def test_who_waits_beyond_the_bound_is_told_to_come_again(
    database: Database, clicks: Clicks, row: ShortUrlRow
) -> None:
    visit = Visit(row.code, "203.0.113.7", counts=True)
    answers = await asyncio.gather(*(clicks.visit(visit) for _ in range(WAITING_MOST + 3)))
    assert [each.standing for each in answers].count(Standing.BUSY) == 3
    assert (await stored(database))[0] == WAITING_MOST
    assert (await clicks.visit(visit)).standing is Standing.REDIRECTED


async def test_each_answer_is_measured(
    database: Database, clicks: Clicks, row: ShortUrlRow
) -> None:
    counted = {each: SHORT_URL_REQUESTS.labels(each.value) for each in Standing}
    before = {each: counter._value.get() for each, counter in counted.items()}  # noqa: SLF001 - the library has no public reader
    await clicks.visit(Visit(row.code, "203.0.113.7", counts=True))
    await clicks.visit(Visit("zzzzzzzz", "203.0.113.7", counts=True))
    after = {each: counter._value.get() for each, counter in counted.items()}  # noqa: SLF001 - the library has no public reader
    assert {each for each in Standing if after[each] == before[each] + 1} == {
        Standing.REDIRECTED,
        Standing.UNKNOWN,
    }


async def test_who_goes_away_is_counted_and_delays_nobody(
    database: Database, clicks: Clicks, row: ShortUrlRow
) -> None:
    visit = Visit(row.code, "203.0.113.7", counts=True)
    leaving = asyncio.create_task(clicks.visit(visit))
    staying = asyncio.create_task(clicks.visit(visit))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).standing is Standing.REDIRECTED
    assert await stored(database) == (2, 1, 2)


async def test_a_click_that_cannot_be_stored_is_not_answered_as_if_it_were(
    database: Database,
    clicks: Clicks,
    row: ShortUrlRow,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fails(session: AsyncSession, counted: Sequence[Click]) -> None:
        raise OSError("disk full at 203.0.113.7")

    visit = Visit(row.code, "203.0.113.7", counts=True)
    with monkeypatch.context() as patch:
        patch.setattr(click, "count", fails)
        unknown = Visit("zzzzzzzz", "203.0.113.7", counts=True)
        answers = await asyncio.gather(clicks.visit(visit), clicks.visit(unknown))
    assert [each.standing for each in answers] == [Standing.BUSY, Standing.UNKNOWN]
    assert caplog.messages == ["clicks could not be stored: OSError"]
    assert await stored(database) == (0, 0, 0)
    assert (await clicks.visit(visit)).standing is Standing.REDIRECTED


async def test_what_is_due_is_forgotten_in_steps_and_then_there_is_rest(
    database: Database,
    clicks: Clicks,
    row: ShortUrlRow,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("delivery.click_forgetting.AT_ONCE", 2)
    forgetting = ClickForgetting(database, clock, timedelta(days=30))
    for last in range(3):
        await clicks.visit(Visit(row.code, f"203.0.113.{last}", counts=True))
    clock.advance(timedelta(days=31))
    assert await forgetting.step() == REST
    assert await stored(database) == (3, 3, 3)
    clock.advance(timedelta(days=1))
    assert [await forgetting.step() for _ in range(2)] == [0, REST]
    assert await stored(database) == (3, 3, 0)
    await clicks.visit(Visit(row.code, "203.0.113.1", counts=True))
    async with database.write() as session:
        await short_url.remove(session, row.account_uin, row.id, clock.now)
    assert await forgetting.step() == REST
    # A click on its way when the short URL was deleted is stored by now.
    clock.advance(timedelta(minutes=6))
    assert [await forgetting.step() for _ in range(2)] == [0, REST]
    assert await stored(database) == (0, 0, 0)
    async with database.read() as session:
        assert await click.unerased(session, clock.now) is None
