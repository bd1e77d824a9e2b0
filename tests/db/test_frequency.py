"""Frequency limits as messages feel them, and what counts how often (CFG-3, CFG-4)."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from db import allowlist, frequency, lease
from db.session import Database
from domain.carrier import Answer, Verdict
from domain.frequency import (
    APPLICATION_DAILY,
    GUIDE,
    NUMBER_DAILY,
    NUMBER_HOURLY,
    SAME_CONTENT,
    SAME_CONTENT_DAILY,
)
from domain.task import TaskStatus
from tests import counting, sending
from tests.console import START as NOW
from tests.limiting import ONE, SECOND, THREE, TWO, allow, send, take, used


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


async def test_ten_messages_pass_on_a_day_and_the_eleventh_is_a_record_with_its_code(
    database: Database, account: int
) -> None:
    task = await sending.add_task(database, NOW, [ONE] * 11)
    passed, refused = await take(database)
    rows = await sending.messages(database)
    assert [message.id for message in passed] == [row.id for row in rows[:10]]
    assert refused == [Answer(rows[10].id, Verdict.REFUSED, code=NUMBER_DAILY)]
    assert (rows[10].state.value, rows[10].code, rows[10].done_at) == ("refused", NUMBER_DAILY, NOW)
    await sending.record(database, *map(sending.accepted, passed))
    found = await sending.task_row(database, task)
    assert (found.status, found.accepted, found.refused) == (TaskStatus.SENT, 10, 1)
    assert found.reserved_units == 10
    assert await counting.failures(database) == ({NUMBER_DAILY: 1}, {NUMBER_DAILY: 1})


async def test_the_day_is_that_of_the_accounts_zone(database: Database, account: int) -> None:
    midnight = NOW + timedelta(hours=14)  # it is ten in Shanghai
    assert await send(database, [ONE] * 10) == []
    assert await send(database, [ONE], midnight - SECOND) == [NUMBER_DAILY]
    assert await send(database, [ONE] * 11, midnight) == [NUMBER_DAILY]


async def test_the_same_content_to_one_number_waits(database: Database, account: int) -> None:
    assert await send(database, [ONE, TWO]) == []
    assert await send(database, [ONE, THREE], NOW + 29 * SECOND) == [SAME_CONTENT]
    assert await send(database, [ONE], NOW + 30 * SECOND) == []


async def test_what_is_refused_counts_for_nothing(database: Database, account: int) -> None:
    assert await send(database, [ONE]) == []
    for seconds in range(1, 30, 7):
        assert await send(database, [ONE], NOW + seconds * SECOND) == [SAME_CONTENT]
    assert await send(database, [TWO, *[ONE] * 10], NOW + 30 * SECOND) == [NUMBER_DAILY]


async def test_an_hour_is_any_sixty_minutes(database: Database, account: int) -> None:
    limits = replace(GUIDE, number_per_hour=2)
    half = NOW + timedelta(minutes=30)
    assert await send(database, [ONE], limits=limits) == []
    assert await send(database, [TWO, ONE], half, limits=limits) == []
    late = NOW + timedelta(minutes=60) - SECOND
    assert await send(database, [TWO, TWO, ONE], late, limits=limits) == [NUMBER_HOURLY] * 2
    assert (
        await send(database, [THREE] * 9 + [ONE], late + SECOND, limits=limits)
        == [NUMBER_HOURLY] * 7
    )


async def test_the_same_content_has_a_limit_of_the_day(database: Database, account: int) -> None:
    limits = replace(GUIDE, same_content_seconds=1, same_content_per_day=2)
    codes = [
        await send(database, [ONE, TWO], NOW + number * SECOND, limits=limits)
        for number in range(3)
    ]
    assert codes == [[], [], [SAME_CONTENT_DAILY] * 2]


async def test_an_application_has_its_places_of_the_day(database: Database, account: int) -> None:
    limits = replace(GUIDE, application_per_day=5)
    numbers = sending.phones(7)
    assert await send(database, numbers, limits=limits) == [APPLICATION_DAILY] * 2
    assert await send(database, [TWO], NOW + 60 * SECOND, limits=limits) == [APPLICATION_DAILY]
    assert await used(database, account) == ("2026-03-02", 5)
    tomorrow = NOW + timedelta(hours=14)
    assert await send(database, numbers, tomorrow, limits=limits) == [APPLICATION_DAILY] * 2
    assert await used(database, account) == ("2026-03-03", 5)


async def test_a_worker_whose_clock_is_behind_opens_no_day_again(
    database: Database, account: int
) -> None:
    limits = replace(GUIDE, application_per_day=5)
    tomorrow = NOW + timedelta(hours=14)
    assert await send(database, sending.phones(5), tomorrow, limits=limits) == []
    behind = tomorrow - timedelta(minutes=1)
    assert await send(database, sending.phones(3), behind, limits=limits) == [SAME_CONTENT] * 3
    others = sending.phones(9)[6:]
    assert await send(database, others, behind, limits=limits) == [APPLICATION_DAILY] * 3
    more = sending.phones(12)[9:]
    assert await send(database, more, tomorrow, limits=limits) == [APPLICATION_DAILY] * 3


async def test_what_the_application_has_no_place_for_takes_none_of_its_number(
    database: Database, account: int
) -> None:
    full = replace(GUIDE, application_per_day=1, number_per_day=2)
    assert await send(database, [ONE, TWO, TWO], limits=full) == [APPLICATION_DAILY] * 2
    assert await send(database, [TWO] * 3, limits=replace(GUIDE, number_per_day=2)) == [
        NUMBER_DAILY
    ]


async def test_a_message_that_comes_again_is_counted_once(database: Database, account: int) -> None:
    limits = replace(GUIDE, application_per_day=10)
    await sending.add_task(database, NOW, [ONE] * 10)
    now = NOW
    for _ in range(3):
        passed, refused = await take(database, now, limits=limits)
        assert (len(passed), refused) == (10, [])
        again = [Answer(message.id, Verdict.THROTTLED) for message in passed]
        await sending.record(database, *again)
        now += SECOND
    passed, _ = await take(database, now, limits=limits)
    lost = now + sending.LEASE
    async with database.write() as session:
        assert await lease.requeue(session, lost) == 10
    passed, refused = await take(database, lost, limits=limits)
    assert (len(passed), refused) == (10, [])
    assert await used(database, account) == ("2026-03-02", 10)
    await sending.add_task(database, lost, [ONE, TWO])
    passed, refused = await take(database, lost, limits=limits)
    assert (passed, [answer.code for answer in refused]) == (
        [],
        [SAME_CONTENT, APPLICATION_DAILY],
    )


async def test_a_message_that_comes_again_the_next_day_takes_a_place_of_that_day(
    database: Database, account: int
) -> None:
    limits = replace(GUIDE, number_per_day=2, application_per_day=3)
    await sending.add_task(database, NOW, [ONE] * 2)
    passed, _ = await take(database, limits=limits)
    await sending.record(database, *(Answer(one.id, Verdict.UNAVAILABLE) for one in passed))
    tomorrow = NOW + timedelta(hours=14)
    await sending.add_task(database, tomorrow, [TWO, TWO, ONE, THREE])
    passed, refused = await take(database, tomorrow, limits=limits)
    assert [message.phone for message in passed] == [ONE, ONE, TWO]
    assert [answer.code for answer in refused] == [
        APPLICATION_DAILY,
        NUMBER_DAILY,
        APPLICATION_DAILY,
    ]


async def test_a_listed_number_gets_everything_and_takes_no_place(
    database: Database, account: int
) -> None:
    await allow(database, account, ONE)
    limits = replace(GUIDE, application_per_day=11)
    assert await send(database, [ONE] * 20 + [TWO] * 10, limits=limits) == []
    assert await send(database, [ONE, TWO, THREE], NOW + SECOND, limits=limits) == [NUMBER_DAILY]
    async with database.write() as session:
        assert await allowlist.remove(session, account, account, [ONE, TWO]) == {ONE}
    assert await send(database, [ONE], NOW + 2 * SECOND, limits=limits) == [APPLICATION_DAILY]


async def test_applications_have_limits_and_lists_of_their_own(
    database: Database, account: int
) -> None:
    other = await sending.add_account(database, NOW, uin=account + 1)
    await allow(database, other, TWO)
    own = replace(GUIDE, number_per_day=2)
    async with database.write() as session:
        await frequency.change(session, other, own, NOW)
        await frequency.change(session, other, own, NOW + SECOND)
    for app_id, phone in ((account, ONE), (account, TWO), (other, ONE), (other, TWO)):
        await sending.add_task(database, NOW, [phone] * 12, uin=app_id)
    passed, refused = await take(database)
    assert Counter((message.app_id, message.phone) for message in passed) == {
        (account, ONE): 10,
        (account, TWO): 10,
        (other, ONE): 2,
        (other, TWO): 12,
    }
    assert {answer.code for answer in refused} == {NUMBER_DAILY}
    async with database.read() as session:
        assert await frequency.rule(session, account, GUIDE) == frequency.Rule(GUIDE)
        assert await frequency.rule(session, other, GUIDE) == frequency.Rule(own, NOW + SECOND)
