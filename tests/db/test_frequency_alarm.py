"""Refused messages are told to contacts, without a storm and at a fixed cost (ALM-2, CFG-3)."""

from datetime import timedelta

import pytest
from sqlmodel import select

from db import platform
from db.account import AccountRow
from db.alarm import AlarmRow
from db.message import MessageRow
from db.session import Database
from domain.alarm import AlarmEvent, Channel
from domain.carrier import Answer
from domain.frequency import GUIDE
from tests import sending
from tests.alarming import add_contact, outbox
from tests.console import START as NOW
from tests.console import Statements
from tests.limiting import ONE, TWO, send, take

HOUR = timedelta(hours=1)


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


async def listen(database: Database, account: int, event: AlarmEvent) -> None:
    await add_contact(database, account, account, NOW, events=[event])


async def refuse_all(database: Database, phones: list[str], batch: int) -> list[Answer]:
    """Take every message of a task of these numbers, and give what was refused."""
    await sending.add_task(database, NOW, phones)
    refused: list[Answer] = []
    while (await sending.states(database)).get("queued"):
        refused += (await take(database, limit=batch))[1]
    return refused


async def test_a_storm_of_refused_messages_makes_one_text_message_and_one_mail(
    database: Database, account: int
) -> None:
    await listen(database, account, AlarmEvent.FREQUENCY_LIMIT)
    refused = await refuse_all(database, [ONE] * 10_010, 1_000)
    assert len(refused) == 10_000
    message, mail = await outbox(database)
    assert (message.channel, mail.channel) == (Channel.SMS, Channel.EMAIL)
    assert message.body == (
        "Messages of application Shop refused by frequency limits since the last notice: 990."
    )
    async with database.read() as session:
        row = (await session.exec(select(AlarmRow))).one()
    assert (row.subject, row.folded) == (f"app:{account}", 9_010)
    assert await send(database, [ONE], NOW + HOUR) != []
    assert (await outbox(database))[2].body.endswith("since the last notice: 9011.")


async def test_what_passes_and_what_nobody_wants_to_know_is_not_told(
    database: Database, account: int
) -> None:
    await send(database, [ONE])
    await listen(database, account, AlarmEvent.PACKAGE)
    assert len(await refuse_all(database, [ONE] * 12, 5)) == 3
    await send(database, [TWO])
    assert await outbox(database) == []


async def test_listening_costs_two_statements_a_batch_that_is_refused_in(
    database: Database, account: int
) -> None:
    costs: list[int] = []
    for first, refused, heard in (
        (0, 0, False),
        (100, 50, False),
        (200, 0, True),
        (300, 5, True),
        (400, 50, True),
    ):
        if heard and not costs[2:]:
            await listen(database, account, AlarmEvent.FREQUENCY_LIMIT)
        phones = sending.phones(60 + first)[first:]
        await sending.add_task(database, NOW, [*phones, *[phones[0]] * (9 + refused)])
        with Statements(database) as statements:
            _, answers = await take(database, limits=GUIDE, limit=500)
        assert len(answers) == refused
        costs.append(len(statements))
    passed, unheard, listening, noticed, folded = costs
    assert listening == passed
    assert folded == unheard + 2
    assert noticed == folded + 2


async def test_no_limit_holds_for_what_the_platform_says(database: Database, account: int) -> None:
    async with database.write() as session:
        session.add(
            AccountRow(
                **{
                    **(await session.exec(select(AccountRow))).one().model_dump(),
                    "uin": platform.UIN,
                }
            )
        )
        await session.flush()
    await sending.add_task(database, NOW, [ONE] * 20)
    async with database.write() as session:
        for row in await session.exec(select(MessageRow)):
            row.account_uin = platform.UIN
    passed, refused = await take(database)
    assert (len(passed), refused) == (20, [])
