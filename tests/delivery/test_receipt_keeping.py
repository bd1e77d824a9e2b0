"""Looking after receipts that are kept: matched, too old or too many, in bounded steps."""

import logging
from datetime import timedelta

import pytest
from sqlmodel import func, select

from db import receipt
from db.kept_receipt import KeptReceiptRow
from db.message_part import MessagePartRow
from db.session import Database
from delivery import receipt_keeping
from delivery.receipt_keeping import PAUSE, ReceiptKeeping
from domain.carrier import Answer, Receipt, Verdict
from tests import sending
from tests.console import Clock, Statements

WAIT = timedelta(hours=72)


@pytest.fixture
async def sent(database: Database, clock: Clock) -> Database:
    """A database with one message of two parts, submitted now."""
    await sending.add_account(database, clock.now)
    await sending.add_task(database, clock.now, sending.phones(1))
    (message,) = await sending.claim(database)
    await sending.record(database, Answer(message.id, Verdict.ACCEPTED, ("p1", "p2")))
    return database


async def keep(database: Database, clock: Clock, *references: str) -> None:
    receipts = [Receipt(one, True, "DELIVRD", clock.now) for one in references]
    async with database.write() as session:
        await receipt.apply(session, {sending.CARRIER: receipts}, clock.now)


async def counts(database: Database) -> tuple[int, int]:
    async with database.read() as session:
        kept = (await session.exec(select(func.count()).select_from(KeptReceiptRow))).one()
        parts = (await session.exec(select(func.count()).select_from(MessagePartRow))).one()
    return kept, parts


async def test_what_is_in_order_is_only_read(sent: Database, clock: Clock) -> None:
    await keep(sent, clock, "x1")
    with Statements(sent) as statements:
        assert await ReceiptKeeping(sent, clock, WAIT).step() == PAUSE
    assert len(statements) == 5
    assert all(statement.startswith("SELECT") for statement in statements.texts)


async def test_what_is_as_old_as_receipts_are_waited_for_goes(
    sent: Database, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    keeping = ReceiptKeeping(sent, clock, WAIT)
    await keep(sent, clock, "x1", "x2")
    clock.advance(timedelta(seconds=1))
    await keep(sent, clock, "x3")
    clock.advance(WAIT - timedelta(seconds=2))
    await keeping.step()
    assert await counts(sent) == (3, 2)
    clock.advance(timedelta(seconds=1))
    with caplog.at_level(logging.WARNING):
        assert await keeping.step() == PAUSE
    assert await counts(sent) == (1, 0)
    assert caplog.messages == ["2 receipts that no message was known for are dropped"]


async def test_what_is_too_many_goes_in_steps(
    sent: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipt_keeping, "DROPPED_AT_ONCE", 2)
    keeping = ReceiptKeeping(sent, clock, WAIT, most=3)
    for reference in ("x1", "x2", "x3", "x4", "x5", "x6"):
        await keep(sent, clock, reference)
        clock.advance(timedelta(seconds=1))
    assert await keeping.step() == 0
    assert await counts(sent) == (4, 2)
    assert await keeping.step() == PAUSE
    assert await counts(sent) == (3, 2)


async def test_unknown_messages_are_given_theirs_in_steps(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipt_keeping, "MATCHED_AT_ONCE", 2)
    await sending.add_account(database, clock.now)
    await sending.add_task(database, clock.now, sending.phones(3))
    await sending.claim(database)
    async with database.write() as session:
        for row in await sending.messages(database):
            row.state = "unknown"  # type: ignore[assignment]  # - written as the database keeps it
            row.submitted_at = clock.now
            await session.merge(row)
            told = Receipt(f"x{row.id}", True, "DELIVRD", clock.now, row.phone)
            await receipt.apply(session, {sending.CARRIER: [told]}, clock.now)
    keeping = ReceiptKeeping(database, clock, WAIT)
    assert await keeping.step() == 0
    assert await sending.states(database) == {"delivered": 2, "unknown": 1}
    assert await keeping.step() == PAUSE
    assert await sending.states(database) == {"delivered": 3}
    assert await counts(database) == (0, 0)


async def test_a_receipt_that_was_kept_while_its_answer_was_recorded_is_applied(
    postgresql_url: str, clock: Clock
) -> None:
    """Neither transaction sees the other: on PostgreSQL they go side by side."""
    database = Database(postgresql_url)
    await sending.add_account(database, clock.now)
    await sending.add_task(database, clock.now, sending.phones(2))
    one, two = await sending.claim(database)
    keeping = ReceiptKeeping(database, clock, WAIT)
    parts = Answer(two.id, Verdict.ACCEPTED, ("p1", "p2"))
    told = [
        Receipt(reference, True, "DELIVRD", clock.now)
        for reference in (f"ref-{one.id}", "p1", "p2")
    ]
    async with database.write() as session:
        await receipt.apply(session, {sending.CARRIER: told}, clock.now)
        await sending.record(database, sending.accepted(one), parts)
    assert await sending.states(database) == {"submitted": 2}
    assert await keeping.step() == PAUSE
    assert await sending.states(database) == {"delivered": 2}
    assert await counts(database) == (0, 2)
    await database.close()


async def test_only_what_was_kept_since_the_last_look_is_looked_for(
    sent: Database, clock: Clock
) -> None:
    keeping = ReceiptKeeping(sent, clock, WAIT)
    await keeping.step()
    await keep(sent, clock, "x1")
    clock.advance(timedelta(minutes=1))
    await keeping.step()
    clock.advance(timedelta(minutes=1, seconds=1))
    await keeping.step()
    async with sent.write() as session:
        (part, _) = (await session.exec(select(MessagePartRow))).all()
        part.reference = "x1"
        session.add(part)
    await keeping.step()
    assert await counts(sent) == (1, 2)
    await ReceiptKeeping(sent, clock, WAIT).step()
    assert await counts(sent) == (0, 2)
