"""Short URLs (URL-1): the table, the templates that hold them, and the list."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel, col, exists, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db import quota as quotas
from db.dialect import BigId, choice, insert
from db.page import Key, Order, Slice
from domain import quota
from domain import short_url as rules
from domain.errors import Code, Refused
from domain.region import Region
from domain.short_url import BASE_MOST, CODE_LENGTH, NAME_MOST, Draft
from domain.short_url_target import URL_MOST

TRIES: Final = 5


class ShortUrlRow(SQLModel, table=True):
    """One short URL, its target in ASCII.

    A deleted one keeps its code, so that nobody is ever led elsewhere by it; `erased_at` says that
    its clicks are gone too.
    """

    __tablename__ = "short_url"
    __table_args__ = (
        Index("uq_short_url_code", "code", unique=True),
        Index("ix_short_url_list", "account_uin", "created_at", "id"),
        Index(
            "ix_short_url_unerased",
            "deleted_at",
            sqlite_where=text("deleted_at IS NOT NULL AND erased_at IS NULL"),
            postgresql_where=text("deleted_at IS NOT NULL AND erased_at IS NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    name: str = Field(max_length=NAME_MOST)
    base: str = Field(max_length=BASE_MOST)
    code: str = Field(max_length=CODE_LENGTH)
    target: str = Field(max_length=URL_MOST)
    created_at: datetime
    expires_at: datetime
    deleted_at: datetime | None = None
    erased_at: datetime | None = None


class ShortUrlTemplateRow(SQLModel, table=True):
    """A template whose content holds a short URL (URL-3), with the template's region."""

    __tablename__ = "short_url_template"

    short_url_id: int = Field(primary_key=True, foreign_key="short_url.id", sa_type=BigId)
    template_id: int = Field(primary_key=True, foreign_key="template.id", index=True, sa_type=BigId)
    region: Region = Field(sa_type=choice(Region))


class SortKey(StrEnum):
    """What a list of short URLs can be sorted by."""

    CREATED_AT = "created_at"
    EXPIRES_AT = "expires_at"
    NAME = "name"


SORT_TYPES: Final[dict[SortKey, type[datetime | int | str]]] = {
    SortKey.CREATED_AT: datetime,
    SortKey.EXPIRES_AT: datetime,
    SortKey.NAME: str,
}
_SORT_COLUMNS: Final = {
    SortKey.CREATED_AT: ShortUrlRow.created_at,
    SortKey.EXPIRES_AT: ShortUrlRow.expires_at,
    SortKey.NAME: ShortUrlRow.name,
}


@dataclass(frozen=True, slots=True)
class Listing:
    """Which short URLs a list shows: the owner's, those searched for, those a region uses."""

    owner: int
    search: str = ""
    region: Region | None = None

    def query(self) -> SelectOfScalar[ShortUrlRow]:
        """Put the conditions together; pages and counts share them."""
        query = _of(self.owner)
        if self.region is not None:
            bound = exists().where(
                col(ShortUrlTemplateRow.short_url_id) == col(ShortUrlRow.id),
                col(ShortUrlTemplateRow.region) == self.region,
            )
            query = query.where(bound)
        if not self.search:
            return query
        named = col(ShortUrlRow.name).icontains(self.search, autoescape=True)
        leading = col(ShortUrlRow.target).icontains(self.search, autoescape=True)
        return query.where(or_(named, leading, col(ShortUrlRow.code) == rules.sought(self.search)))


def _of(owner: int) -> SelectOfScalar[ShortUrlRow]:
    return select(ShortUrlRow).where(
        ShortUrlRow.account_uin == owner, col(ShortUrlRow.deleted_at).is_(None)
    )


def sort_value(row: ShortUrlRow, key: SortKey) -> datetime | str:
    """Give the value of the column a list is sorted by."""
    value: datetime | str = getattr(row, key.value)
    return value


async def owned(session: AsyncSession, owner: int, short_url_id: int) -> ShortUrlRow | None:
    """Find one short URL of this owner."""
    return (await session.exec(_of(owner).where(ShortUrlRow.id == short_url_id))).first()


async def page(  # noqa: PLR0913 - what is listed, how sorted, and where
    session: AsyncSession,
    listing: Listing,
    key: SortKey = SortKey.CREATED_AT,
    *,
    descending: bool = True,
    first: int,
    after: Key | None,
) -> Slice[ShortUrlRow]:
    """List short URLs page by page."""
    order = Order(col(_SORT_COLUMNS[key]), col(ShortUrlRow.id), descending)
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def count(session: AsyncSession, listing: Listing) -> int:
    """Count what the list shows in all."""
    return await pages.count(session, listing.query())


async def add(  # noqa: PLR0913, PLR0917 - whose, what, from when and for how long
    session: AsyncSession,
    owner: int,
    draft: Draft,
    now: datetime,
    lasts: timedelta,
    draw: Callable[[], str] = rules.new_code,
) -> ShortUrlRow:
    """Create a short URL with a code that nothing has ever had; `draw` draws one."""
    for _ in range(TRIES):
        row = ShortUrlRow(
            account_uin=owner,
            name=draft.name,
            base=draft.base,
            code=draw(),
            target=draft.target,
            created_at=now,
            expires_at=now + lasts,
        )
        values = row.model_dump(exclude={"id"})
        statement = insert(session, ShortUrlRow).values(values).on_conflict_do_nothing()
        key = (await session.exec(statement.returning(col(ShortUrlRow.id)))).scalar()
        if key is not None:
            row.id = key
            return row
    raise RuntimeError(f"{TRIES} random codes of short URLs in a row were taken")


async def remove(session: AsyncSession, owner: int, short_url_id: int, now: datetime) -> None:
    """Take a short URL from its account for good; raises Refused.

    The quota comes first: whoever creates holds it before anything else.
    """
    await quotas.give_back(session, owner, quota.SHORT_URLS)
    query = _of(owner).where(ShortUrlRow.id == short_url_id).with_for_update()
    row = (await session.exec(query)).first()
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such short URL", "id")
    row.deleted_at = now


async def coded(session: AsyncSession, codes: Collection[str]) -> Mapping[str, ShortUrlRow]:
    """Find short URLs by their codes, of whatever account and also deleted ones."""
    query = select(ShortUrlRow).where(col(ShortUrlRow.code).in_(codes))
    return {row.code: row for row in await session.exec(query)}


async def bases(session: AsyncSession, owner: int, among: Collection[str]) -> set[str]:
    """Say which of some addresses short URLs of an account have begun with."""
    query = select(ShortUrlRow.base).where(
        ShortUrlRow.account_uin == owner, col(ShortUrlRow.base).in_(among)
    )
    return set((await session.exec(query.distinct())).all())
