"""Keyset pages: each costs the same however deep it lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, literal
from sqlmodel import and_, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db.dialect import BigId

Row = TypeVar("Row")
Key = tuple[int | str | datetime, int | str]


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by; `identity` breaks ties, so that no row is shown twice."""

    column: Any
    identity: Any
    descending: bool = True

    @property
    def directed(self) -> list[Any]:
        """Give what to order by."""
        columns = (self.column, self.identity)
        return [column.desc() if self.descending else column.asc() for column in columns]


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """The rows of one page and whether more follow."""

    rows: Sequence[Row]
    has_next: bool


async def keyset(
    session: AsyncSession,
    query: SelectOfScalar[Row],
    order: Order,
    *,
    first: int,
    after: Key | None,
) -> Slice[Row]:
    """Fetch up to `first` rows behind the row whose sort value and identity are `after`."""
    if after is not None:
        query = query.where(_behind(order, after))
    rows = (await session.exec(query.order_by(*order.directed).limit(first + 1))).all()
    return Slice(rows[:first], has_next=len(rows) > first)


async def part(
    session: AsyncSession, query: SelectOfScalar[Row], order: Order, *, offset: int, limit: int
) -> Sequence[Row]:
    """Fetch rows by how many come before them, which are read: for lists that stay short."""
    query = query.order_by(*order.directed).offset(offset).limit(limit)
    return (await session.exec(query)).all()


def _behind(order: Order, after: Key) -> ColumnElement[bool]:
    # A cursor may hold any 64-bit number; bound as the column's type it would not fit an int4.
    value, identity = (literal(part, BigId) if isinstance(part, int) else part for part in after)
    if order.descending:
        tie = and_(order.column == value, order.identity < identity)
        return or_(order.column < value, tie)
    return or_(order.column > value, and_(order.column == value, order.identity > identity))


async def count(session: AsyncSession, query: SelectOfScalar[Any]) -> int:
    """Count what `query` would list."""
    counted = select(func.count()).select_from(query.order_by(None).subquery())
    return (await session.exec(counted)).one()
