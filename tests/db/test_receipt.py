"""Receipts and replies: what they move, and what they must not (STA-1, STA-4, BLK-8)."""

from datetime import timedelta

import pytest
from sqlmodel import select

from db import lease, receipt, reply, submission
from db.reply import ReplyRow
from db.session import Database
from domain.carrier import Reply
from domain.message import MessageStatus
from tests import counting, sending
from tests.console import START as NOW
from tests.db.test_plans import recorded
from tests.sending import CARRIER, OPT_OUT, accepted, bring, claim, receipt_of, record, refused


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


async def test_receipts_move_messages_and_every_count(database: Database, account: int) -> None:
    task = await sending.add_task(database, NOW, sending.phones(3))
    one, two, three = await claim(database)
    await record(database, *map(accepted, (one, two, three)))
    await bring(database, receipt_of(one), receipt_of(two, "MK:0012"))
    rows = await sending.messages(database)
    assert [row.state.value for row in rows] == ["delivered", "failed", "submitted"]
    assert [row.code for row in rows] == ["DELIVRD", "MK:0012", None]
    assert rows[0].done_at == NOW + timedelta(seconds=5)
    found = await sending.task_row(database, task)
    assert (found.accepted, found.delivered, found.failed) == (3, 1, 1)
    (counts,) = (await counting.statistics(database)).values()
    assert counts == (3, 3, 3, 1, 1)
    assert await counting.failures(database) == ({"MK:0012": 1},) * 2


async def test_a_repeated_receipt_changes_nothing(database: Database, account: int) -> None:
    await sending.add_task(database, NOW, sending.phones(1))
    (message,) = await claim(database)
    await record(database, accepted(message))
    delivered, failed = receipt_of(message), receipt_of(message, "MK:0012")
    await bring(database, delivered, delivered, failed)
    before = (await sending.messages(database), await counting.statistics(database))
    await bring(database, failed, delivered)
    assert (await sending.messages(database), await counting.statistics(database)) == before
    assert before[0][0].state is MessageStatus.DELIVERED
    assert await counting.failures(database) == ({}, {})


async def test_a_receipt_that_overtakes_the_answer_is_applied_with_it(
    database: Database, account: int
) -> None:
    task = await sending.add_task(database, NOW, sending.phones(2))
    one, two = await claim(database)
    await bring(database, receipt_of(one), receipt_of(one, "MK:0012"))
    async with database.write() as session:
        await receipt.apply(session, {"another carrier": [receipt_of(two)]}, NOW)
    assert await sending.states(database) == {"claimed": 2}
    await record(database, accepted(one), accepted(two))
    assert await sending.states(database) == {"delivered": 1, "submitted": 1}
    found = await sending.task_row(database, task)
    assert (found.accepted, found.delivered, found.failed) == (2, 1, 0)
    (counts,) = (await counting.statistics(database)).values()
    assert counts == (2, 2, 2, 1, 0)


async def test_what_several_carriers_bring_is_counted_once_and_in_order(
    database: Database, account: int
) -> None:
    """Counted for each carrier, two workers would lock each other's tasks out."""
    tasks = [await sending.add_task(database, NOW, sending.phones(1, 10 * n)) for n in (1, 2)]
    early, late = await claim(database)
    async with database.write() as session:
        for carrier, one in (("b", early), ("a", late)):
            await submission.record(session, "one", carrier, [accepted(one)], NOW)
    with recorded(database) as noted:
        async with database.write() as session:
            brought = {"b": [receipt_of(early)], "a": [receipt_of(late)]}
            await receipt.apply(session, brought, NOW)
    changed = [given for statement, given in noted if statement.startswith("UPDATE bulk_task")]
    assert len(changed) == 1
    assert [(await sending.task_row(database, task)).delivered for task in tasks] == [1, 1]


async def test_a_code_of_any_length_is_kept_in_part(database: Database, account: int) -> None:
    await sending.add_task(database, NOW, sending.phones(2))
    one, two = await claim(database)
    await record(database, accepted(one), refused(two, "R" * 500))
    await bring(database, receipt_of(one, "F" * 500))
    assert [row.code for row in await sending.messages(database)] == ["F" * 64, "R" * 64]


async def test_what_no_receipt_came_for_expires_and_counts_as_without_one(
    database: Database, account: int
) -> None:
    task = await sending.add_task(database, NOW, sending.phones(3))
    await record(database, *map(accepted, await claim(database)))
    async with database.write() as session:
        assert not await lease.waited(session, NOW - timedelta(seconds=1))
        assert await lease.waited(session, NOW)
        assert await lease.expire(session, NOW, NOW + timedelta(days=3), 2) == 2
        assert await lease.expire(session, NOW, NOW + timedelta(days=3), 2) == 1
    assert await sending.states(database) == {"expired": 3}
    found = await sending.task_row(database, task)
    assert (found.accepted, found.delivered, found.failed) == (3, 0, 0)


async def test_a_reply_is_kept_once_beside_the_message_it_answers(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(1))
    (message,) = await claim(database)
    answer = Reply(message.phone, "TD" * 1_000, NOW, f"ref-{message.id}")
    await record(database, accepted(message))
    for _ in range(2):
        async with database.write() as session:
            await reply.add(session, CARRIER, [answer], OPT_OUT)
    async with database.read() as session:
        (row,) = (await session.exec(select(ReplyRow))).all()
    assert (row.account_uin, row.signature_id, row.message_id) == (account, account, message.id)
    assert (row.phone, row.text, row.received_at) == (message.phone, ("TD" * 1_000)[:1_000], NOW)
