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
async def database(tmp_path: Path, empty_sqlite: Path) -> AsyncIterator[Database]:
    """A fresh SQLite database."""
    path = tmp_path / "console.sqlite"
    path.write_bytes(empty_sqlite.read_bytes())
    database = Database(f"sqlite+aiosqlite:///{path}")
    yield database
    await database.close()


@pytest.fixture
def console(database: Database, clock: Clock, tmp_path: Path) -> Console:
    """A console on the fresh database."""
    return Console(database, Store.open(tmp_path / "files"), clock)
