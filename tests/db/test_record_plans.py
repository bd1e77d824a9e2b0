"""What finding records and replies costs: each listing follows an index, in its order (STA-2)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from db import record, reply, reply_record, timeline
from db.record import Listing
from db.reply import ReplyRow
from db.session import Database
from db.timeline import Position
from domain.carrier import Reply
from domain.message import MessageStatus
from domain.region import Region
from tests import sending
from tests.console import START as NOW
from tests.db.test_plans import recorded
from tests.db.test_record import PHONE, UIN, keep, listing, message, turned_down

COLUMNS = {
    "account": "account_uin_region",
    "app": "app_id_region",
    "template": "template_id_region",
    "phone": "phone",
}
TIMES = {"sent": "submitted_at", "turned_down": "done_at"}
LEADS: list[tuple[dict[str, Any], str]] = [
    ({}, "account"),
    ({"state": MessageStatus.FAILED}, "account"),
    ({"task_id": 5}, "account"),
    ({"region": None}, "account"),
    ({"app_id": 7}, "app"),
    ({"app_id": UIN, "state": MessageStatus.FAILED}, "app"),
    ({"template_id": 8}, "template"),
    ({"template_id": UIN, "app_id": 7}, "template"),
    ({"phone": PHONE}, "phone"),
    ({"phone": PHONE, "app_id": UIN, "template_id": 8}, "phone"),
]


@pytest.fixture(autouse=True)
async def messages(database: Database) -> None:
    """A thousand of an account, sparse ones among them, and as many of another."""
    await sending.add_account(database, NOW)
    other = await sending.add_account(database, NOW, uin=87_654_321)
    rows = [message(number, phone=f"+86138{number:08}") for number in range(1_000)]
    rows[500] |= {"app_id": 7, "template_id": 8}
    rows += [message(number, id=number + 2_000, account_uin=other) for number in range(1_000)]
    rows += [turned_down(number, id=number + 4_000) for number in range(100)]
    await keep(database, *rows)
    if database.url.get_backend_name() == "postgresql":
        async with database.write() as session:
            await (await session.connection()).execute(text("ANALYZE message"))


async def test_every_listing_follows_an_index_in_its_order(database: Database) -> None:
    """No page sorts messages, or reads others than those it shows; on PostgreSQL of any month."""
    for narrowed, key in LEADS:
        wanted = listing(start=NOW - timedelta(days=92), **narrowed)
        for after in (None, (NOW - timedelta(days=2), 5)):
            plans = await explained(database, wanted, after)
            assert all(used(plan, key) for plan in plans)
            assert set.union(*(used(plan, key) for plan in plans)) == {"sent", "turned_down"}
            for costly in ("TEMP B-TREE", "SCAN message", "Seq Scan", "Sort  "):
                assert costly not in "".join(plans)


def used(plan: str, key: str) -> set[str]:
    """Say which of a key's indexes a plan uses: months have indexes named after their columns."""
    return {
        kind
        for kind, at in TIMES.items()
        if f"ix_message_{key}_{kind}" in plan or f"_{COLUMNS[key]}_{at}" in plan
    }


async def explained(database: Database, wanted: Listing, after: Position | None) -> list[str]:
    """Give the plans of the statements of a page and of a batch."""
    with recorded(database) as statements:
        async with database.read() as session:
            await record.page(session, wanted, first=20, after=after)
            await record.batch(session, wanted, after, 20)
    return await plans_of(database, statements)


async def plans_of(database: Database, statements: list[tuple[str, Any]]) -> list[str]:
    postgresql = database.url.get_backend_name() == "postgresql"
    explain = "EXPLAIN" if postgresql else "EXPLAIN QUERY PLAN"
    plans = []
    async with database.read() as session:
        connection = await session.connection()
        if postgresql:
            # What is as short as here may as well be read and sorted; a million may not.
            for short_cut in ("seqscan", "bitmapscan", "sort"):
                await connection.execute(text(f"SET LOCAL enable_{short_cut} = off"))
        for statement, parameters in statements:
            rows = await connection.exec_driver_sql(f"{explain} {statement}", parameters)
            plans.append("\n".join(str(row[-1]) for row in rows))
    return plans


async def test_a_reply_finds_what_it_answers_by_the_same_index(database: Database) -> None:
    """Records of a number and the message a reply answers: one index serves both."""
    replies = [Reply(f"+86138{number:08}", "hello", NOW) for number in range(5)]
    with recorded(database) as statements:
        async with database.write() as session:
            await reply.add(session, sending.CARRIER, replies, sending.OPT_OUT)
    asked = [one for one in statements if "submitted_at DESC" in one[0]]
    (plan,) = await plans_of(database, asked)
    assert "ix_message_phone_sent" in plan or "_phone_submitted_at_id_idx" in plan
    assert "Seq Scan" not in plan


async def test_replies_follow_an_index_too(database: Database) -> None:
    """STA-3: by account, application, template and number."""
    rows = [
        {
            "account_uin": UIN,
            "message_id": number + 1,
            "app_id": UIN,
            "template_id": UIN,
            "region": Region.MAINLAND,
            "phone": f"+86138{number:08}",
            "text": "hello",
            "received_at": NOW - timedelta(minutes=number),
        }
        for number in range(1_000)
    ]
    async with database.write() as session:
        connection = await session.connection()
        await connection.execute(insert(ReplyRow), rows)
        await connection.execute(text("ANALYZE reply"))
    wanted = {"owner": UIN, "region": Region.MAINLAND, "start": NOW - timedelta(days=9), "end": NOW}
    for narrowed, key in [one for one in LEADS if not one[0].keys() & {"state", "task_id"}]:
        listed = timeline.Listing(**{**wanted, **narrowed})
        with recorded(database) as statements:
            async with database.read() as session:
                await reply_record.page(session, listed, first=20, after=(NOW, 5))
                await reply_record.batch(session, listed, None, 20)
        plans = await plans_of(database, statements)
        assert len(plans) >= 2
        assert all(f"ix_reply_{key}" in plan for plan in plans)
        for costly in ("TEMP B-TREE", "SCAN reply", "Seq Scan", "Sort  "):
            assert costly not in "".join(plans)
