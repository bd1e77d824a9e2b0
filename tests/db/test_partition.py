"""The message table by month on PostgreSQL: made ahead, let go when old."""

import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel

from db import lease, message_context, partition
from db.message import MessageRow
from db.partition import Month
from db.session import Database
from delivery.partition import OFTEN, Partitions
from domain.region import Region, SmsType
from tests import counting, sending
from tests.console import START as NOW
from tests.db.test_plans import recorded
from tests.sending import accepted, bring, claim, receipt_of, record

UIN = 12_345_678
FILLED = [f"message_2026_0{month}" for month in range(3, 7)]


@pytest.fixture
async def database(postgresql_url: str) -> AsyncIterator[Database]:
    """A database with an account and the months around the tests' clock."""
    database = Database(postgresql_url)
    await sending.add_account(database, NOW)
    await keep(database, NOW)
    yield database
    await database.close()


async def keep(database: Database, now: datetime, months: int = 0) -> None:
    """Let the worker's chore look once."""
    assert await Partitions(database, lambda: now, months).step() == OFTEN


async def sql(database: Database, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    """Run a statement of the test's own."""
    async with database.write() as session:
        result = await (await session.connection()).execute(text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []


async def parts(database: Database) -> list[str]:
    """List the parts there are around the tests' clock, oldest first."""
    async with database.read() as session:
        return [name for name in await partition.attached(session) if name < "message_2026_09"]


async def counts(database: Database) -> dict[str, int]:
    """Count messages by the part they are in."""
    query = "SELECT tableoid::regclass::text, count(*) FROM message GROUP BY 1 ORDER BY 1"
    return {str(name): int(count) for name, count in await sql(database, query)}


async def fill(database: Database, task: int, created: datetime, state: str, number: int) -> None:
    """Add many messages of one moment and state, with references."""
    statement = """
    INSERT INTO message (account_uin, task_id, app_id, template_id, region, sms_type, phone,
        country, params, characters, segments, state, carrier, carrier_ref, attempts, created_at,
        submitted_at)
    SELECT 12345678, :task, 12345678, 12345678, 'mainland', 'regular', '+861', 'CN', '[]', 1, 1,
        :state, 'simulator', :created || '-' || n, 0, :at, :at FROM generate_series(1, :number) n
    """
    named = f"{created:%Y-%m}"
    values = {"task": task, "state": state, "created": named, "at": created, "number": number}
    await sql(database, statement, **values)


def test_months_are_those_of_the_calendar_in_utc() -> None:
    month = Month.of(datetime.fromisoformat("2026-12-01T07:59:59+08:00"))
    assert month == (2026, 11)
    assert [month.plus(step).table for step in (-11, -10, 0, 1, 2)] == [
        "message_2025_12",
        "message_2026_01",
        "message_2026_11",
        "message_2026_12",
        "message_2027_01",
    ]
    assert month.plus(1).start == "2026-12-01T00:00:00Z"


def test_nothing_refers_to_a_message_by_a_foreign_key() -> None:
    # A month could not be detached, and PostgreSQL takes no such key to a partitioned table.
    referring = [
        f"{table.name}.{key.parent.name}"
        for table in SQLModel.metadata.tables.values()
        for key in table.foreign_keys
        if key.target_fullname.startswith("message.")
    ]
    assert referring == []


async def test_months_are_made_ahead_and_only_once(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    made = [f"message_2026_0{month}" for month in (3, 4, 5, 6)]
    assert await parts(database) == made
    with caplog.at_level(logging.INFO):
        await keep(database, NOW)
        assert caplog.messages == []
        await keep(database, NOW + timedelta(days=31))
    assert caplog.messages == ["made message_2026_07, for messages of a month to come"]
    assert await parts(database) == [*made, "message_2026_07"]


async def test_a_message_lies_in_its_month_and_is_stored_with_an_id(database: Database) -> None:
    moments = [
        datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 4, 1, tzinfo=UTC),
        datetime(2030, 1, 1, tzinfo=UTC),
    ]
    async with database.write() as session:
        rows = [
            MessageRow(
                account_uin=UIN,
                app_id=UIN,
                template_id=UIN,
                region=Region.MAINLAND,
                sms_type=SmsType.REGULAR,
                phone="+8613800000000",
                country="CN",
                characters=1,
                segments=1,
                created_at=moment,
            )
            for moment in moments
        ]
        session.add_all(rows)
    assert len({row.id for row in rows if row.id}) == 3
    assert await counts(database) == {
        "message_2026_03": 1,
        "message_2026_04": 1,
        "message_default": 1,
    }


async def test_messages_that_came_before_their_month_was_made_move_to_it(
    database: Database,
) -> None:
    late = NOW + timedelta(days=150)
    task = await sending.add_task(database, late, sending.phones(3))
    assert await counts(database) == {"message_default": 3}
    before = [row.model_dump() for row in await sending.messages(database)]
    await keep(database, late)
    assert await counts(database) == {f"message_{late:%Y_%m}": 3}
    assert [row.model_dump() for row in await sending.messages(database)] == before
    assert [row.task_id for row in await sending.messages(database)] == [task] * 3


async def test_an_old_month_is_let_go_once_all_its_messages_are_final(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await sending.add_task(database, NOW, sending.phones(2))
    one, two = await claim(database)
    await record(database, accepted(one), accepted(two))
    await bring(database, receipt_of(one))
    later = NOW + timedelta(days=92)
    await keep(database, later, months=2)
    assert (await parts(database))[0] == "message_2026_03"
    assert "message_2026_03 is old but stays: it has messages that are not final" in caplog.messages
    await bring(database, receipt_of(two))
    await keep(database, later, months=3)
    assert (await parts(database))[0] == "message_2026_03"
    await keep(database, later, months=2)
    assert (await parts(database))[0] == "message_2026_04"
    assert await sending.messages(database) == []
    assert await sql(database, "SELECT count(*) FROM message_2026_03") == [(2,)]
    (counted,) = (await counting.statistics(database)).values()
    assert counted == (2, 2, 2, 2, 0)


async def test_what_came_with_its_messages_is_erased_with_a_month(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_context, "ERASED_AT_ONCE", 2)
    task = await sending.add_task(database, NOW, [])
    for month, number in ((3, 5), (4, 1)):
        await fill(database, task, datetime(2026, month, 15, tzinfo=UTC), "delivered", number)
    every = [row.id for row in await sending.messages(database)]
    async with database.write() as session:
        await message_context.add(
            session, [{"message_id": one, "account_uin": UIN, "extend": "7"} for one in every]
        )
    later = NOW + timedelta(days=92)
    await keep(database, later, months=3)
    assert await sql(database, "SELECT count(*) FROM message_context") == [(6,)]
    await keep(database, later, months=2)
    (left,) = await sending.messages(database)
    assert await sql(database, "SELECT message_id FROM message_context") == [(left.id,)]


async def test_one_worker_at_a_time_makes_or_lets_go(database: Database) -> None:
    month = Month(2026, 7)
    async with database.write() as busy:
        assert await partition.make(busy, month)
        async with database.write() as other:
            assert not await partition.make(other, Month(2026, 8))
            assert not await partition.detach(other, "message_2026_03")
    async with database.write() as late:
        assert not await partition.make(late, month)
        assert not await partition.detach(late, "message_2020_01")


async def test_claims_and_receipts_go_by_an_index_in_every_month(database: Database) -> None:
    task = await sending.add_task(database, NOW, sending.phones(1_000))
    for month in range(3, 7):
        moment = datetime(2026, month, 15, tzinfo=UTC)
        await fill(database, task, moment, "submitted", 10_000)
        await fill(database, task, moment, "delivered", 10_000)
    await sql(database, "ANALYZE")
    with recorded(database) as noted:
        one, *_ = await claim(database, limit=50)
        await record(database, accepted(one))
        await bring(database, receipt_of(one))
        async with database.write() as session:
            await lease.requeue(session, NOW)
            await lease.overdue(session, NOW)
            await lease.waited(session, NOW - timedelta(days=3))
            await lease.expire(session, NOW - timedelta(days=3), NOW, 100)
    read = [step for statement in noted for step in await steps(database, *statement)]
    assert {part for _, part in read} >= set(FILLED)
    # Empty ones are read as a whole, which costs nothing.
    assert [step for step in read if step[0] == "Seq Scan" and step[1] in FILLED] == []


async def steps(database: Database, statement: str, parameters: Any) -> list[tuple[str, str]]:
    """Explain a statement; gives (how, which table) of everything it reads."""
    async with database.read() as session:
        connection = await session.connection()
        explained = f"EXPLAIN (FORMAT JSON) {statement}"
        plan = (await connection.exec_driver_sql(explained, parameters)).scalar_one()
    return list(reads(plan[0]["Plan"]))


def reads(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if node["Node Type"] != "ModifyTable" and "Relation Name" in node:
        yield node["Node Type"], node["Relation Name"]
    for below in node.get("Plans", ()):
        yield from reads(below)
