"""Who is told of an alarm, and how often, on both databases (ALM-2)."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select, update

from db import alarm
from db.alarm import AlarmRow
from db.application import ApplicationRow
from db.session import Database
from domain.alarm import FOLD_WINDOW, AlarmEvent, Channel, Language
from domain.alarm_text import SUBJECT_MOST
from tests import sending
from tests.alarming import (
    EMAIL,
    FACTS,
    PHONE,
    add_contact,
    alarm_of,
    jobs,
    outbox,
    ring,
    told,
)
from tests.console import START as NOW
from tests.console import Statements

BOTH = [(Channel.SMS, PHONE), (Channel.EMAIL, EMAIL)]
FREQUENCY, REVIEW = AlarmEvent.FREQUENCY_LIMIT, AlarmEvent.REVIEW_RESULT


@pytest.fixture
async def account(database: Database) -> int:
    """An account, whose one application has the same number."""
    return await sending.add_account(database, NOW)


async def add_shop(database: Database, owner: int, app_id: int) -> int:
    async with database.write() as session:
        session.add(
            ApplicationRow(
                id=app_id,
                account_uin=owner,
                name="Second",
                overview="",
                sealed_key="",
                created_at=NOW,
            )
        )
    return app_id


@pytest.mark.parametrize("event", AlarmEvent)
async def test_a_contact_is_told_by_text_message_and_mail(
    database: Database, account: int, event: AlarmEvent
) -> None:
    await add_contact(database, account, account, NOW)
    await ring(database, NOW, alarm_of(account, account, event))
    assert await told(database) == BOTH
    rows = await outbox(database)
    assert {(row.account_uin, row.app_id, row.event) for row in rows} == {(account, account, event)}
    assert [(row.subject != "", row.country) for row in rows] == [(False, "CN"), (True, None)]
    assert [(job.subject_id, job.due_at) for job in await jobs(database)] == [
        (row.id, NOW) for row in rows
    ]


async def test_only_who_asked_for_an_event_is_told_of_it(database: Database, account: int) -> None:
    other = await add_shop(database, account, 77)
    await add_contact(database, account, account, NOW, events=[REVIEW])
    await add_contact(database, account, other, NOW)
    stranger = await sending.add_account(database, NOW, uin=23_456_789)
    await add_contact(database, stranger, stranger, NOW)
    await ring(database, NOW, alarm_of(account, account, FREQUENCY))
    assert await outbox(database) == []


async def test_what_concerns_the_account_reaches_each_address_once(
    database: Database, account: int
) -> None:
    other = await add_shop(database, account, 77)
    stranger = await sending.add_account(database, NOW, uin=23_456_789)
    await add_contact(database, account, account, NOW)
    await add_contact(database, account, other, NOW, email="ANN@example.com")
    await add_contact(database, account, other, NOW, phone="85266661234", email="")
    await add_contact(database, stranger, stranger, NOW, phone="13900139000", email="b@b.co")
    await ring(database, NOW, alarm_of(account, None, AlarmEvent.PACKAGE))
    assert await told(database) == [*BOTH, (Channel.SMS, "+85266661234")]
    assert [row.app_id for row in await outbox(database)] == [account, account, other]


async def test_contacts_of_a_deleted_application_are_told_nothing(
    database: Database, account: int
) -> None:
    await add_contact(database, account, account, NOW)
    for deleted_at, count in ((NOW, 0), (None, 2)):
        async with database.write() as session:
            await session.exec(update(ApplicationRow).values(deleted_at=deleted_at))
        await ring(database, NOW, alarm_of(account, None, REVIEW))
        assert len(await outbox(database)) == count


async def test_contacts_are_written_to_in_their_language(database: Database, account: int) -> None:
    await add_contact(database, account, account, NOW, email="", language=None)
    await add_contact(database, account, account, NOW, phone="", language=None)
    await ring(database, NOW, alarm_of(account, None, AlarmEvent.PACKAGE))
    message, mail = await outbox(database)
    assert (message.language, message.body[:3]) == (Language.CHINESE, "套餐包")
    assert (mail.language, mail.subject) == (Language.ENGLISH, "The package balance is down to 99")


async def test_what_repeats_is_counted_and_told_after_the_window(
    database: Database, account: int
) -> None:
    await add_contact(database, account, account, NOW)
    last = NOW + FOLD_WINDOW - timedelta(microseconds=1)
    for at, times in ((NOW, 3), (NOW + timedelta(minutes=5), 4), (last, 5)):
        await ring(database, at, alarm_of(account, account, FREQUENCY, times=times))
    assert await told(database) == BOTH
    await ring(database, NOW + FOLD_WINDOW, alarm_of(account, account, FREQUENCY, times=6))
    first, _, second, mail = await outbox(database)
    assert first.body.endswith("since the last notice: 3.")
    assert second.body.endswith("since the last notice: 15.")
    assert "Messages refused since the last notice: 15." in mail.body
    await ring(database, NOW + 2 * FOLD_WINDOW, alarm_of(account, account, FREQUENCY, times=1))
    assert (await outbox(database))[4].body.endswith("since the last notice: 1.")


async def test_each_subject_is_folded_by_itself(database: Database, account: int) -> None:
    await add_contact(database, account, account, NOW)
    for subject in ("one", "two", "one"):
        await ring(database, NOW, alarm_of(account, account, FREQUENCY, subject=subject))
    assert len(await outbox(database)) == 4


@pytest.mark.parametrize("event", [REVIEW, AlarmEvent.EXCESS_MESSAGES, AlarmEvent.PACKAGE])
async def test_what_happens_once_is_told_each_time(
    database: Database, account: int, event: AlarmEvent
) -> None:
    await add_contact(database, account, account, NOW)
    for _ in range(2):
        await ring(database, NOW, alarm_of(account, account, event))
    assert await told(database) == [*BOTH, *BOTH]
    async with database.read() as session:
        assert (await session.exec(select(AlarmRow))).all() == []


async def test_nothing_is_kept_or_folded_where_nobody_listens(
    database: Database, account: int
) -> None:
    with Statements(database) as statements:
        await ring(database, NOW, alarm_of(account, account, FREQUENCY))
    assert len(statements) == 1
    async with database.read() as session:
        assert (await session.exec(select(AlarmRow))).all() == []
    await add_contact(database, account, account, NOW)
    await ring(database, NOW, alarm_of(account, account, FREQUENCY))
    assert await told(database) == BOTH


async def test_an_alarm_is_rolled_back_with_what_it_tells_of(
    database: Database, account: int
) -> None:
    await add_contact(database, account, account, NOW)

    async def fail() -> None:
        async with database.write() as session:
            await alarm.raise_alarm(
                session,
                account_uin=account,
                app_id=account,
                event=FREQUENCY,
                subject="x",
                facts=FACTS[FREQUENCY],
                now=NOW,
            )
            raise RuntimeError("the worker dies")

    with pytest.raises(RuntimeError):
        await fail()
    assert await outbox(database) == []
    assert await jobs(database) == []
    await ring(database, NOW, alarm_of(account, account, FREQUENCY, subject="x"))
    assert await told(database) == BOTH


async def test_workers_at_once_tell_once_and_count_exactly(
    database: Database, account: int
) -> None:
    await add_contact(database, account, account, NOW)
    alarms = [alarm_of(account, account, FREQUENCY, times=times) for times in range(1, 25)]
    await asyncio.gather(*(ring(database, NOW, each) for each in alarms))
    assert await told(database) == BOTH
    (first, _) = await outbox(database)
    await ring(database, NOW + FOLD_WINDOW, alarm_of(account, account, FREQUENCY))
    counts = [int(row.body.rstrip(".").rpartition(" ")[2]) for row in (first,)]
    counts.append(int((await outbox(database))[2].body.rstrip(".").rpartition(" ")[2]))
    assert sum(counts) == sum(range(1, 25)) + 1


async def test_many_applications_cost_the_same_statements_as_one(
    database: Database, account: int
) -> None:
    costs = []
    for first, size in ((1_000, 1), (2_000, 20)):
        shops = [await add_shop(database, account, first + number) for number in range(size)]
        for shop in shops:
            await add_contact(database, account, shop, NOW)
        alarms = [alarm_of(account, shop, FREQUENCY) for shop in shops]
        with Statements(database) as statements:
            await ring(database, NOW, *alarms)
        told_of = len(statements)
        with Statements(database) as statements:
            await ring(database, NOW, *alarms)
        costs.append((told_of, len(statements)))
    assert costs == [(4, 2), (4, 2)]
    assert len(await outbox(database)) == 42


async def test_the_longest_reason_and_name_fit_the_outbox(database: Database, account: int) -> None:
    async with database.write() as session:
        await session.exec(update(ApplicationRow).values(name="店" * 100))
    await add_contact(database, account, account, NOW)
    facts = {"kind": "restore", "name": "名" * 100, "verdict": "rejected", "reason": "因" * 500}
    await ring(database, NOW, alarm_of(account, None, REVIEW, facts=facts))
    for row in await outbox(database):
        assert len(row.subject) <= SUBJECT_MOST
        assert "因" * 40 in row.body or "因" * 37 in row.body
