"""Events wait for their callback from when they happen until they are taken (CFG-2, RPL-1)."""

from datetime import timedelta

import orjson
import pytest
from sqlmodel import update

from db import callback, callback_expiry, callback_outcome, callback_setting
from db.application import ApplicationRow
from db.callback import REPLIES
from db.callback_outcome import Lag
from db.callback_push import CallbackPushRow
from db.session import Database
from domain.errors import Code, Refused
from tests import pushing
from tests.claiming import claim, failed, record, switch
from tests.console import START, Statements
from tests.pushing import SECRET, UIN, VAULT

OTHER = UIN + 1


async def test_nothing_waits_where_no_callback_is_set(database: Database) -> None:
    await pushing.add_callback(database)
    async with database.write() as session:
        with Statements(database) as statements:
            await callback.status(session, [pushing.receipt(1, uin=OTHER)] * 500)
            await callback.reply(session, [pushing.reply(1)] * 500)
            await callback.status(session, [])
            await callback.reply(session, [])
    assert len(statements) == 2
    assert await pushing.events(database) == []


async def test_a_batch_costs_the_same_number_of_statements_whatever_its_size(
    database: Database,
) -> None:
    await pushing.add_callback(database)
    await pushing.add_callback(database, uin=OTHER)
    async with database.write() as session:
        await callback_setting.add(
            session, UIN, REPLIES, pushing.URL, VAULT, SECRET, enabled=True, now=START
        )
    counts = []
    for size in (1, 1_000):
        both = [pushing.receipt(number, uin=UIN + number % 2) for number in range(size)]
        async with database.write() as session:
            with Statements(database) as statements:
                await callback.status(session, both)
                await callback.reply(session, [pushing.reply(number) for number in range(size)])
        counts.append(len(statements))
    assert counts == [6, 6]
    found = await pushing.events(database)
    assert len(found) == 2_002
    assert [event.message_id for event in found[2:1_002]] == list(range(1_000))
    assert orjson.loads(found[-1].body)["sign"] == "Shop"


@pytest.mark.parametrize("enabled", [True, False])
async def test_events_wait_only_while_the_callback_is_on(
    database: Database, *, enabled: bool
) -> None:
    await pushing.add_callback(database)
    await switch(database, enabled=enabled)
    await pushing.receipts(database, [1])
    assert len(await pushing.events(database)) == enabled


async def test_a_deleted_application_has_nothing_queued_nor_pushed(database: Database) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, [1])
    async with database.write() as session:
        await session.exec(update(ApplicationRow).values(deleted_at=START))
    await pushing.receipts(database, [2])
    assert [event.message_id for event in await pushing.events(database)] == [1]
    assert await claim(database) == []


async def test_a_second_callback_of_the_same_thing_is_refused(database: Database) -> None:
    await pushing.add_callback(database, replies=True)
    with pytest.raises(Refused) as refusal:
        async with database.write() as session:
            await callback_setting.add(
                session, UIN, REPLIES, "https://b.example", VAULT, SECRET, enabled=True, now=START
            )
    assert refusal.value.problems[0].code is Code.TAKEN


async def test_the_lag_tells_what_waits_and_since_when(database: Database) -> None:
    async with database.read() as session:
        assert await callback_outcome.lag(session) == Lag(0, None)
    await pushing.add_callback(database)
    at = START - timedelta(minutes=3)
    await pushing.happen(database, pushing.receipt(1, at=at), pushing.receipt(2))
    async with database.read() as session:
        assert await callback_outcome.lag(session) == Lag(2, at)
    await switch(database, suspended_at=START)
    async with database.read() as session:
        assert await callback_outcome.lag(session) == Lag(0, None)


async def test_what_nobody_replays_is_dropped_after_its_time(database: Database) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, range(250))
    (turn,) = await claim(database)
    await record(database, failed(turn))
    parked = START + timedelta(days=2)
    async with database.write() as session:
        await session.exec(update(CallbackPushRow).values(parked_at=parked, due_at=parked))

    async def expire(before_days: float, limit: int = 100) -> int:
        async with database.write() as session:
            before = START + timedelta(days=before_days)
            return await callback_expiry.expire(session, before, limit)

    await switch(database, changed_at=START + timedelta(days=5))
    assert await expire(1.9) == 0
    assert await expire(2) == 1
    assert len(await pushing.events(database)) == 150
    assert await expire(4.9) == 0  # somebody changed the callback since
    assert await expire(5) == 100
    assert await expire(5) == 50
    assert await pushing.events(database) == []


async def test_what_waits_on_a_callback_that_pushes_is_never_dropped(database: Database) -> None:
    """A carrier's clock that is years behind must not cost a receipt."""
    await pushing.add_callback(database)
    await pushing.happen(database, pushing.receipt(1, at=START - timedelta(days=3_000)))
    await switch(database, changed_at=START - timedelta(days=90), pushed_at=START)
    async with database.write() as session:
        assert await callback_expiry.expire(session, START - timedelta(days=30), 100) == 0
    assert len(await pushing.events(database)) == 1


async def test_an_application_that_is_gone_takes_its_callback_along(database: Database) -> None:
    await pushing.add_callback(database)
    await pushing.add_callback(database, uin=OTHER)
    for uin in (UIN, OTHER):
        await pushing.receipts(database, range(150), uin=uin)
    await claim(database)
    async with database.write() as session:
        await callback_setting.erase(session, UIN)
    assert [row.account_uin for row in await pushing.callbacks(database)] == [OTHER]
    assert len(await pushing.pushes(database)) == 1
    assert len(await pushing.events(database)) == 150
