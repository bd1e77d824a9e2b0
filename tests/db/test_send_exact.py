"""Units and places of single messages: none lost, none taken twice, whatever happens (PKG-4)."""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlmodel import select

from db import queue, quota, submission
from db.message import MessageRow
from db.package import LedgerRow, PackageRow
from db.queue import Claimed
from db.session import Database
from domain.carrier import Answer, Verdict
from domain.errors import Refused
from domain.message import MessageStatus
from domain.price import RefusedUnits
from domain.quota import GLOBAL_DAILY
from domain.region import Region
from tests import bulk, packages, requesting, sending
from tests.console import START
from tests.requesting import ELSEWHERE, PHONES, TERMS, UIN, codes, kept, ledger, send

DAY = "2026-03-02"


async def check(database: Database) -> None:
    """Hold packages to the ledger, and the ledger to messages and tasks."""
    async with database.read() as session:
        held = (await session.exec(select(PackageRow))).all()
        changes = (await session.exec(select(LedgerRow))).all()
        messages = (await session.exec(select(MessageRow))).all()
    terms = {row.id: row.refused_units for row in held}
    for row in held:
        units = sum(change.units for change in changes if change.package_id == row.id)
        assert 0 <= row.remaining == units <= row.units
    taken = await ledger(database)
    for message in messages:
        if message.task_id is not None:
            continue
        paid = taken.get(message.id, 0)
        if message.state is not MessageStatus.REFUSED:
            assert paid == message.segments
        elif message.carrier is None:
            assert paid == 0
        else:
            drawn = {change.package_id for change in changes if change.message_id == message.id}
            keeps = any(terms[package] is RefusedUnits.KEPT for package in drawn)
            assert 0 <= paid <= message.segments * keeps


async def turn_down(database: Database, batch: Sequence[Claimed], code: str) -> None:
    """Let the carrier refuse what a worker holds."""
    answers = [Answer(one.id, Verdict.REFUSED, code=code) for one in batch]
    async with database.write() as session:
        await submission.record(session, "one", "simulator", answers, START)


@pytest.mark.parametrize("promise", list(RefusedUnits))
async def test_what_a_carrier_refuses_comes_back_as_the_price_list_says(
    database: Database, promise: RefusedUnits
) -> None:
    parts = await requesting.add_sender(database, units=0)
    await packages.grant(database, 10, refused_units=promise)
    await send(database, parts, PHONES[:2])
    one, two = await sending.claim(database)
    await turn_down(database, [one], "MK:0012")
    await sending.record(database, sending.accepted(two))
    kept_units = promise is RefusedUnits.KEPT
    assert await ledger(database) == {one.id: int(kept_units), two.id: 1}
    await turn_down(database, [one], "MK:0012")  # a carrier that repeats itself
    assert await ledger(database) == {one.id: int(kept_units), two.id: 1}
    await check(database)


async def test_what_a_rule_refuses_later_comes_back_in_any_case(database: Database) -> None:
    parts = await requesting.add_sender(database, units=0)
    await packages.grant(database, 10, refused_units=RefusedUnits.KEPT)
    await send(database, parts)
    async with database.write() as session:
        request = sending.request(START)
        batch = await queue.claim(session, request)
        answers = [Answer(one.id, Verdict.REFUSED, code="NOROUTE") for one in batch]
        await sending.sifted(session, request, batch, answers)
    assert await ledger(database) == {batch[0].id: 0}
    assert await bulk.balance(database, UIN, START) == 10
    await check(database)


async def test_a_message_may_take_of_two_packages_and_gives_back_to_each(
    database: Database,
) -> None:
    parts = await requesting.add_sender(database, units=0)
    await packages.grant(database, 1, days=1)
    await packages.grant(database, 5, days=2, refused_units=RefusedUnits.KEPT)
    long = ("订" * 60, "1")
    (result,) = await send(database, parts, params=long)
    assert result.segments == 2
    (one,) = await sending.claim(database)
    await turn_down(database, [one], "MK:0012")
    assert await ledger(database) == {one.id: 1}
    await check(database)


async def test_a_global_place_comes_back_for_the_day_it_was_taken(database: Database) -> None:
    """BLK-10: as with tasks, what was not sent does not count."""
    parts = await requesting.add_sender(database, 0, Region.GLOBAL)
    await send(database, parts, ELSEWHERE[:2])
    one, two = await sending.claim(database)
    await turn_down(database, [one], "ESME_RINVDSTADR")
    await sending.record(database, sending.accepted(two))
    async with database.read() as session:
        assert await quota.used(session, UIN, GLOBAL_DAILY, DAY) == 1


async def test_senders_at_once_take_exactly_what_there_is(database: Database) -> None:
    parts = await requesting.add_sender(database, units=60)
    shared = [Database(database.url.render_as_string(hide_password=False)) for _ in range(3)]

    async def sender(number: int) -> list[str]:
        mine = PHONES[number * 10 : number * 10 + 10]
        return codes(await send(shared[number % 3], parts, mine))

    try:
        answers = await asyncio.gather(*map(sender, range(9)))
        told = [code for answer in answers for code in answer]
        assert told.count("Ok") == 60
        assert told.count("FailedOperation.InsufficientBalanceInSmsPackage") == 30
        assert await bulk.balance(database, UIN, START) == 0
        assert len(await kept(database)) == 90
        await check(database)
    finally:
        for each in shared:
            await each.close()


async def test_the_same_number_passes_once_however_many_ask_at_once(database: Database) -> None:
    """CFG-3: one message of the same content in 30 seconds."""
    parts = await requesting.add_sender(database)
    shared = [Database(database.url.render_as_string(hide_password=False)) for _ in range(3)]
    try:
        answers = await asyncio.gather(
            *(send(shared[number % 3], parts, PHONES[:2]) for number in range(6))
        )
        told = [code for answer in answers for code in codes(answer)]
        assert told.count("Ok") == 2
        assert told.count("LimitExceeded.PhoneNumberThirtySecondLimit") == 10
        await check(database)
    finally:
        for each in shared:
            await each.close()


async def test_global_places_are_exact_for_senders_at_once(database: Database) -> None:
    parts = await requesting.add_sender(database, 0, Region.GLOBAL)
    terms = replace(TERMS, global_daily=25)
    shared = [Database(database.url.render_as_string(hide_password=False)) for _ in range(3)]
    try:
        answers = await asyncio.gather(
            *(
                send(shared[at % 3], parts, ELSEWHERE[at * 7 : at * 7 + 7], terms=terms)
                for at in range(6)
            )
        )
        told = [code for answer in answers for code in codes(answer)]
        assert (told.count("Ok"), told.count("LimitExceeded.DailyLimit")) == (25, 17)
    finally:
        for each in shared:
            await each.close()


async def test_sends_tasks_refusals_and_purchases_at_once_keep_the_books(
    postgresql_url: str,
) -> None:
    """Several processes' sessions on PostgreSQL, and nobody waits for anybody in a circle."""
    shared = [Database(postgresql_url) for _ in range(3)]
    database = shared[0]
    parts = await requesting.add_sender(database, units=0)
    await packages.grant(database, 40, days=2)
    await packages.grant(database, 40, days=4, refused_units=RefusedUnits.KEPT)
    item = await packages.sell(database, replace(packages.OFFER, units=30, price_micros=1))

    async def sender(number: int) -> None:
        mine = random.Random(number)  # noqa: S311 - a story to repeat
        for turn in range(4):
            first = number * 40 + turn * 10
            await send(shared[number % 3], parts, PHONES[first : first + mine.randint(1, 10)])

    async def worker(number: int) -> None:
        mine = random.Random(number)  # noqa: S311 - a story to repeat
        for _ in range(6):
            each = shared[number % 3]
            batch = await sending.claim(each, f"worker {number}", 8)
            answers = [
                sending.accepted(one)
                if mine.random() < 0.5
                else Answer(one.id, Verdict.REFUSED, code="MK:0012")
                for one in batch
            ]
            await sending.record(each, *answers, worker=f"worker {number}")

    async def consenter(number: int) -> None:
        for _ in range(2):
            task_id = await bulk.add_task(shared[number % 3], parts, START)
            await bulk.make_ready(shared[number % 3], task_id, START, bulk.found(2))
            with contextlib.suppress(Refused):  # too few units are left for it
                await packages.consent(shared[number % 3], task_id, START)

    try:
        work = [sender(number) for number in range(4)]
        work += [worker(number) for number in range(3)]
        work += [consenter(number) for number in range(2)]
        bought = [packages.buy(database, item, 1, 1, key=f"key-{at}") for at in range(2)]
        await asyncio.gather(*work, *bought)
        await check(database)
    finally:
        for each in shared:
            await each.close()
