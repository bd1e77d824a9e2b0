"""Pushes keep order, schedule and lease, whoever claims them (CFG-2, RPL-1)."""

import asyncio
from datetime import timedelta

import orjson
from sqlmodel import col, select, update

from db import callback_push
from db.callback import CallbackRow
from db.callback_push import Claim
from db.session import Database
from tests import pushing
from tests.claiming import LEASE, claim, failed, record, switch, taken
from tests.console import START
from tests.pushing import UIN

OTHER = UIN + 1


async def test_up_to_a_hundred_events_make_a_push(database: Database) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, range(101))
    (turn,) = await claim(database)
    (push,) = turn.pushes
    assert pushing.tells_of(push.body) == list(range(100))
    await record(database, taken(turn))
    ((rest,),) = [turn.pushes for turn in await claim(database)]
    assert pushing.tells_of(rest.body) == [100]
    assert rest.webhook_id != push.webhook_id


async def test_one_holds_a_callback_at_a_time(database: Database) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, range(150))
    assert len(await claim(database)) == 1
    assert await claim(database, "two") == []


async def test_what_a_dead_worker_held_is_pushed_again_under_the_same_id(
    database: Database,
) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, [1, 2])
    (lost,) = await claim(database)
    await pushing.receipts(database, [3])
    assert await claim(database, "two", 59.9) == []
    (turn,) = await claim(database, "two", 60)
    assert turn.pushes == lost.pushes
    await record(database, taken(lost), 61)  # the first one comes back to life: too late
    assert len(await pushing.events(database)) == 3
    await record(database, taken(turn), 62)
    assert [event.message_id for event in await pushing.events(database)] == [3]


async def test_a_failure_is_tried_again_by_the_schedule_and_then_parked(
    database: Database,
) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, [1])
    at, tried = 0.0, []
    while found := await claim(database, seconds=at):
        tried.append(at)
        await record(database, failed(found[0]), at)
        (push,) = await pushing.pushes(database)
        if push.parked_at is None:
            at = (push.due_at - START).total_seconds()
            assert await claim(database, seconds=at - 0.1) == []
    assert tried == [0, 5, 35, 155, 755, 4_355, 25_955, 112_355]
    assert (push.tries, push.error) == (8, "the URL answered 500")
    assert push.parked_at == START + timedelta(seconds=112_355)


async def test_a_push_that_is_not_taken_holds_up_no_other(database: Database) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, [1])
    (turn,) = await claim(database)
    await record(database, failed(turn))
    await pushing.receipts(database, [2])
    (other,) = await claim(database, seconds=1)
    assert other.pushes[0].webhook_id != turn.pushes[0].webhook_id
    await record(database, taken(other), 1)
    (again,) = await claim(database, seconds=5)
    assert again.pushes[0].webhook_id == turn.pushes[0].webhook_id
    assert again.pushes[0].tries == 1


async def test_a_messages_later_event_never_overtakes_its_earlier_one(database: Database) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, [1])
    (turn,) = await claim(database)
    await record(database, failed(turn))
    await pushing.receipts(database, [1, 2])
    (other,) = await claim(database, seconds=1)
    assert pushing.tells_of(other.pushes[0].body) == [2]
    await record(database, taken(other), 1)
    assert await claim(database, seconds=2) == []
    (first,) = await claim(database, seconds=5)
    await record(database, taken(first), 5)
    (second,) = await claim(database, seconds=6)
    assert pushing.tells_of(second.pushes[0].body) == [1]


async def test_replies_are_pushed_one_by_one_and_one_of_a_message_a_turn(
    database: Database,
) -> None:
    await pushing.add_callback(database, replies=True)
    await pushing.happen(database, *(pushing.reply(number % 25) for number in range(50)))
    (turn,) = await claim(database)
    assert len(turn.pushes) == 20
    assert all(orjson.loads(push.body)["text"] == "Y" for push in turn.pushes)
    await record(database, failed(turn))
    (following,) = await claim(database, seconds=1)
    assert following.pushes[:19] == turn.pushes[1:]
    assert len(following.pushes) == 20


async def test_a_dead_url_is_given_one_push_at_a_time_and_all_at_once_when_it_lives(
    database: Database,
) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, range(300))
    for at in (0, 0.5):
        (turn,) = await claim(database, seconds=at)
        assert not turn.failing
        await record(database, failed(turn), at)
    assert await claim(database, seconds=5.4) == []
    (turn,) = await claim(database, seconds=5.5)
    assert turn.failing
    await record(database, taken(turn), 5.5)
    for _ in range(2):
        (turn,) = await claim(database, seconds=5.6)
        await record(database, taken(turn), 5.6)
    assert await pushing.events(database) == []
    (row,) = await pushing.callbacks(database)
    assert (row.failures, row.failing_since, row.held_until) == (0, None, None)


async def test_what_failed_long_ago_need_not_wait_once_a_dead_url_lives(
    database: Database,
) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, [1])
    for at in (0, 5, 35, 155):
        (old,) = await claim(database, seconds=at)
        await record(database, failed(old), at)
    await pushing.receipts(database, [2])
    (new,) = await claim(database, seconds=156)
    await record(database, failed(new), 156)
    (new,) = await claim(database, seconds=161)
    await record(database, taken(new), 161)
    (again,) = await claim(database, seconds=161)
    assert again.pushes[0].webhook_id == old.pushes[0].webhook_id


async def test_working_and_failing_callbacks_are_counted_apart(database: Database) -> None:
    for uin in range(UIN, UIN + 6):
        await pushing.add_callback(database, uin=uin)
        await pushing.receipts(database, [uin], uin=uin)
    async with database.write() as session:
        await session.exec(
            update(CallbackRow).where(col(CallbackRow.account_uin) < UIN + 3).values(failures=2)
        )
    request = Claim(token="one", working=2, failing=1, now=START, lease=LEASE)
    async with database.write() as session:
        turns = await callback_push.claim(session, request)
    assert [turn.failing for turn in turns] == [False, False, True]


async def test_callbacks_take_turns(database: Database) -> None:
    for uin in (UIN, OTHER):
        await pushing.add_callback(database, uin=uin)
        await pushing.receipts(database, range(200), uin=uin)
    served = []
    for at in range(4):
        request = Claim(
            token=f"{at}", working=1, failing=0, now=START + timedelta(seconds=at), lease=LEASE
        )
        async with database.write() as session:
            (turn,) = await callback_push.claim(session, request)
        served.append(turn.callback_id)
        await record(database, taken(turn), at)
    assert served[:2] == served[2:]
    assert len(set(served)) == 2


async def test_what_waits_is_kept_while_a_callback_is_off(database: Database) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, [1])
    await switch(database, enabled=False)
    assert await claim(database) == []
    await switch(database, enabled=True)
    assert len(await claim(database)) == 1


async def test_two_workers_never_hold_the_same_callback(database: Database) -> None:
    for uin in range(UIN, UIN + 20):
        await pushing.add_callback(database, uin=uin)
        await pushing.receipts(database, [uin], uin=uin)

    found = await asyncio.gather(*(claim(database, f"{number}") for number in range(4)))
    held = [turn.callback_id for turns in found for turn in turns]
    assert len(held) == len(set(held))
    async with database.read() as session:
        busy = (await session.exec(select(CallbackRow.claimed_by))).all()
    assert len([token for token in busy if token]) == len(held)
