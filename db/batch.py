"""Many rows as one value: a statement for a batch instead of a statement, or a step, a row.

`executemany` pays the driver, and the fight for the interpreter lock, once a row, and so does
reading a result of SQLite. One JSON document pays once a batch, on the way in and on the way out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    Dialect,
    Enum,
    Select,
    String,
    Subquery,
    Text,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import AutoString
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.sqltypes import UTCDateTime

from db.dialect import is_postgresql

_Processor = Callable[[Any], Any]


def given(
    session: AsyncSession, columns: Sequence[Column[Any]], rows: Iterable[Sequence[Any]]
) -> Subquery:
    """Make a table named `given` of `rows`, with names and types of `columns`, to update from.

    A value is what its column takes, as long as JSON holds it or it is a moment.
    """
    document = literal(stored(session, columns, rows), Text)
    return _table(document, columns, postgresql=is_postgresql(session))


def awaited(columns: Sequence[Column[Any]], *, postgresql: bool) -> Subquery:
    """Make the same table for a statement that is built once.

    Its rows come as the parameter `given`, which `stored` makes.
    """
    return _table(bindparam("given", type_=Text), columns, postgresql=postgresql)


def stored(
    session: AsyncSession, columns: Sequence[Column[Any]], rows: Iterable[Sequence[Any]]
) -> str:
    """Write rows as the database keeps them."""
    return orjson.dumps(_values(session, columns, rows)).decode()


def _table(
    document: ColumnElement[str], columns: Sequence[Column[Any]], *, postgresql: bool
) -> Subquery:
    if postgresql:
        each = func.jsonb_array_elements(cast(document, JSONB)).table_valued("value")
        values: list[ColumnElement[Any]] = [
            _typed(each.c.value.op("->>")(literal_column(str(place))), column)
            for place, column in enumerate(columns)
        ]
    else:
        each = func.json_each(document).table_valued("value")
        values = [
            type_coerce(
                func.json_extract(each.c.value, literal_column(f"'$[{place}]'")), column.type
            )
            for place, column in enumerate(columns)
        ]
    labelled = [value.label(column.name) for value, column in zip(values, columns, strict=True)]
    return select(*labelled).subquery("given")


class Rows:
    """A query whose rows are read at once.

    It is built once, so what changes from run to run are bound parameters. No row may have two
    columns of one name.
    """

    def __init__(self, query: Select[Any]) -> None:
        """Take the query; each column comes as its type gives it."""
        self._query = query
        self._columns = [column.type for column in query.selected_columns]
        inner = query.subquery()
        self._document = select(func.json_group_array(func.json_array(*inner.c)))
        self._readers: list[tuple[int, _Processor]] | None = None

    async def all(
        self, session: AsyncSession, parameters: Mapping[str, Any] | None = None
    ) -> list[Sequence[Any]]:
        """Run the query and give its rows, in its order."""
        connection = await session.connection()
        if is_postgresql(session):
            return list((await connection.execute(self._query, parameters)).all())
        document = (await connection.execute(self._document, parameters)).scalar_one()
        rows: list[list[Any]] = orjson.loads(document)
        if self._readers is None:
            self._readers = self._processors(session.get_bind().dialect)
        for place, read in self._readers:
            for row in rows:
                row[place] = read(row[place])
        return list(rows)

    def _processors(self, dialect: Dialect) -> list[tuple[int, _Processor]]:
        found: list[tuple[int, _Processor]] = []
        for place, kind in enumerate(self._columns):
            if isinstance(kind, Enum) and kind.enum_class is not None:
                found.append((place, {one.value: one for one in kind.enum_class}.get))
                continue
            reader = kind.dialect_impl(dialect).result_processor(dialect, None)
            if isinstance(kind, UTCDateTime):
                found.append((place, _read_moment))
            elif reader is not None:
                found.append((place, reader))
        return found


def _write_moment(value: datetime | None) -> str | None:
    # What the type does, in a tenth of the time: a batch has a thousand.
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a moment has a time zone")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _read_moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


def _typed(value: ColumnElement[Any], column: Column[Any]) -> ColumnElement[Any]:
    # A cast to VARCHAR(20) would cut longer texts off in silence.
    if isinstance(column.type, String | AutoString):
        return type_coerce(value, column.type)
    return cast(value, column.type)


def _values(
    session: AsyncSession, columns: Sequence[Column[Any]], rows: Iterable[Sequence[Any]]
) -> list[Sequence[Any]]:
    dialect = session.get_bind().dialect
    writers = []
    for place, column in enumerate(columns):
        kind = column.type
        if isinstance(kind, Enum):
            continue  # JSON makes its value of it anyway
        if isinstance(kind, UTCDateTime) and dialect.name == "sqlite":
            writers.append((place, _write_moment))
        elif (writer := kind.dialect_impl(dialect).bind_processor(dialect)) is not None:
            writers.append((place, writer))
    if not writers:
        return [tuple(row) for row in rows]
    values = [list(row) for row in rows]
    for place, writer in writers:
        for row in values:
            row[place] = writer(row[place])
    return list(values)
