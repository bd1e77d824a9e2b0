"""What rules refuse of a batch before a carrier gets it (BLO-2, UNS-1)."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlmodel import select, update

from db import blocklist, package, queue, quota, refusal, unsubscription
from db.blocklist import BlocklistRow
from db.listed import UNSIGNED
from db.queue import Claimed
from db.refusal import InForce, Rules
from db.session import Database
from db.unsubscription import OptedOut, UnsubscriptionRow
from domain.carrier import Answer, Verdict
from domain.quota import BLOCKLIST
from domain.region import SmsType
from domain.task import TaskStatus
from tests import counting, sending
from tests.console import START as NOW
from tests.console import Statements

RULES = Rules(blocklist_delay=timedelta(minutes=5))
LATER = NOW + timedelta(minutes=5)
UNSUBSCRIBED = "FailedOperation.PhoneNumberInBlacklist.Unsubscribed"
BLOCKED = "FailedOperation.PhoneNumberInBlacklist.Blocklisted"
PHONES = sending.phones(50)


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


async def block(
    database: Database,
    account: int,
    phones: Sequence[str],
    sms_type: SmsType = SmsType.REGULAR,
) -> None:
    async with database.write() as session:
        await quota.take(session, account, BLOCKLIST, 0)
        await blocklist.add(session, account, account, sms_type, phones, NOW)


async def unsubscribe(
    database: Database, account: int, *phones: str, signature_id: int | None = None
) -> None:
    """Record replies to messages of a task that was sent before."""
    await sending.add_task(database, NOW, phones)
    batch = await sending.claim(database)
    await sending.record(database, *map(sending.accepted, batch))
    async with database.write() as session:
        await unsubscription.record(
            session,
            [
                OptedOut(
                    account_uin=account,
                    signature_id=account if signature_id is None else signature_id,
                    sms_type=message.sms_type,
                    phone=message.phone,
                    message_id=message.id,
                    reply="TD",
                    at=NOW,
                )
                for message in batch
            ],
        )


async def turn(
    database: Database, now: datetime, worker: str = "one", limit: int = 100
) -> tuple[list[Claimed], list[Answer]]:
    """Take a batch as a worker does; gives it and what was refused of it."""
    async with database.write() as session:
        request = sending.request(now, worker=worker, limit=limit)
        batch = await queue.claim(session, request)
        refused = await refusal.refused(session, batch, now, RULES)
        await sending.sifted(session, request, batch, refused)
    return batch, refused


async def test_what_is_on_the_blocklist_is_refused_and_its_units_come_back(
    database: Database, account: int
) -> None:
    await block(database, account, PHONES[:2])
    task = await sending.add_task(database, NOW, PHONES[:3], segments=2)
    batch, refused = await turn(database, LATER)
    assert refused == [Answer(message.id, Verdict.REFUSED, code=BLOCKED) for message in batch[:2]]
    assert await sending.states(database) == {"refused": 2, "claimed": 1}
    rows = await sending.messages(database)
    assert [(row.code, row.carrier, row.submitted_at, row.done_at) for row in rows[:2]] == [
        (BLOCKED, None, None, LATER)
    ] * 2
    await sending.record(database, sending.accepted(batch[2]))
    found = await sending.task_row(database, task)
    assert (found.status, found.accepted, found.refused) == (TaskStatus.SENT, 1, 2)
    assert found.reserved_units == 2
    assert await counting.failures(database) == ({BLOCKED: 2}, {BLOCKED: 2})
    async with database.read() as session:
        assert await package.balance(session, account, NOW) == 4


async def test_a_task_of_which_everything_is_refused_is_over_at_once(
    database: Database, account: int
) -> None:
    await block(database, account, PHONES[:3])
    task = await sending.add_task(database, NOW, PHONES[:3])
    _, refused = await turn(database, LATER)
    assert len(refused) == 3
    found = await sending.task_row(database, task)
    assert (found.status, found.refused, found.reserved_units) == (TaskStatus.SENT, 3, 0)


async def test_an_entry_is_not_in_force_before_its_time(database: Database, account: int) -> None:
    await block(database, account, PHONES[:1])
    await sending.add_task(database, NOW, PHONES[:1])
    _, refused = await turn(database, LATER - timedelta(seconds=1))
    assert refused == []


async def test_only_messages_of_that_signature_type_and_account_are_refused(
    database: Database, account: int
) -> None:
    stranger = await sending.add_account(database, NOW, uin=account + 1)
    await block(database, account, PHONES[:1], SmsType.MARKETING)
    await block(database, stranger, PHONES[:1])
    await sending.add_task(database, NOW, PHONES[:1])
    batch, refused = await turn(database, LATER)
    assert (len(batch), refused) == (1, [])
    elsewhere = [
        batch[0]._replace(signature_id=None),
        batch[0]._replace(signature_id=stranger, sms_type=SmsType.MARKETING),
        batch[0]._replace(account_uin=stranger, sms_type=SmsType.MARKETING),
        batch[0]._replace(phone=PHONES[1], sms_type=SmsType.MARKETING),
    ]
    async with database.read() as session:
        assert await refusal.refused(session, elsewhere, LATER, RULES) == []
        listed = [batch[0]._replace(sms_type=SmsType.MARKETING)]
        assert len(await refusal.refused(session, listed, LATER, RULES)) == 1


async def test_who_has_unsubscribed_is_refused_at_once_and_by_a_code_of_its_own(
    database: Database, account: int
) -> None:
    await block(database, account, PHONES[:1])
    await unsubscribe(database, account, PHONES[0], PHONES[1])
    task = await sending.add_task(database, NOW, PHONES[:3])
    (one, two, three), refused = await turn(database, LATER)
    assert refused == [sending.refused(one, BLOCKED), sending.refused(two, UNSUBSCRIBED)]
    async with database.read() as session:
        early = await refusal.refused(session, [one, two, three], NOW, RULES)
        assert early == [sending.refused(one, UNSUBSCRIBED), sending.refused(two, UNSUBSCRIBED)]
        others = [two._replace(sms_type=SmsType.MARKETING), two._replace(signature_id=None)]
        assert await refusal.refused(session, others, LATER, RULES) == []
    assert await counting.failures(database) == (dict.fromkeys([BLOCKED, UNSUBSCRIBED], 1),) * 2
    await sending.record(database, sending.accepted(three))
    found = await sending.task_row(database, task)
    assert (found.status, found.accepted, found.reserved_units) == (TaskStatus.SENT, 1, 1)


async def test_messages_without_a_signature_have_unsubscriptions_of_their_own(
    database: Database, account: int
) -> None:
    await unsubscribe(database, account, PHONES[0], signature_id=UNSIGNED)
    await sending.add_task(database, NOW, PHONES[:1])
    (message,), refused = await turn(database, NOW)
    assert refused == []
    async with database.read() as session:
        unsigned = [message._replace(signature_id=None)]
        refused = await refusal.refused(session, unsigned, NOW, RULES)
    assert refused == [sending.refused(message, UNSUBSCRIBED)]


async def test_a_removed_unsubscription_refuses_nothing(database: Database, account: int) -> None:
    await unsubscribe(database, account, PHONES[0])
    async with database.write() as session:
        row = await unsubscription.changing(session, account, 1)
        row.removed_at = NOW
    await sending.add_task(database, NOW, PHONES[:1])
    _, refused = await turn(database, LATER)
    assert refused == []


async def test_a_batch_costs_one_statement_however_large(database: Database, account: int) -> None:
    await block(database, account, PHONES[:1])
    await sending.add_task(database, NOW, PHONES)
    async with database.write() as session:
        batch = await sending.taken(session, sending.request(LATER))
        for size in (2, 50):
            with Statements(database) as statements:
                refused = await refusal.refused(session, batch[:size], LATER, RULES)
            assert (len(refused), len(statements)) == (1, 1)
        with Statements(database) as statements:
            assert await refusal.refused(session, [], LATER, RULES) == []
        assert len(statements) == 0


async def test_workers_at_once_refuse_each_message_once(database: Database, account: int) -> None:
    await block(database, account, PHONES[::2])
    tasks = [await sending.add_task(database, NOW, PHONES) for _ in range(3)]

    async def work(worker: str) -> None:
        while True:
            batch, refused = await turn(database, LATER, worker, limit=12)
            if not batch:
                return
            gone = {answer.message_id for answer in refused}
            answers = [sending.accepted(one) for one in batch if one.id not in gone]
            await sending.record(database, *answers, worker=worker)

    await asyncio.gather(*(work(f"worker {n}") for n in range(4)))
    assert await sending.states(database) == {"submitted": 75, "refused": 75}
    for task in tasks:
        found = await sending.task_row(database, task)
        assert (found.status, found.accepted, found.refused) == (TaskStatus.SENT, 25, 25)
        assert found.reserved_units == 25
    assert await counting.failures(database) == ({BLOCKED: 75}, {BLOCKED: 75})


async def test_what_will_be_refused_is_counted_for_the_time_each_task_is_for(
    database: Database, account: int
) -> None:
    await unsubscribe(database, account, *PHONES[1:4])
    await block(database, account, PHONES[:2])
    soon, later, none = [
        await sending.add_task(database, NOW, phones, status=TaskStatus.READY)
        for phones in (PHONES[:5], [*PHONES[:5], PHONES[0]], PHONES[10:12])
    ]
    rows = [await sending.task_row(database, task) for task in (soon, later, none)]
    rows[1].scheduled_at = LATER
    async with database.read() as session:
        with Statements(database) as statements:
            found = await refusal.expected(session, rows, NOW, RULES)
        assert len(statements) == 1
        assert found == {soon: (0, 3), later: (3, 2), none: (0, 0)}
        found = await refusal.expected(session, rows, LATER + timedelta(days=1), RULES)
        assert found == {soon: (2, 2), later: (3, 2), none: (0, 0)}


async def test_what_is_in_force_shows_each_change_of_a_tasks_entries(
    database: Database, account: int
) -> None:
    """Numbers and sums of ids, each task's for its own time, signature and type."""
    other = await sending.add_account(database, NOW, uin=account + 1)
    await block(database, other, PHONES[:1])
    await block(database, account, PHONES[:2])
    await block(database, account, PHONES[:1], SmsType.MARKETING)
    await unsubscribe(database, account, PHONES[3])
    tasks = [
        await sending.add_task(database, NOW, (), sms_type=sms_type)
        for sms_type in (SmsType.REGULAR, SmsType.MARKETING)
    ]
    rows = [await sending.task_row(database, task_id) for task_id in tasks]
    later = await sending.task_row(database, tasks[0])
    later.id, later.scheduled_at = 999, LATER

    async def found(now: datetime) -> list[InForce]:
        async with database.read() as session:
            shown = await refusal.in_force(session, [*rows, later], now, RULES)
        return [shown[row.id] for row in (*rows, later)]

    async with database.read() as session:
        query = select(BlocklistRow.id).where(
            BlocklistRow.account_uin == account, BlocklistRow.sms_type == SmsType.REGULAR
        )
        ids = (await session.exec(query)).all()
    assert await found(NOW) == [
        InForce(0, 0, 1, 1),
        InForce(),
        InForce(2, sum(ids), 1, 1),
    ]
    assert await found(LATER) == [
        InForce(2, sum(ids), 1, 1),
        InForce(1, max(ids) + 1),
        InForce(2, sum(ids), 1, 1),
    ]
    async with database.write() as session:
        await session.exec(update(UnsubscriptionRow).values(removed_at=NOW))
        await blocklist.remove(session, account, ids[:1])
    assert await found(LATER) == [
        InForce(1, ids[1]),
        InForce(1, max(ids) + 1),
        InForce(1, ids[1]),
    ]
