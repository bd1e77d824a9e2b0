"""Several dispatchers send to the same numbers: no limit is passed, and none waits (CFG-3)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import select

from db import blocklist, frequency, quota
from db.frequency import FrequencyUsageRow
from db.message import TABLE
from db.session import Database
from delivery.content import WRONG_PARAMETERS
from delivery.settings import DeliverySettings
from domain.blocklist import CODE as BLOCKED
from domain.frequency import NUMBER_DAILY, Limits
from domain.quota import BLOCKLIST
from domain.region import SmsType
from domain.task import TaskStatus
from tests import sending
from tests.console import Clock
from tests.delivery.scripted import ScriptedCarrier, Stepped
from tests.limiting import ONE, TWO

SETTINGS = DeliverySettings(batch=7, poll=timedelta(seconds=3))


@pytest.fixture(params=["sqlite_url", "postgresql_url"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """A fresh database of each kind."""
    database = Database(request.getfixturevalue(request.param))
    yield database
    await database.close()


async def dispatch(database: Database, clock: Clock) -> list[str]:
    """Send what is queued; gives the texts a carrier got."""
    carrier = ScriptedCarrier()
    dispatcher = Stepped(database, clock, SETTINGS, carrier)
    while await dispatcher.turn() == 0:
        pass
    await dispatcher.finish()
    return [one.text for batch in carrier.batches for one in batch]


async def test_what_was_refused_before_takes_no_place_of_its_number(
    database: Database, clock: Clock
) -> None:
    account = await sending.add_account(database, clock.now)
    async with database.write() as session:
        await frequency.change(session, account, Limits(number_per_day=1), clock.now)
        await quota.take(session, account, BLOCKLIST, 0)
        long_ago = clock.now - timedelta(hours=1)
        await blocklist.add(session, account, account, SmsType.REGULAR, [TWO], long_ago)
    await sending.add_task(database, clock.now, [ONE, ONE, ONE, TWO, TWO])
    async with database.write() as session:
        statement = update(TABLE).where(TABLE.c.row_number.in_([2, 5])).values(params="[]")
        await (await session.connection()).execute(statement)
    assert await dispatch(database, clock) == ["【Shop】Order A3 leaves on Monday"]
    codes = [row.code for row in await sending.messages(database)]
    assert codes == [WRONG_PARAMETERS, None, NUMBER_DAILY, WRONG_PARAMETERS, BLOCKED]
    async with database.read() as session:
        held = (await session.exec(select(FrequencyUsageRow.phone))).all()
    assert held == [ONE]


async def test_dispatchers_at_once_hand_over_what_the_limits_allow_and_no_more(
    database: Database, clock: Clock
) -> None:
    account = await sending.add_account(database, clock.now)
    limits = Limits(number_per_day=8, number_per_hour=6, application_per_day=70)
    async with database.write() as session:
        await frequency.change(session, account, limits, clock.now)
    numbers = sending.phones(12) * 2
    orders = (numbers, numbers[::-1], [ONE, TWO] * 12, [TWO, ONE] * 12)
    tasks = [await sending.add_task(database, clock.now, order) for order in orders]
    carriers = [ScriptedCarrier() for _ in range(4)]

    async def run(number: int) -> None:
        dispatcher = Stepped(database, clock, SETTINGS, carriers[number], worker=f"worker {number}")
        while (await sending.states(database)).keys() & {"queued", "claimed"}:
            await dispatcher.turn()

    async with asyncio.timeout(60):
        await asyncio.gather(*map(run, range(4)))
    handed = [one for carrier in carriers for batch in carrier.batches for one in batch]
    per_number = Counter(one.phone for one in handed)
    assert max(per_number.values()) <= 6
    assert max(Counter((one.phone, one.text) for one in handed).values()) == 1
    assert len({one.message_id for one in handed}) == len(handed) <= 70
    assert await sending.states(database) == {
        "submitted": len(handed),
        "refused": 4 * 24 - len(handed),
    }
    for task in tasks:
        found = await sending.task_row(database, task)
        assert (found.status, found.accepted + found.refused) == (TaskStatus.SENT, 24)
