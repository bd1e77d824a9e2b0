"""Messages in doubt: what a carrier that dies leaves of a task, and how its figures add up."""

from datetime import timedelta

import pytest
from sqlmodel import col, update

from db import lease
from db.account import AccountRow
from db.message import MessageRow
from delivery.carriers.smpp.carrier import SmppCarrier
from delivery.settings import DeliverySettings
from domain.message import MessageStatus
from domain.task import UnknownPolicy
from tests import bulk
from tests.bulk import Parts
from tests.console import Console, Statements
from tests.delivery.scripted import Stepped
from tests.delivery.smpp.hours import Hours, connected
from tests.graph.bulk_task import START, STOP, consent, ready
from tests.smsc import Drops

DELIVERY = "accepted refused inDoubt unsent delivered failed awaited"
SHOW = f"""
query ($id: ID!) {{
  bulkTask(id: $id) {{ recipients delivery {{ {DELIVERY} }} }}
  bulkTaskReport(id: $id) {{ recipients accepted refused inDoubt unsent }}
}}
"""
WAIT_FOR_RECEIPT = timedelta(hours=72)


async def figures(console: Console, account: AccountRow, task_id: str) -> list[int]:
    """Give accepted, refused, in doubt and unsent, and see that they add up everywhere."""
    answer = await console.root(account).run(SHOW, id=task_id)
    task, report = answer["bulkTask"], answer["bulkTaskReport"]
    names = ("accepted", "refused", "inDoubt", "unsent")
    shown = [task["delivery"][name] for name in names]
    assert sum(shown) == task["recipients"]
    assert shown == [report[name] for name in names]
    return shown


async def start(console: Console, account: AccountRow, parts: Parts, policy: UnknownPolicy) -> str:
    """Send a task to twenty recipients."""
    task_id = await ready(console, parts, bulk.found(20), unknown_policy=policy)
    answer = await console.root(account).run(START, id=task_id, input=consent(20))
    assert answer["bulkTaskStart"]["userErrors"] == []
    return task_id


async def drop(console: Console) -> None:
    """Submit to an SMSC that answers five of nine messages and ends the connection."""
    smsc = Drops(after=9, having_answered=5)
    async with connected(smsc, Hours(), window=9) as carrier:
        await turn(console, carrier)


async def turn(console: Console, carrier: SmppCarrier) -> None:
    stepped = Stepped(console.database, console.clock, DeliverySettings(batch=9), carrier)
    await stepped.turn()
    await stepped.finish()


@pytest.mark.parametrize(
    ("policy", "expected"),
    [(UnknownPolicy.WAIT, [5, 0, 4, 11]), (UnknownPolicy.RESEND, [5, 0, 0, 15])],
)
async def test_a_session_that_dies_leaves_messages_in_doubt(
    console: Console,
    account: AccountRow,
    parts: Parts,
    policy: UnknownPolicy,
    expected: list[int],
) -> None:
    """With WAIT they stay in doubt; with RESEND they are queued again at once."""
    task_id = await start(console, account, parts, policy)
    assert await figures(console, account, task_id) == [0, 0, 0, 20]
    await drop(console)
    assert await figures(console, account, task_id) == expected


async def test_a_receipt_or_the_end_of_the_wait_ends_the_doubt(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    task_id = await start(console, account, parts, UnknownPolicy.WAIT)
    await drop(console)
    now = console.clock.now
    async with console.database.write() as session:
        assert await lease.expire(session, now - WAIT_FOR_RECEIPT, now, 100) == 0
    assert await figures(console, account, task_id) == [5, 0, 4, 11]
    async with console.database.write() as session:
        assert await lease.expire(session, now, now, 100) == 9
    # They were sent and are charged, so the end of the wait counts them as accepted.
    assert await figures(console, account, task_id) == [9, 0, 0, 11]


async def test_a_worker_that_dies_leaves_messages_in_doubt_once_its_lease_is_over(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    task_id = await start(console, account, parts, UnknownPolicy.WAIT)
    now = console.clock.now
    claimed = {"state": MessageStatus.CLAIMED, "claimed_by": "dead", "claimed_until": now}
    async with console.database.write() as session:
        some = col(MessageRow.row_number) < 8
        await session.exec(update(MessageRow).where(some).values(**claimed))
    assert await figures(console, account, task_id) == [0, 0, 0, 20]
    async with console.database.write() as session:
        assert await lease.requeue(session, now) == 0
    assert await figures(console, account, task_id) == [0, 0, 6, 14]


async def test_a_task_that_was_stopped_keeps_what_is_in_doubt(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    """Nothing may send them again, whatever the task says of unknown messages."""
    task_id = await start(console, account, parts, UnknownPolicy.RESEND)
    smsc = Drops(after=9, having_answered=5)
    async with connected(smsc, Hours(), window=9) as carrier:
        stepped = Stepped(console.database, console.clock, DeliverySettings(batch=9), carrier)
        await stepped.turn()
        answer = await console.root(account).run(STOP, id=task_id)
        assert answer["bulkTaskStop"]["userErrors"] == []
        await stepped.finish()
    assert await figures(console, account, task_id) == [5, 0, 4, 11]


async def test_the_doubts_of_a_page_cost_one_statement_that_reads_nothing_else(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root, counts = console.root(account), []
    page = f"{{ bulkTasks(first: 50) {{ nodes {{ delivery {{ {DELIVERY} }} }} }} }}"
    plain = "{ bulkTasks(first: 50) { nodes { name delivery { accepted refused } } } }"
    for count in (1, 5):
        for _ in range(count):
            await ready(console, parts)
        for document in (page, plain):
            with Statements(console.database) as statements:
                await root.run(document)
            counts.append(len(statements))
            if document is page:
                (doubts,) = [text for text in statements.texts if "count(" in text]
    assert counts[0] == counts[2] == counts[1] + 1 == counts[3] + 1
    async with console.database.read() as session:
        connection = await session.connection()
        given = (*range(1, 7), "unknown")
        plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {doubts}", given)).all()
    assert [step for *_, step in plan] == [
        "SEARCH message USING COVERING INDEX ix_message_task_id_state_id (task_id=? AND state=?)"
    ]
