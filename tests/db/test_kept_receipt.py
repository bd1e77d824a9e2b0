"""Receipts no message is known for: bounded, and given to messages nobody was told of (STA-1)."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from db import kept_receipt, lease, receipt
from db.kept_receipt import KeptReceiptRow
from db.queue import Claimed
from db.session import Database
from db.task import BulkTaskRow
from domain.carrier import Answer, Receipt, Verdict
from domain.task import UnknownPolicy
from tests import counting, sending
from tests.console import START as NOW
from tests.console import Statements
from tests.sending import CARRIER, accepted, bring, claim, record

AT = NOW + timedelta(seconds=5)


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


def strange(reference: str, phone: str = "", code: str = "DELIVRD") -> Receipt:
    return Receipt(reference, code == "DELIVRD", code, AT, phone)


async def kept(database: Database) -> list[str]:
    async with database.read() as session:
        query = select(KeptReceiptRow.reference).order_by(col(KeptReceiptRow.reference))
        return list((await session.exec(query)).all())


async def waiting_task(database: Database, numbers: list[str]) -> int:
    """Add a task whose unknown messages wait for a receipt."""
    task = await sending.add_task(database, NOW, numbers)
    async with database.write() as session:
        row = (await session.exec(select(BulkTaskRow).where(BulkTaskRow.id == task))).one()
        row.unknown_policy = UnknownPolicy.WAIT
        session.add(row)
    return task


def lost(message: Claimed, *references: str) -> Answer:
    return Answer(message.id, Verdict.UNKNOWN, references)


async def match(database: Database, now: datetime = AT) -> int:
    async with database.write() as session:
        return await receipt.match(session, now, 100)


async def test_a_receipt_that_is_kept_already_changes_nothing(database: Database) -> None:
    await bring(database, strange("a", code="EXPIRED"), strange("b"))
    await bring(database, strange("a"), strange("b"))
    async with database.read() as session:
        rows = (await session.exec(select(KeptReceiptRow))).all()
    assert sorted((row.carrier, row.reference, row.code, row.kept_at) for row in rows) == [
        (CARRIER, "a", "EXPIRED", NOW),
        (CARRIER, "b", "DELIVRD", NOW),
    ]


async def test_what_fits_no_message_is_not_kept(database: Database) -> None:
    await bring(database, strange("x" * 81), strange(""), strange("x" * 80, "+" + "1" * 40))
    assert await kept(database) == ["x" * 80]
    await bring(database, strange("c", code="F" * 500))


async def test_the_oldest_of_a_carrier_go_first(database: Database) -> None:
    for place, reference in enumerate("abcd"):
        async with database.write() as session:
            at = NOW + timedelta(seconds=place)
            await receipt.apply(session, {CARRIER: [strange(reference)]}, at)
            await receipt.apply(session, {"another": [strange(reference)]}, at)
    async with database.write() as session:
        assert await kept_receipt.crowded(session, 4) == {}
        assert await kept_receipt.crowded(session, 3) == {CARRIER: 1, "another": 1}
        assert await kept_receipt.crowd_out(session, CARRIER, 2) == 2
        assert await kept_receipt.crowded(session, 3) == {"another": 1}
        assert not await kept_receipt.overdue(session, NOW - timedelta(seconds=1))
        assert await kept_receipt.overdue(session, NOW)
        assert await kept_receipt.forget(session, NOW + timedelta(seconds=2), 2) == 2
        assert await kept_receipt.forget(session, NOW + timedelta(seconds=2), 2) == 2
        assert await kept_receipt.forget(session, NOW + timedelta(seconds=2), 2) == 0
    assert await kept(database) == ["d", "d"]


async def test_an_unknown_message_takes_the_receipt_of_its_phone(
    database: Database, account: int
) -> None:
    task = await waiting_task(database, sending.phones(2))
    one, two = await claim(database)
    await bring(database, strange("x1", one.phone, "MK:0012"))
    await record(database, lost(one), accepted(two))
    assert await sending.states(database) == {"unknown": 1, "submitted": 1}
    assert (await sending.task_row(database, task)).finished_at is None
    assert await match(database) == 1
    first, _ = await sending.messages(database)
    assert (first.state.value, first.code, first.done_at) == ("failed", "MK:0012", AT)
    assert (first.claimed_by, first.claimed_until) == (None, None)
    found = await sending.task_row(database, task)
    assert (found.accepted, found.failed, found.finished_at) == (2, 1, AT)
    (counts,) = (await counting.statistics(database)).values()
    assert counts == (2, 2, 2, 0, 1)
    assert await kept(database) == []
    assert await match(database) == 0


async def test_a_receipt_waits_while_anything_else_for_its_phone_is_not_answered(
    database: Database, account: int
) -> None:
    """It may be of the other message, whose answer is still to come."""
    numbers = sending.phones(1)
    await waiting_task(database, numbers)
    await waiting_task(database, numbers)
    one, two = await claim(database)
    await bring(database, strange(f"ref-{two.id}", one.phone))
    await record(database, lost(one))
    assert await match(database) == 0
    await record(database, accepted(two))
    assert await match(database) == 0
    states = [row.state.value for row in await sending.messages(database)]
    assert states == ["unknown", "delivered"]


async def test_two_unknown_messages_to_one_phone_take_none(
    database: Database, account: int
) -> None:
    numbers = sending.phones(1)
    await waiting_task(database, numbers)
    await waiting_task(database, numbers)
    one, two = await claim(database)
    await record(database, lost(one), lost(two, "x2"))
    await bring(database, strange("x1", one.phone))
    assert await match(database) == 0
    await bring(database, strange("x2", one.phone))
    assert await sending.states(database) == {"unknown": 1, "delivered": 1}
    assert await match(database) == 1
    assert await sending.states(database) == {"delivered": 2}


async def test_an_unknown_message_takes_what_came_before_for_its_reference(
    database: Database, account: int
) -> None:
    await waiting_task(database, sending.phones(1))
    (message,) = await claim(database)
    await bring(database, strange("x1"), strange("x2"))
    await record(database, lost(message, "x1"))
    async with database.write() as session:
        known = await kept_receipt.of_known(session, NOW, 10)
        assert known == [(CARRIER, "x1")]
        assert await kept_receipt.of_known(session, NOW + timedelta(seconds=1), 10) == []
        await receipt.join(session, known, AT)
    assert await sending.states(database) == {"delivered": 1}
    assert await kept(database) == ["x2"]


@pytest.mark.parametrize(("age", "state"), [(0, "delivered"), (1, "submitted")])
async def test_a_receipt_of_long_ago_is_of_an_earlier_message_with_the_same_id(
    database: Database, account: int, age: int, state: str
) -> None:
    await sending.add_task(database, NOW, sending.phones(1))
    (message,) = await claim(database)
    async with database.write() as session:
        then = NOW - receipt.OVERTAKES_BY - timedelta(seconds=age)
        await receipt.apply(session, {CARRIER: [strange(f"ref-{message.id}")]}, then)
    await record(database, accepted(message))
    assert await sending.states(database) == {state: 1}
    assert await kept(database) == []


async def test_of_several_receipts_one_that_failed_decides(
    database: Database, account: int
) -> None:
    await waiting_task(database, sending.phones(1))
    (message,) = await claim(database)
    await bring(database, strange("x1", message.phone), strange("x2", message.phone, "EXPIRED"))
    await record(database, lost(message))
    assert await match(database) == 1
    assert [row.code for row in await sending.messages(database)] == ["EXPIRED"]
    assert await kept(database) == []


async def test_what_was_kept_before_the_message_was_made_is_not_its_own(
    database: Database, account: int
) -> None:
    async with database.write() as session:
        (phone,) = sending.phones(1)
        before = NOW - timedelta(seconds=1)
        await receipt.apply(session, {CARRIER: [strange("x1", phone)]}, before)
        await receipt.apply(session, {"another": [strange("x1", phone)]}, NOW)
    await waiting_task(database, [phone])
    (message,) = await claim(database)
    await record(database, lost(message))
    assert await match(database) == 0
    assert await sending.states(database) == {"unknown": 1}


async def test_what_is_sent_again_takes_none_by_its_phone(database: Database, account: int) -> None:
    await sending.add_task(database, NOW, sending.phones(1))
    (message,) = await claim(database)
    await bring(database, strange("x1", message.phone))
    await record(database, lost(message))
    assert await match(database) == 0
    assert await sending.states(database) == {"queued": 1}


async def test_matching_costs_a_fixed_number_of_statements(
    database: Database, account: int
) -> None:
    numbers = []
    for size in (2, 20):
        await waiting_task(database, sending.phones(size))
        batch = await claim(database)
        await bring(database, *(strange(f"x-{one.id}", one.phone) for one in batch))
        await record(database, *(lost(one) for one in batch))
        with Statements(database) as statements:
            assert await match(database) == size
        numbers.append(len(statements))
    async with database.read() as session:
        assert not await lease.waited(session, NOW + timedelta(days=9))
    # A task's end is a fixed number, too.
    assert numbers[0] == numbers[1]
