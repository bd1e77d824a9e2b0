"""Numbers that an application's frequency limits do not hold for (CFG-4)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel, col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db.batch import given
from db.dialect import BigId, insert
from db.page import Key, Order, Slice
from domain.number import Number


class AllowlistRow(SQLModel, table=True):
    """One number on the allowlist of one application."""

    __tablename__ = "frequency_allowlist"
    __table_args__ = (UniqueConstraint("app_id", "phone"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    app_id: int = Field(foreign_key="application.id", sa_type=BigId)
    phone: str = Field(max_length=20)
    country: str = Field(max_length=3)
    added_at: datetime
    added_by: int = Field(sa_type=BigId)


_TABLE = AllowlistRow.metadata.tables["frequency_allowlist"]


@dataclass(frozen=True, slots=True)
class Listing:
    """Which numbers a list shows: those of an application that hold the digits searched for."""

    app_id: int
    search: str = ""

    def query(self) -> SelectOfScalar[AllowlistRow]:
        """Put the conditions together; pages and counts share them."""
        query = select(AllowlistRow).where(AllowlistRow.app_id == self.app_id)
        if not self.search:
            return query
        return query.where(col(AllowlistRow.phone).contains(self.search, autoescape=True))


async def page(
    session: AsyncSession, listing: Listing, *, first: int, after: Key | None
) -> Slice[AllowlistRow]:
    """List numbers page by page, the last added first."""
    order = Order(col(AllowlistRow.added_at), col(AllowlistRow.id), descending=True)
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def count(session: AsyncSession, listing: Listing) -> int:
    """Count what the list shows in all."""
    return await pages.count(session, listing.query())


async def add(
    session: AsyncSession, app_id: int, numbers: Sequence[Number], now: datetime, user: int
) -> frozenset[str]:
    """Put numbers on the list; gives those that were not on it yet."""
    if not numbers:
        return frozenset()
    rows = [
        {
            "app_id": app_id,
            "phone": number.e164,
            "country": number.country,
            "added_at": now,
            "added_by": user,
        }
        for number in numbers
    ]
    statement = insert(session, AllowlistRow).values(rows)
    added = statement.on_conflict_do_nothing(index_elements=[_TABLE.c.app_id, _TABLE.c.phone])
    found = await session.exec(added.returning(_TABLE.c.phone))
    return frozenset(found.scalars().all())


async def remove(session: AsyncSession, app_id: int, phones: Collection[str]) -> frozenset[str]:
    """Take numbers off the list; gives those that were on it."""
    gone = delete(AllowlistRow).where(
        col(AllowlistRow.app_id) == app_id, col(AllowlistRow.phone).in_(phones)
    )
    found = await session.exec(gone.returning(col(AllowlistRow.phone)))
    return frozenset(found.scalars().all())


async def phones(session: AsyncSession, app_id: int, ids: Collection[int]) -> dict[int, str]:
    """Give the numbers behind ids of this application's list."""
    query = select(AllowlistRow.id, AllowlistRow.phone).where(
        AllowlistRow.app_id == app_id, col(AllowlistRow.id).in_(ids)
    )
    return dict((await session.exec(query)).all())


async def among(
    session: AsyncSession, numbers: Collection[tuple[int, str]]
) -> frozenset[tuple[int, str]]:
    """Give those of (application, number) that are on the application's list."""
    table = given(session, (_TABLE.c.app_id, _TABLE.c.phone), numbers)
    query = select(_TABLE.c.app_id, _TABLE.c.phone).join(
        table, (_TABLE.c.app_id == table.c.app_id) & (_TABLE.c.phone == table.c.phone)
    )
    found = await (await session.connection()).execute(query)
    return frozenset((app_id, phone) for app_id, phone in found.all())
