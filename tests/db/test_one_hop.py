"""SQLite's statements in one trip: what they give, how they fail, and that they can be left."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from db.one_hop import Driver

SLOW = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)"
    " SELECT count(*) FROM n"
)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'one.sqlite'}", module=Driver())
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)"))
        await _add(connection, "a", "b", "c")
    yield engine
    await engine.dispose()


async def _add(connection: AsyncConnection, *names: str) -> None:
    rows = [{"name": name} for name in names]
    await connection.execute(text("INSERT INTO item (name) VALUES (:name)"), rows)


async def _names(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return list((await connection.execute(text("SELECT name FROM item"))).scalars())


async def test_rows_come_with_their_names_and_one_by_one(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT id, name FROM item ORDER BY id"))
        assert list(found.keys()) == ["id", "name"]
        assert found.fetchone() == (1, "a")
        assert found.fetchmany(1) == [(2, "b")]
        assert found.all() == [(3, "c")]
        streamed = await connection.stream(text("SELECT name FROM item ORDER BY id"))
        assert [row.name async for row in streamed] == ["a", "b", "c"]


async def test_changes_say_how_many_rows_and_what_they_give_back(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        changed = await connection.execute(text("UPDATE item SET name = 'x' WHERE id > 1"))
        assert changed.rowcount == 2
        gone = await connection.execute(text("DELETE FROM item WHERE id = 3 RETURNING name"))
        assert gone.all() == [("x",)]
        added = await connection.execute(text("INSERT INTO item (name) VALUES ('d')"))
        assert added.lastrowid == 3
    assert await _names(engine) == ["a", "x", "d"]


async def test_what_fails_is_told_as_ever_and_leaves_nothing(engine: AsyncEngine) -> None:
    taken = text("INSERT INTO item (id, name) VALUES (1, 'e')")
    async with engine.connect() as connection:
        await _add(connection, "d")
        with pytest.raises(IntegrityError, match=r"UNIQUE constraint failed: item\.id"):
            await connection.execute(taken)
        await connection.rollback()
        with pytest.raises(OperationalError, match="no such table: missing"):
            await connection.execute(text("SELECT * FROM missing"))
    assert await _names(engine) == ["a", "b", "c"]


async def test_one_who_gives_up_waiting_leaves_the_connection_to_others(
    engine: AsyncEngine,
) -> None:
    begun = asyncio.Event()

    async def ask() -> None:
        async with engine.begin() as connection:
            await _add(connection, "lost")
            begun.set()
            await connection.execute(SLOW)

    asking = asyncio.create_task(ask())
    await begun.wait()
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await _names(engine) == ["a", "b", "c"]


async def test_those_who_ask_at_once_get_their_own_rows(engine: AsyncEngine) -> None:
    async def ask(number: int) -> int:
        async with engine.connect() as connection:
            found = await connection.execute(text("SELECT :number"), {"number": number})
            return int(found.scalar_one())

    assert await asyncio.gather(*map(ask, range(20))) == list(range(20))
