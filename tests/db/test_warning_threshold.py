"""The excessive messaging reminder: once a day, at the message that reaches it (CFG-1)."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from db import warning_threshold
from db.session import Database
from db.tally import Counted, Tally
from db.warning_threshold import Shown, WarningCountRow, WarningThresholdRow
from domain.region import Region
from domain.warning_threshold import OFF, Reminder
from tests import sending
from tests.console import START, Statements
from tests.packages import Raised

APP = 12_345_678  # sending.add_account gives the application its account's number
MIDNIGHT = datetime(2026, 3, 2, 16, tzinfo=UTC)  # in Shanghai


@pytest.fixture
async def raised(database: Database, monkeypatch: pytest.MonkeyPatch) -> Raised:
    """An account with an application, and whatever alarms are raised."""
    await sending.add_account(database, START)
    return Raised(monkeypatch)


def message(app_id: int = APP, region: Region = Region.MAINLAND, template: int = APP) -> Counted:
    return Counted(app_id, region, app_id, template, "CN", None, 2)


async def accept(database: Database, count: int, now: datetime = START, **what: Any) -> None:
    """Count a batch that a carrier took."""
    async with database.write() as session:
        counts = await Tally.open(session, [what.get("app_id", APP)])
        for _ in range(count):
            counts.accepted(message(**what), now)
        await counts.write(session)


async def remind(
    database: Database,
    threshold: int | None,
    now: datetime = START,
    *,
    region: Region = Region.MAINLAND,
    enabled: bool = True,
) -> None:
    async with database.write() as session:
        await warning_threshold.begin(session)
        wanted = {region: Reminder(enabled, threshold)}
        await warning_threshold.change(session, APP, wanted, now)


async def shown(database: Database, now: datetime = START) -> dict[Region, Shown]:
    async with database.read() as session:
        return await warning_threshold.show(session, APP, now)


def told(raised: Raised) -> list[tuple[str, str, str]]:
    return [(facts["region"], facts["threshold"], facts["day"]) for _, _, facts in raised.all]


async def test_it_goes_out_once_a_day_at_the_message_that_reaches_it(
    database: Database, raised: Raised
) -> None:
    await remind(database, 10)
    await accept(database, 9)
    assert raised.all == []
    await accept(database, 1)
    assert told(raised) == [("mainland", "10", "2026-03-02")]
    (event, subject, _) = raised.all[0]
    assert (event, subject) == ("excess_messages", f"app:{APP}:mainland:2026-03-02")
    await accept(database, 50, START + timedelta(hours=1))
    assert len(raised.all) == 1
    await accept(database, 9, MIDNIGHT)
    assert len(raised.all) == 1
    await accept(database, 1, MIDNIGHT + timedelta(hours=1))
    assert told(raised)[1:] == [("mainland", "10", "2026-03-03")]


async def test_regions_and_applications_count_apart(database: Database, raised: Raised) -> None:
    other = await sending.add_account(database, START, uin=APP + 1)
    await remind(database, 5)
    await remind(database, 3, region=Region.GLOBAL)
    await accept(database, 4)
    await accept(database, 9, app_id=other)
    assert raised.all == []
    await accept(database, 3, region=Region.GLOBAL)
    assert told(raised) == [("global", "3", "2026-03-02")]
    await accept(database, 1)
    assert told(raised)[1:] == [("mainland", "5", "2026-03-02")]


async def test_switched_on_in_the_day_it_counts_from_midnight(
    database: Database, raised: Raised
) -> None:
    await accept(database, 40, MIDNIGHT - timedelta(hours=14, minutes=10))
    await accept(database, 30, MIDNIGHT - timedelta(days=1, hours=1))
    await accept(database, 30, template=APP + 1)
    await remind(database, 72)
    assert raised.all == []
    await accept(database, 1)
    assert raised.all == []
    await accept(database, 1)
    assert told(raised) == [("mainland", "72", "2026-03-02")]
    found = (await shown(database))[Region.MAINLAND]
    assert (found.reminder, found.sent, found.raised_at) == (Reminder(True, 72), 72, START)


async def test_set_below_what_was_sent_today_it_goes_out_at_once_and_no_more_today(
    database: Database, raised: Raised
) -> None:
    await accept(database, 20)
    await remind(database, 20)
    assert told(raised) == [("mainland", "20", "2026-03-02")]
    await remind(database, 25)
    await accept(database, 5)
    await remind(database, 25, enabled=False)
    await remind(database, 1)
    assert len(raised.all) == 1


async def test_while_it_is_off_nothing_is_counted_and_later_all_of_it(
    database: Database, raised: Raised
) -> None:
    await remind(database, 10)
    await accept(database, 4)
    await remind(database, 10, enabled=False)
    await accept(database, 5)
    async with database.read() as session:
        (row,) = (await session.exec(select(WarningCountRow))).all()
    assert (row.sent, row.day) == (4, date(2026, 3, 2))
    await remind(database, 10)
    assert raised.all == []
    await accept(database, 1)
    assert len(raised.all) == 1


async def test_days_are_those_of_the_account(database: Database, raised: Raised) -> None:
    kolkata = await sending.add_account(database, START, uin=APP + 1, zone="Asia/Kolkata")
    async with database.write() as session:
        await warning_threshold.begin(session)
        wanted = {Region.MAINLAND: Reminder(True, 2)}
        await warning_threshold.change(session, kolkata, wanted, START)
    midnight = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
    await accept(database, 1, midnight - timedelta(seconds=1), app_id=kolkata)
    await accept(database, 1, midnight, app_id=kolkata)
    assert raised.all == []
    await accept(database, 1, midnight + timedelta(minutes=59), app_id=kolkata)
    assert told(raised) == [("mainland", "2", "2026-03-03")]


async def test_old_days_are_forgotten_when_a_new_one_begins(
    database: Database, raised: Raised
) -> None:
    for day in range(20):
        await remind(database, 1_000)
        await accept(database, 1, START + timedelta(days=day))
    async with database.read() as session:
        days = (await session.exec(select(col(WarningCountRow.day)))).all()
    assert len(days) == 8
    assert max(days) == date(2026, 3, 21)


async def test_a_batch_costs_one_statement_more_without_and_three_with_reminders(
    database: Database, raised: Raised
) -> None:
    others = [
        await sending.add_account(database, START, uin=APP + number) for number in range(1, 4)
    ]

    async def cost() -> int:
        async with database.write() as session:
            day = date(2026, 3, 2)
            sent = {(app_id, region, day): 1 for app_id in (APP, *others) for region in Region}
            with Statements(database) as statements:
                await warning_threshold.count(session, sent, START)
            return len(statements)

    assert await cost() == 1
    for app_id in (APP, *others):
        async with database.write() as session:
            await warning_threshold.begin(session)
            wanted = dict.fromkeys(Region, Reminder(True, 1_000))
            await warning_threshold.change(session, app_id, wanted, START)
    # The first message of a day forgets old days, too.
    async with database.write() as session:
        await session.exec(update(WarningCountRow).values(sent=100))
    assert await cost() == 3
    assert raised.all == []


async def test_many_workers_at_once_reach_it_once(database: Database, raised: Raised) -> None:
    await remind(database, 100)
    await asyncio.gather(*(accept(database, 7) for _ in range(15)))
    assert len(raised.all) == 1
    async with database.read() as session:
        (row,) = (await session.exec(select(WarningCountRow))).all()
    assert row.sent == 105


async def test_it_counts_what_carriers_take_and_no_refusal_or_receipt(
    database: Database, raised: Raised
) -> None:
    await remind(database, 3)
    await sending.add_task(database, START, sending.phones(6))
    batch = await sending.claim(database)
    await sending.record(database, *map(sending.accepted, batch[:2]), sending.refused(batch[2]))
    await sending.bring(database, *map(sending.receipt_of, batch[:2]))
    assert raised.all == []
    await sending.record(database, *map(sending.accepted, batch[3:5]))
    await sending.record(database, sending.accepted(batch[5]))
    assert told(raised) == [("mainland", "3", "2026-03-02")]
    assert (await shown(database))[Region.MAINLAND].sent == 5


async def test_switched_on_among_batches_it_misses_none_of_them(
    database: Database, raised: Raised
) -> None:
    """The count is that of the statistics whatever was under way when it was switched on."""
    for round_ in range(4):
        work = [accept(database, 3) for _ in range(6)]
        work.insert(3, remind(database, 10_000, enabled=True))
        work.append(remind(database, 10_000 + round_))
        await asyncio.gather(*work)
        found = (await shown(database))[Region.MAINLAND]
        async with database.read() as session:
            query = select(WarningCountRow.sent).where(col(WarningCountRow.app_id) == APP)
            assert (await session.exec(query)).all() == [found.sent]
        assert found.sent == 18 * (round_ + 1)
        await remind(database, 10_000, enabled=False)


async def test_an_application_that_is_erased_leaves_nothing(
    database: Database, raised: Raised
) -> None:
    await remind(database, 10)
    await accept(database, 3)
    async with database.write() as session:
        await warning_threshold.forget(session, APP)
    async with database.read() as session:
        assert (await session.exec(select(WarningThresholdRow))).all() == []
        assert (await session.exec(select(WarningCountRow))).all() == []
        assert await warning_threshold.reminders(session, APP) == dict.fromkeys(Region, OFF)
