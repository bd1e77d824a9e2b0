"""Replies that unsubscribe, and requests to undo that, in storage (UNS-1 to UNS-3)."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from db import decision, reply, review, unsubscription, unsubscription_removal
from db.decision import Ruling
from db.message import TABLE as MESSAGE
from db.queue import Claimed
from db.reply import ReplyRow
from db.review import ReviewRow, Verdict
from db.session import Database
from db.unsubscription import Listing, UnsubscriptionRow
from db.unsubscription_removal import RemovalRow
from db.user import UserKind, UserRow
from domain.carrier import Reply
from domain.errors import Code, Refused
from domain.region import SmsType
from domain.review import ReviewStatus
from domain.terms import Terms
from tests import sending
from tests.console import START as NOW
from tests.sending import CARRIER, OPT_OUT

TERMS = Terms()
OPERATOR = 200_000_001


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


async def submitted(database: Database, account: int, count: int = 1) -> list[Claimed]:
    """Send a task to the first numbers; gives its messages."""
    await sending.add_task(database, NOW, sending.phones(count), uin=account)
    batch = await sending.claim(database)
    await sending.record(database, *map(sending.accepted, batch))
    return batch


def answer(message: Claimed, text: str = "TD", at: datetime = NOW) -> Reply:
    return Reply(message.phone.removeprefix("+"), text, at, f"ref-{message.id}")


async def bring(database: Database, *replies: Reply) -> None:
    async with database.write() as session:
        await reply.add(session, CARRIER, replies, OPT_OUT)


async def unsubscribed(database: Database) -> list[UnsubscriptionRow]:
    async with database.read() as session:
        query = select(UnsubscriptionRow).order_by(col(UnsubscriptionRow.id))
        return list((await session.exec(query)).all())


async def ask(database: Database, account: int, key: int = 1) -> RemovalRow:
    async with database.write() as session:
        return await unsubscription_removal.request(
            session, account, key, "they asked us", NOW, TERMS
        )


async def decide(database: Database, *, approved: bool) -> None:
    async with database.write() as session:
        if await session.get(UserRow, OPERATOR) is None:
            session.add(UserRow(uin=OPERATOR, kind=UserKind.OPERATOR, name="rev", created_at=NOW))
            await session.flush()
        query = select(ReviewRow.id).where(col(ReviewRow.verdict).is_(None))
        (item,) = (await session.exec(query)).all()
        ruling = Ruling(approved, "" if approved else "not shown to have asked", OPERATOR)
        await decision.decide(session, item, ruling, NOW + timedelta(hours=1), TERMS)


async def test_a_reply_unsubscribes_its_number_from_signature_and_type(
    database: Database, account: int
) -> None:
    one, two, three = await submitted(database, account, 3)
    late = NOW + timedelta(hours=72)
    await bring(
        database,
        answer(one, " td\n", late),
        answer(two, "OK"),
        answer(three, "TD", late + timedelta(seconds=1)),
    )
    (row,) = await unsubscribed(database)
    assert (row.account_uin, row.signature_id, row.sms_type) == (account, account, SmsType.REGULAR)
    assert (row.phone, row.message_id, row.reply) == (one.phone, one.id, "td")
    assert (row.unsubscribed_at, row.opt_outs, row.removed_at) == (late, 1, None)
    async with database.read() as session:
        assert len((await session.exec(select(ReplyRow))).all()) == 3


async def test_a_reply_that_a_carrier_repeats_counts_once(database: Database, account: int) -> None:
    (message,) = await submitted(database, account)
    await bring(database, answer(message), answer(message))
    await bring(database, answer(message))
    (row,) = await unsubscribed(database)
    assert row.opt_outs == 1


async def test_replies_at_once_leave_one_entry(database: Database, account: int) -> None:
    batch = await submitted(database, account, 4)
    batch += await submitted(database, account, 4)
    times = [NOW + timedelta(seconds=n) for n in range(3)]
    await asyncio.gather(
        *(bring(database, *(answer(one, "TD", at) for one in batch)) for at in times)
    )
    rows = await unsubscribed(database)
    assert [row.phone for row in rows] == sending.phones(4)
    assert [row.opt_outs for row in rows] == [6] * 4


async def test_a_reply_and_its_unsubscription_commit_together_or_not_at_all(
    database: Database, account: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ConnectionError("the database is away")

    (message,) = await submitted(database, account)
    with monkeypatch.context() as patched:
        patched.setattr(unsubscription, "record", fail)
        with pytest.raises(ConnectionError):
            await bring(database, answer(message))
    async with database.read() as session:
        assert (await session.exec(select(ReplyRow))).all() == []
    await bring(database, answer(message))
    assert len(await unsubscribed(database)) == 1


async def test_a_message_without_signature_unsubscribes_from_those_without(
    database: Database, account: int
) -> None:
    (message,) = await submitted(database, account)
    async with database.write() as session:
        await (await session.connection()).execute(update(MESSAGE).values(signature_id=None))
    await bring(database, answer(message))
    (row,) = await unsubscribed(database)
    assert (row.account_uin, row.signature_id) == (account, 0)


async def test_an_approved_removal_ends_it_and_a_later_reply_counts_anew(
    database: Database, account: int
) -> None:
    (message,) = await submitted(database, account)
    await bring(database, answer(message))
    asked = await ask(database, account)
    assert (asked.status, asked.opt_outs) == (ReviewStatus.PENDING, 1)
    await decide(database, approved=True)
    (row,) = await unsubscribed(database)
    assert row.removed_at == NOW + timedelta(hours=1)
    await bring(database, answer(message))
    (row,) = await unsubscribed(database)
    assert row.removed_at is not None, "a repeated reply is no new one"
    again = NOW + timedelta(hours=2)
    await bring(database, answer(message, "T", again))
    (row,) = await unsubscribed(database)
    assert (row.removed_at, row.unsubscribed_at, row.opt_outs) == (None, again, 2)
    assert (await ask(database, account)).opt_outs == 2


async def test_a_rejected_removal_changes_nothing_and_may_be_asked_for_again(
    database: Database, account: int
) -> None:
    (message,) = await submitted(database, account)
    await bring(database, answer(message))
    await ask(database, account)
    await decide(database, approved=False)
    (row,) = await unsubscribed(database)
    assert row.removed_at is None
    await ask(database, account)
    async with database.read() as session:
        listing = unsubscription_removal.Listing(account)
        page = await unsubscription_removal.page(session, listing, first=9, after=None)
        assert [each.status.value for each in page.rows] == ["pending", "rejected"]
        assert page.rows[1].reason == "not shown to have asked"
        assert await unsubscription_removal.count(session, listing) == 2
        rejected = unsubscription_removal.Listing(account, ReviewStatus.REJECTED)
        assert await unsubscription_removal.count(session, rejected) == 1
        assert (await unsubscription_removal.latest(session, [1, 2]))[1].id == page.rows[0].id
        history = await review.history(session, review.ReviewKind.UNSUBSCRIPTION, [1])
        assert [each.verdict for each in history[1]] == [Verdict.REJECTED]


async def test_a_removal_is_not_approved_over_a_later_reply(
    database: Database, account: int
) -> None:
    (message,) = await submitted(database, account)
    await bring(database, answer(message))
    await ask(database, account)
    await bring(database, answer(message, "N", NOW + timedelta(minutes=1)))
    with pytest.raises(Refused) as refused:
        await decide(database, approved=True)
    assert [(each.code, each.field) for each in refused.value.problems] == [
        (Code.CONFLICT, ("id",))
    ]
    (row,) = await unsubscribed(database)
    assert (row.removed_at, row.opt_outs) == (None, 2)
    await decide(database, approved=False)


async def test_of_requests_at_once_one_is_made(database: Database, account: int) -> None:
    (message,) = await submitted(database, account)
    await bring(database, answer(message))
    found = await asyncio.gather(
        *(ask(database, account) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(each, RemovalRow) for each in found) == 1
    problems = [each.problems[0].code for each in found if isinstance(each, Refused)]
    assert problems == [Code.WRONG_STATE] * 3


async def test_a_sandbox_removes_by_itself(database: Database, account: int) -> None:
    (message,) = await submitted(database, account)
    await bring(database, answer(message))
    async with database.write() as session:
        terms = Terms(auto_review=True)
        row = await unsubscription_removal.request(session, account, 1, "a test", NOW, terms)
    assert row.status is ReviewStatus.APPROVED
    (row_,) = await unsubscribed(database)
    assert row_.removed_at == NOW


async def test_only_the_owner_finds_them(database: Database, account: int) -> None:
    stranger = await sending.add_account(database, NOW, uin=account + 1)
    one, two = await submitted(database, account, 2)
    await bring(database, answer(one), answer(two, at=NOW + timedelta(seconds=1)))
    with pytest.raises(Refused) as refused:
        await ask(database, stranger)
    assert refused.value.problems[0].code is Code.NOT_FOUND
    async with database.read() as session:
        assert await unsubscription.owned(session, stranger, 1) is None
        assert await unsubscription.count(session, Listing(stranger)) == 0
        page = await unsubscription.page(session, Listing(account), first=1, after=None)
        assert ([row.phone for row in page.rows], page.has_next) == ([two.phone], True)
        for listing, count in (
            (Listing(account, [one.phone]), 1),
            (Listing(account, [one.phone], account, SmsType.REGULAR), 1),
            (Listing(account, [one.phone], account, SmsType.MARKETING), 0),
            (Listing(account, None, stranger), 0),
        ):
            assert await unsubscription.count(session, listing) == count
