"""Fixtures every test may ask for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import SQLModel

import db  # noqa: F401 - knows every table
from db.session import Database
from db.store import Store
from tests.console import Clock, Console


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at Monday 10:00 in Shanghai."""
    return Clock()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table and no row, made once and copied for each test."""
    path = tmp_path_factory.mktemp("template") / "empty.sqlite"
    import sqlalchemy  # noqa: PLC0415 - a synchronous engine is needed here only

    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    SQLModel.metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, empty_sqlite: Path) -> str:
    """The URL of a SQLite file of the test's own, with every table."""
    path = tmp_path / "console.sqlite"
    path.write_bytes(empty_sqlite.read_bytes())
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    """A fresh SQLite database."""
    database = Database(sqlite_url)
    yield database
    await database.close()


@pytest.fixture
def console(database: Database, clock: Clock, tmp_path: Path) -> Console:
    """A console on the fresh database."""
    return Console(database, Store.open(tmp_path / "files"), clock)
