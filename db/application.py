"""Applications (APP-1 to APP-6): the resource that every permission is granted on."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import String, bindparam, cast
from sqlmodel import Field, SQLModel, col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db import quota as quotas
from db import restorable, serial
from db.dialect import BigId
from db.page import Key, Order, Slice
from db.pattern import matches_plan
from db.vault import Vault
from domain import quota
from domain.application import Draft
from domain.errors import Code, Refused
from domain.restore import RestoreKind
from domain.terms import Terms
from policies.plan import Plan


class ApplicationRow(SQLModel, table=True):
    """One application; `id` is its SDK AppID."""

    __tablename__ = "application"

    id: int = Field(primary_key=True, sa_type=BigId, sa_column_kwargs={"autoincrement": False})
    account_uin: int = Field(foreign_key="account.uin", index=True, sa_type=BigId)
    name: str = Field(max_length=100)
    overview: str = Field(max_length=500)
    sealed_key: str = Field(max_length=200)
    wanted_enabled: bool = True
    switched_at: datetime | None = None
    created_at: datetime
    deleted_at: datetime | None = None


class SortKey(StrEnum):
    """What a list of applications can be sorted by."""

    CREATED_AT = "created_at"
    NAME = "name"


SORT_TYPES: Final[dict[SortKey, type[datetime | int | str]]] = {
    SortKey.CREATED_AT: datetime,
    SortKey.NAME: str,
}
_SORT_COLUMNS: Final = {
    SortKey.CREATED_AT: ApplicationRow.created_at,
    SortKey.NAME: ApplicationRow.name,
}


@dataclass(frozen=True, slots=True)
class Listing:
    """Which applications a list shows: the owner's, those the plan admits, those searched for."""

    owner: int
    plan: Plan
    search: str

    def query(self) -> SelectOfScalar[ApplicationRow]:
        """Put the conditions together; pages and counts share them, so a count leaks nothing."""
        query = _of(self.owner).where(matches_plan(col(ApplicationRow.id), self.plan))
        if not self.search:
            return query
        named = col(ApplicationRow.name).icontains(self.search, autoescape=True)
        numbered = cast(col(ApplicationRow.id), String).startswith(self.search, autoescape=True)
        return query.where(or_(named, numbered))


def _of(owner: int) -> SelectOfScalar[ApplicationRow]:
    return select(ApplicationRow).where(
        ApplicationRow.account_uin == owner, col(ApplicationRow.deleted_at).is_(None)
    )


def sort_value(row: ApplicationRow, key: SortKey) -> datetime | str:
    """Give the value of the column a list is sorted by."""
    return row.created_at if key is SortKey.CREATED_AT else row.name


async def app_of(session: AsyncSession, owner: int, app_id: int) -> int | None:
    """Say that an application is the owner's and still there, by giving its id back."""
    query = select(ApplicationRow.id).where(
        ApplicationRow.id == app_id,
        ApplicationRow.account_uin == owner,
        col(ApplicationRow.deleted_at).is_(None),
    )
    return (await session.exec(query)).first()


async def owned(session: AsyncSession, owner: int, app_id: int) -> ApplicationRow | None:
    """Find one application of this owner."""
    return (await session.exec(_of(owner).where(ApplicationRow.id == app_id))).first()


async def changing(session: AsyncSession, owner: int, app_id: int) -> ApplicationRow:
    """Find one application and hold it until the transaction ends; raises Refused."""
    query = _of(owner).where(ApplicationRow.id == app_id).with_for_update()
    row = (await session.exec(query)).first()
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such application", "id")
    return row


async def page(  # noqa: PLR0913 - what is listed, how sorted, and where
    session: AsyncSession,
    listing: Listing,
    key: SortKey,
    *,
    descending: bool,
    first: int,
    after: Key | None,
) -> Slice[ApplicationRow]:
    """List applications page by page."""
    order = Order(col(_SORT_COLUMNS[key]), col(ApplicationRow.id), descending)
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def count(session: AsyncSession, listing: Listing) -> int:
    """Count what the list shows in all."""
    return await pages.count(session, listing.query())


async def add(  # noqa: PLR0913, PLR0917 - whose, what, and how its key is sealed
    session: AsyncSession, owner: int, draft: Draft, vault: Vault, app_key: str, now: datetime
) -> ApplicationRow:
    """Create an application; its id is the next SDK AppID."""
    app_id = await serial.take(session, serial.APPLICATION)
    row = ApplicationRow(
        id=app_id,
        account_uin=owner,
        name=draft.name,
        overview=draft.overview,
        sealed_key=vault.seal(app_key, f"application/{app_id}"),
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row


class SealedKey(NamedTuple):
    """The AppKey of an application as it is stored, and whose application that is."""

    account_uin: int
    sealed_key: str


_SEALED_KEY: Final = select(ApplicationRow.account_uin, ApplicationRow.sealed_key).where(
    col(ApplicationRow.id) == bindparam("app_id"), col(ApplicationRow.deleted_at).is_(None)
)


async def sealed_key(session: AsyncSession, app_id: int) -> SealedKey | None:
    """Find the AppKey of whoever's application this is; it is asked for at every request."""
    asked = {"app_id": app_id}
    row = (await (await session.connection()).execute(_SEALED_KEY, asked)).first()
    return SealedKey(*row) if row else None


def set_key(row: ApplicationRow, vault: Vault, app_key: str) -> None:
    """Replace the AppKey."""
    row.sealed_key = vault.seal(app_key, f"application/{row.id}")


async def remove(session: AsyncSession, row: ApplicationRow, now: datetime) -> None:
    """Hide an application from its account, and give its place in the quota back."""
    row.deleted_at = now
    restorable.note(session, row.account_uin, RestoreKind.APPLICATION, row.id, row.name, now)
    await quotas.give_back(session, row.account_uin, quota.APPLICATIONS)


async def bring_back(session: AsyncSession, app_id: int, _now: datetime, _terms: Terms) -> None:
    """Show a deleted application to its account again; it comes back disabled, as it went."""
    query = select(ApplicationRow).where(ApplicationRow.id == app_id).with_for_update()
    row = (await session.exec(query)).one()
    row.deleted_at, row.wanted_enabled = None, False


async def among(session: AsyncSession, app_ids: Collection[int]) -> Mapping[int, ApplicationRow]:
    """Find the applications that reviewers are asked to restore, of whatever account."""
    query = select(ApplicationRow).where(col(ApplicationRow.id).in_(app_ids))
    return {row.id: row for row in await session.exec(query)}
