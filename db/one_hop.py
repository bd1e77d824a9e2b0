"""SQLite's driver with one trip to its thread a statement, where aiosqlite makes three or four.

A trip costs about as much as a small statement, and far more on a busy machine. A statement is run,
read to its end and closed at once, which is what SQLAlchemy does with it step by step.
"""

import sqlite3
from collections import deque
from collections.abc import Sequence
from typing import Any

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util.concurrency import await_

_Done = tuple[Any, int, int | None, Sequence[Any]]


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    """What a statement left behind: its rows, their description, and its figures."""

    __slots__ = ("_done",)

    def __init__(self, adapt_connection: AsyncAdapt_aiosqlite_connection) -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection  # noqa: SLF001 - as its parent does
        self._rows = deque()
        self._done: _Done = (None, -1, None, ())

    @property
    def description(self) -> Any:
        return self._done[0]

    @property
    def rowcount(self) -> int:
        return self._done[1]

    @property
    def lastrowid(self) -> int | None:  # type: ignore[override]  # - None, as sqlite3 gives it
        return self._done[2]

    def close(self) -> None:
        self._rows.clear()

    async def _async_soft_close(self) -> None:
        """Do nothing: it is closed."""

    async def _execute_async(self, operation: str, parameters: Any) -> None:
        await self._run("execute", operation, parameters or ())

    async def _executemany_async(self, operation: str, seq_of_parameters: Any) -> None:
        await self._run("executemany", operation, seq_of_parameters)

    async def _run(self, way: str, operation: str, parameters: Any) -> None:
        connection: Any = self._connection

        def run() -> _Done:
            cursor = connection._conn.cursor()  # noqa: SLF001 - as aiosqlite's own steps do
            try:
                getattr(cursor, way)(operation, parameters)
                rows = cursor.fetchall() if cursor.description else ()
                return cursor.description, cursor.rowcount, cursor.lastrowid, rows
            finally:
                cursor.close()

        async with self._adapt_connection._execute_mutex:  # noqa: SLF001 - as its parent does
            self._done = await connection._execute(run)  # noqa: SLF001 - its one way to the thread
        self._rows = deque(self._done[3])


class _Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()

    _cursor_cls = _Cursor  # type: ignore[assignment]  # - it declares its own class, not a base


class Driver(AsyncAdapt_aiosqlite_dbapi):
    """The module `create_async_engine` takes."""

    def __init__(self) -> None:
        """Stand for aiosqlite."""
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *arg: Any, **kw: Any) -> _Connection:
        """Open a connection with a thread of its own."""
        connection: Any = aiosqlite.connect(*arg, **kw)
        connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does
        return _Connection(self, await_(connection))
