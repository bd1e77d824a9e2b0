"""Rows given as one parameter come back as they were, on both databases."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from db.batch import given
from db.message import TABLE
from db.session import Database
from domain.message import MessageStatus
from domain.region import Region

COLUMNS = [TABLE.c[name] for name in ("id", "phone", "region", "state", "done_at", "code")]


async def back(database: Database, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Give rows to the database and select them."""
    async with database.read() as session:
        table = given(session, COLUMNS, rows)
        query = select(table).order_by(table.c.id)
        return [tuple(row) for row in (await (await session.connection()).execute(query)).all()]


async def test_values_of_every_kind_come_back(database: Database) -> None:
    moment = datetime(2026, 3, 2, 2, 0, 0, 123456, tzinfo=UTC)
    rows = [
        (1, "+8613800000001", Region.MAINLAND, MessageStatus.QUEUED, moment, None),
        (2**62, "", Region.GLOBAL, MessageStatus.FAILED, None, "MK:0012"),
    ]
    assert await back(database, rows) == rows


@pytest.mark.parametrize(
    "value",
    ["", "'; DROP TABLE message; --", '"quoted"', "短信", "\\", "😀", "%s :name ?", "[1,2]"],
)
async def test_a_text_is_a_value_and_never_sql_nor_json(database: Database, value: str) -> None:
    row = (1, value, Region.GLOBAL, MessageStatus.QUEUED, None, value)
    assert await back(database, [row]) == [row]


async def test_no_rows_are_an_empty_table(database: Database) -> None:
    assert await back(database, []) == []


async def test_ten_thousand_rows_are_one_parameter(database: Database) -> None:
    rows = [
        (number, str(number), Region.GLOBAL, MessageStatus.QUEUED, None, None)
        for number in range(10_000)
    ]
    assert await back(database, rows) == rows
