"""The two ways to the database: many readers, and writers that commit or leave nothing behind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from db.metric import TRANSACTION
from db.one_hop import Driver

# More SQLite reader threads than cores only fight for the interpreter lock.
SQLITE_READERS: Final = 4
POSTGRESQL_CONNECTIONS: Final = 10
BUSY_SECONDS: Final = 30
# A process that is frozen, or whose machine is gone, would keep its locks for hours.
IDLE_SECONDS: Final = 30

__all__ = ["AsyncSession", "Database"]  # who holds a session need not know where it comes from


class Database:
    """Sessions on one database, SQLite file or PostgreSQL.

    `read()` sees one consistent state and never waits for a writer. `write()` is one transaction:
    it commits when its block ends and rolls back when the block raises. Nothing else commits.
    A write block holds SQLite's only writer, so it must not await a socket, a file or a carrier.
    """

    def __init__(self, url: str) -> None:
        """Open nothing yet; `url` is `sqlite+aiosqlite:///path` or `postgresql+psycopg://...`."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._reader = _sqlite(url, begin="BEGIN", pool=SQLITE_READERS)
            self._writer = _sqlite(url, begin="BEGIN IMMEDIATE", pool=1)
        else:
            self._reader = self._writer = _postgresql(url)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session for questions; whatever it changes is thrown away."""
        async with AsyncSession(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Open a session whose block is one transaction."""
        with TRANSACTION.time():
            async with (
                AsyncSession(self._writer, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session

    async def ping(self) -> None:
        """Ask the database for a sign of life; raises what the driver raises."""
        async with self._reader.connect() as connection:
            await connection.exec_driver_sql("SELECT 1")

    @property
    def engines(self) -> tuple[AsyncEngine, ...]:
        """Give the engines, readers first; one and the same on PostgreSQL."""
        return (self._reader,) if self._reader is self._writer else (self._reader, self._writer)

    async def close(self) -> None:
        """Give every connection back."""
        for engine in self.engines:
            await engine.dispose()


def _postgresql(url: str) -> AsyncEngine:
    engine = create_async_engine(
        url, hide_parameters=True, pool_size=POSTGRESQL_CONNECTIONS, pool_pre_ping=True
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
        cursor.close()
        connection.commit()

    return engine


def _sqlite(url: str, *, begin: str, pool: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        module=Driver(),
        hide_parameters=True,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=BUSY_SECONDS,
        connect_args={"timeout": BUSY_SECONDS},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # The driver would begin deferred transactions by itself, and those lose updates.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
