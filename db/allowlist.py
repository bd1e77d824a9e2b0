"""Numbers that an application's frequency limits do not hold for (CFG-4)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel, col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db import quota as quotas
from db.batch import given
from db.dialect import BigId, insert
from db.page import Key, Order, Slice
from domain import quota
from domain.errors import Code, Refused
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


TABLE: Final = AllowlistRow.metadata.tables["frequency_allowlist"]


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


async def add(  # noqa: PLR0913, PLR0917 - whose, where, which, when and who
    session: AsyncSession,
    owner: int,
    app_id: int,
    numbers: Sequence[Number],
    now: datetime,
    user: int,
) -> frozenset[str]:
    """Put numbers on the list and give those that were not on it yet; raises Refused.

    The caller holds the quota's count, of which exactly these are taken here.
    """
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
    if not rows:
        return frozenset()
    statement = insert(session, AllowlistRow).on_conflict_do_nothing(
        index_elements=[TABLE.c.app_id, TABLE.c.phone]
    )
    added = await session.exec(statement.returning(TABLE.c.phone), params=rows)
    new = frozenset(added.scalars().all())
    if not await quotas.take(session, owner, quota.ALLOWLIST, len(new), str(app_id)):
        raise Refused.one(Code.LIMIT_EXCEEDED, quota.ALLOWLIST.exceeded(len(new)), "numbers")
    return new


async def remove(
    session: AsyncSession, owner: int, app_id: int, phones: Collection[str]
) -> frozenset[str]:
    """Take numbers off the list and give those that were on it.

    The quota comes first: whoever adds holds it before any number.
    """
    scope = str(app_id)
    await quotas.take(session, owner, quota.ALLOWLIST, 0, scope)
    statement = delete(AllowlistRow).where(
        col(AllowlistRow.app_id) == app_id, col(AllowlistRow.phone).in_(phones)
    )
    found = await session.exec(statement.returning(col(AllowlistRow.phone)))
    gone = frozenset(found.scalars().all())
    await quotas.give_back(session, owner, quota.ALLOWLIST, len(gone), scope)
    return gone


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
    table = given(session, (TABLE.c.app_id, TABLE.c.phone), numbers)
    query = select(TABLE.c.app_id, TABLE.c.phone).join(
        table, (TABLE.c.app_id == table.c.app_id) & (TABLE.c.phone == table.c.phone)
    )
    found = await (await session.connection()).execute(query)
    return frozenset((app_id, phone) for app_id, phone in found.all())
