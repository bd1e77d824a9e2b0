"""Replies over SMPP, which name no message: the last one to their phone is meant (STA-3, UNS-1)."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from db import reply
from db.message import TABLE as MESSAGE
from db.queue import Claimed
from db.reply import REPEATED_WITHIN, ReplyRow
from db.session import Database
from db.unsubscription import UnsubscriptionRow
from domain.carrier import Reply
from tests import sending
from tests.console import START as NOW
from tests.console import Statements
from tests.sending import CARRIER, OPT_OUT, accepted, claim, record

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


async def sent(database: Database, count: int = 1) -> list[Claimed]:
    """Send a task to the first numbers; gives its messages."""
    await sending.add_task(database, NOW, sending.phones(count))
    batch = await claim(database)
    await record(database, *map(accepted, batch))
    return batch


def bare(phone: str, text: str = "TD", at: datetime = LATER) -> Reply:
    return Reply(phone, text, at, sender_id="10690")


async def bring(database: Database, *replies: Reply, carrier: str = CARRIER) -> int:
    async with database.write() as session:
        return await reply.add(session, carrier, replies, OPT_OUT)


async def kept(database: Database) -> list[tuple[int, str]]:
    async with database.read() as session:
        rows = await session.exec(select(ReplyRow).order_by(col(ReplyRow.id)))
        return [(row.message_id, row.text) for row in rows]


async def test_the_last_message_to_the_phone_is_answered(database: Database, account: int) -> None:
    (first,) = await sent(database)
    (last,) = await sent(database)
    assert await bring(database, bare(first.phone, "hello")) == 0
    async with database.read() as session:
        (row,) = (await session.exec(select(ReplyRow))).all()
    assert (row.message_id, row.phone, row.text) == (last.id, last.phone, "hello")
    assert (row.account_uin, row.signature_id, row.received_at) == (account, account, LATER)


async def test_it_may_be_another_accounts(database: Database, account: int) -> None:
    await sent(database)
    other = await sending.add_account(database, NOW, uin=87_654_321)
    await sending.add_task(database, NOW, sending.phones(1), uin=other)
    (last,) = await claim(database)
    await record(database, accepted(last))
    await bring(database, bare(last.phone))
    async with database.read() as session:
        (row,) = (await session.exec(select(ReplyRow))).all()
    assert (row.account_uin, row.message_id) == (other, last.id)


async def test_a_bare_reply_unsubscribes(database: Database, account: int) -> None:
    """UNS-1: TD to a message of a signature ends its messages to that number."""
    (message,) = await sent(database)
    await bring(database, bare(message.phone, " td "))
    async with database.read() as session:
        (row,) = (await session.exec(select(UnsubscriptionRow))).all()
    assert (row.signature_id, row.phone, row.message_id) == (account, message.phone, message.id)
    assert (row.reply, row.unsubscribed_at, row.opt_outs) == ("td", LATER, 1)


async def test_a_reply_that_is_repeated_is_kept_once(database: Database, account: int) -> None:
    """The process died between the commit and deliver_sm_resp, and the carrier sent it again."""
    (message,) = await sent(database)
    again = bare(message.phone, at=LATER + REPEATED_WITHIN - timedelta(seconds=1))
    await bring(database, bare(message.phone), bare(message.phone))
    await bring(database, again)
    assert await kept(database) == [(message.id, "TD")]
    async with database.read() as session:
        (row,) = (await session.exec(select(UnsubscriptionRow))).all()
    assert row.opt_outs == 1
    await bring(database, bare(message.phone, at=LATER + REPEATED_WITHIN))
    assert await kept(database) == [(message.id, "TD")] * 2


async def test_other_words_at_the_same_moment_are_another_reply(
    database: Database, account: int
) -> None:
    (message,) = await sent(database)
    await bring(database, bare(message.phone, "one"), bare(message.phone, "two"))
    await bring(database, bare(message.phone, "three"), bare(message.phone, "one"))
    assert [text for _, text in await kept(database)] == ["one", "two", "three"]


async def test_what_answers_nobodys_message_is_kept_nowhere(
    database: Database, account: int
) -> None:
    (message,) = await sent(database)
    strangers = bare("+8613911111111"), bare(""), Reply("", "TD", LATER, "unknown")
    assert await bring(database, *strangers) == 3
    assert await bring(database, bare(message.phone), carrier="another") == 1
    assert await kept(database) == []
    assert await bring(database, *strangers, bare(message.phone)) == 3
    assert await kept(database) == [(message.id, "TD")]


@pytest.mark.parametrize(("age", "answered"), [(timedelta(0), 1), (timedelta(seconds=1), 0)])
async def test_a_message_is_answered_for_72_hours(
    database: Database, account: int, age: timedelta, answered: int
) -> None:
    (message,) = await sent(database)
    at = NOW + timedelta(hours=72) - timedelta(seconds=1) + age
    await bring(database, bare(message.phone, "hello", at))
    assert len(await kept(database)) == answered


async def test_a_reply_may_overtake_the_answer_to_the_submission(
    database: Database, account: int
) -> None:
    await sending.add_task(database, NOW, sending.phones(1))
    (message,) = await claim(database)
    assert await bring(database, bare(message.phone, "hello")) == 0
    assert await kept(database) == [(message.id, "hello")]


async def test_a_reference_is_believed_before_the_phone(database: Database, account: int) -> None:
    first, _ = await sent(database, 2)
    (last,) = await sent(database)
    await bring(database, Reply(last.phone, "hello", LATER, f"ref-{first.id}"))
    assert await kept(database) == [(first.id, "hello")]


async def test_an_unknown_message_can_be_answered(database: Database, account: int) -> None:
    await sending.add_task(database, NOW, sending.phones(1))
    (message,) = await claim(database)
    async with database.write() as session:
        unknown = update(MESSAGE).values(state="unknown", submitted_at=NOW, claimed_by=None)
        await (await session.connection()).execute(unknown)
    assert await bring(database, bare(message.phone, "hello")) == 0


async def test_replies_cost_a_fixed_number_of_statements(database: Database, account: int) -> None:
    numbers = []
    for count in (2, 20):
        batch = await sent(database, count)
        texts = [bare(one.phone, f"hello {count}") for one in batch]
        with Statements(database) as statements:
            await bring(database, *texts, bare("+8613911111111"))
        numbers.append(len(statements))
    assert len(await kept(database)) == 22
    # The messages, those still awaited, what was said before, the rows, callbacks.
    assert numbers[0] == numbers[1] <= 5


async def test_two_replies_of_one_second_are_two(database: Database, account: int) -> None:
    """A carrier's time is to the second: what was said tells them apart, and a repetition."""
    (message,) = await sent(database)
    named = [Reply(message.phone, text, LATER, f"ref-{message.id}") for text in ("one", "two")]
    await bring(database, *named)
    await bring(database, *named)
    assert await kept(database) == [(message.id, "one"), (message.id, "two")]
