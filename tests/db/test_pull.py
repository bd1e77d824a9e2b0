"""Queues to pull from: every record once, in order, whoever asks at the same time (API-3)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import update

from db import callback, message_context, pull, pull_number, pull_setting, purge, reply
from db.application import ApplicationRow
from db.pull import OF_REPLIES
from db.session import Database
from domain.carrier import Reply
from tests import pulling, pushing, sending
from tests.console import START, Statements
from tests.pushing import UIN

OTHER = UIN + 1
LATER = START + timedelta(minutes=1)


async def take_and_fail(database: Database) -> None:
    async with database.write() as session:
        await pull.statuses(session, UIN, 100)
        raise RuntimeError


async def test_what_nobody_pulls_is_not_kept_and_costs_no_statement(database: Database) -> None:
    await pulling.add_queue(database, uin=OTHER)
    await sending.add_account(database, START)
    async with database.write() as session:
        with Statements(database) as statements:
            await callback.status(session, [pushing.receipt(1)] * 500)
            await callback.reply(session, [pushing.reply(1)] * 500)
    assert len(statements) == 2
    assert await pulling.waiting(database) == ([], [])


async def test_a_batch_costs_one_statement_more_whatever_its_size(database: Database) -> None:
    await pulling.add_queue(database)
    await pulling.switch(database, app_id=OF_REPLIES)
    for size in (1, 1_000):
        async with database.write() as session:
            with Statements(database) as statements:
                await callback.status(session, [pushing.receipt(each) for each in range(size)])
                await callback.reply(session, [pushing.reply(each) for each in range(size)])
        assert len(statements) == 4
    assert [len(each) for each in await pulling.waiting(database)] == [1_001, 1_001]


async def test_pushed_and_pulled_at_once_is_told_by_both(database: Database) -> None:
    await pushing.add_callback(database)
    await pulling.switch(database)
    await pulling.happen(database, 3)
    assert [event.message_id for event in await pushing.events(database)] == [1, 2, 3]
    assert await pulling.ids(database) == [1, 2, 3]


async def test_a_receipt_is_taken_with_all_that_is_known_of_it(database: Database) -> None:
    await pulling.add_queue(database)
    await sending.add_task(database, START, sending.phones(3))
    batch = await sending.claim(database)
    first, second, third = batch
    await sending.record(
        database, sending.accepted(first), sending.accepted(second), sending.refused(third, "NO")
    )
    async with database.write() as session:
        context = {"account_uin": UIN, "session_context": "order 7", "extend": "9", "sender_id": ""}
        await message_context.add(session, [{"message_id": second.id, **context}])
    await sending.bring(database, sending.receipt_of(first, "MK:0012"), sending.receipt_of(second))
    found = await pulling.statuses(database)
    assert [
        (each.message_id, each.phone, each.delivered, each.code, each.session_context)
        for each in found
    ] == [
        (third.id, third.phone, False, "NO", ""),
        (first.id, first.phone, False, "MK:0012", ""),
        (second.id, second.phone, True, "DELIVRD", "order 7"),
    ]
    assert {each.created_at for each in found} == {START}
    assert found[0].serial_no == f"5000:{int(START.timestamp())}{third.id}"
    assert found[0].number == ("86", third.phone[3:])
    assert await pulling.statuses(database) == []


async def test_a_record_is_given_once_in_order_and_again_when_its_caller_failed(
    database: Database,
) -> None:
    await pulling.add_queue(database)
    await pulling.happen(database, 250)
    assert await pulling.ids(database) == list(range(1, 101))
    with pytest.raises(RuntimeError):
        await take_and_fail(database)
    assert await pulling.ids(database) == list(range(101, 201))
    assert await pulling.ids(database) == list(range(201, 251))
    assert await pulling.ids(database) == []


async def test_several_callers_at_once_share_what_waits(database: Database) -> None:
    await pulling.add_queue(database)
    await pulling.happen(database, 300)

    async def take() -> list[int]:
        taken: list[int] = []
        for _ in range(6):
            found = await pulling.ids(database, limit=15)
            assert found == sorted(found)
            taken += found
        return taken

    taken = await asyncio.gather(*(take() for _ in range(4)))
    everything = [number for each in taken for number in each]
    assert sorted(everything) == list(range(1, 301))[: len(everything)]
    assert len(everything) == 300
    assert await pulling.waiting(database) == ([], [])


async def test_taking_does_not_wait_for_whoever_takes(database: Database) -> None:
    """On PostgreSQL; SQLite has one writer at a time."""
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    await pulling.add_queue(database)
    await pulling.happen(database, 30)
    async with database.write() as session:
        held = [each.message_id for each in await pull.statuses(session, UIN, 10)]
        async with asyncio.timeout(10):
            assert await pulling.ids(database, limit=10) == list(range(11, 21))
    assert held == list(range(1, 11))
    assert await pulling.ids(database) == list(range(21, 31))


async def test_replies_are_taken_by_application(database: Database) -> None:
    await pulling.add_queue(database, replies=True)
    mine, others = pushing.reply(1, "one"), replace(pushing.reply(2, "two"), app_id=OTHER)
    await pushing.happen(database, mine, others, replace(mine, message_id=3, signature_id=None))
    first, last = await pulling.replies(database)
    assert (first.message_id, first.text, first.sign, first.at) == (1, "one", "Shop", START)
    assert (last.message_id, last.sign) == (3, "")
    assert await pulling.replies(database) == []
    assert [each.text for each in await pulling.replies(database, app_id=OTHER)] == ["two"]


async def test_a_reply_that_a_carrier_brings_is_queued_once(database: Database) -> None:
    await pulling.add_queue(database, replies=True)
    await sending.add_task(database, START, sending.phones(1))
    (message,) = await sending.claim(database)
    await sending.record(database, sending.accepted(message))
    brought = Reply(message.phone, "yes", LATER, sender_id="10690")
    for _ in range(2):
        async with database.write() as session:
            await reply.add(session, sending.CARRIER, [brought], sending.OPT_OUT)
    (found,) = await pulling.replies(database)
    assert (found.message_id, found.app_id, found.text) == (message.id, UIN, "yes")


async def test_switching_off_drops_what_waits_and_on_begins_anew(database: Database) -> None:
    queue_id = await pulling.add_queue(database)
    await pulling.happen(database, 2)
    again = await pulling.switch(database, now=LATER)
    assert again is not None
    assert (again.id, again.since) == (queue_id, START)
    assert await pulling.switch(database, on=False) is None
    await pulling.happen(database, 1, first=3)
    await pulling.switch(database, now=LATER)
    await pulling.happen(database, 1, first=4)
    assert await pulling.ids(database) == [4]


async def test_a_deleted_application_queues_nothing_and_is_erased_with_its_queue(
    database: Database,
) -> None:
    await pulling.add_queue(database)
    await pulling.switch(database, app_id=OF_REPLIES)
    await pulling.happen(database, 1)
    await pushing.happen(database, pushing.reply(5), replace(pushing.reply(6), app_id=OTHER))
    async with database.write() as session:
        await session.exec(update(ApplicationRow).values(deleted_at=START))
    await pulling.happen(database, 1, first=2)
    assert await pulling.waiting(database) == ([1], [5, 6])
    async with database.write() as session:
        await purge._erase_application(session, UIN)  # noqa: SLF001 - the step alone
    async with database.read() as session:
        assert await pull_setting.find(session, UIN, UIN) is None
        assert await pull_setting.find(session, UIN, OF_REPLIES) is not None
    assert await pulling.ids(database) == []
    assert await pulling.waiting(database) == ([1], [6])


async def test_what_waits_is_shown_by_number_and_age(database: Database) -> None:
    await pulling.add_queue(database)
    row = await pulling.queue(database)
    async with database.read() as session:
        assert await pull_setting.standing(session, row) == (0, None)
    await pulling.happen(database, 2, at=LATER)
    await pulling.happen(database, 1)
    async with database.read() as session:
        assert await pull_setting.standing(session, row) == (3, LATER)


async def test_a_number_is_looked_up_without_taking_anything(database: Database) -> None:
    await pulling.add_queue(database)
    await sending.add_task(database, START, sending.phones(2))
    batch = await sending.claim(database)
    await sending.record(database, *map(sending.accepted, batch))
    mine = batch[0]
    window = (START - timedelta(days=7), START + timedelta(hours=1))
    async with database.read() as session:
        assert await pull_number.statuses(session, UIN, UIN, mine.phone, *window, 100) == []
    await sending.bring(database, *map(sending.receipt_of, batch))
    async with database.write() as session:
        brought = Reply(mine.phone, "yes", LATER, sender_id="10690")
        await reply.add(session, sending.CARRIER, [brought], sending.OPT_OUT)
    for _ in range(2):
        async with database.read() as session:
            (status,) = await pull_number.statuses(session, UIN, UIN, mine.phone, *window, 100)
            (said,) = await pull_number.replies(session, UIN, UIN, mine.phone, *window, 100)
        assert (status.message_id, status.delivered, status.code) == (mine.id, True, "DELIVRD")
        assert (said.message_id, said.text, said.at) == (mine.id, "yes", LATER)
    async with database.read() as session:
        for owner, app_id, phone, start in (
            (OTHER, UIN, mine.phone, window[0]),
            (UIN, OTHER, mine.phone, window[0]),
            (UIN, UIN, "+8613900000000", window[0]),
            (UIN, UIN, mine.phone, window[1]),
        ):
            asked = (session, owner, app_id, phone, start, window[1], 100)
            assert await pull_number.statuses(*asked) == []
            assert await pull_number.replies(*asked) == []
    assert sorted(await pulling.ids(database)) == [message.id for message in batch]
