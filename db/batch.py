"""Many rows as one parameter: a statement for a batch instead of a statement a row.

`executemany` pays the driver, and the fight for the interpreter lock, once a row. One JSON document
pays once a batch, on both databases.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    String,
    Subquery,
    Text,
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

from db.dialect import is_postgresql


def given(
    session: AsyncSession, columns: Sequence[Column[Any]], rows: Iterable[Sequence[Any]]
) -> Subquery:
    """Make a table named `given` of `rows`, with names and types of `columns`, to update from.

    A value is what its column takes, as long as JSON holds it or it is a moment.
    """
    document = literal(orjson.dumps(_stored(session, columns, rows)).decode(), Text)
    if is_postgresql(session):
        each = func.jsonb_array_elements(cast(document, JSONB)).table_valued("value")
        values: list[ColumnElement[Any]] = [
            _typed(each.c.value.op("->>")(literal_column(str(place))), column)
            for place, column in enumerate(columns)
        ]
    else:
        each = func.json_each(document).table_valued("value")
        values = [
            type_coerce(func.json_extract(each.c.value, f"$[{place}]"), column.type)
            for place, column in enumerate(columns)
        ]
    labelled = [value.label(column.name) for value, column in zip(values, columns, strict=True)]
    return select(*labelled).subquery("given")


def _typed(value: ColumnElement[Any], column: Column[Any]) -> ColumnElement[Any]:
    # A cast to VARCHAR(20) would cut longer texts off in silence.
    if isinstance(column.type, String | AutoString):
        return type_coerce(value, column.type)
    return cast(value, column.type)


def _stored(
    session: AsyncSession, columns: Sequence[Column[Any]], rows: Iterable[Sequence[Any]]
) -> list[list[Any]]:
    """Write values as the database keeps them."""
    dialect = session.get_bind().dialect
    writers = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
    return [
        [
            writer(value) if writer is not None else value
            for writer, value in zip(writers, row, strict=True)
        ]
        for row in rows
    ]
