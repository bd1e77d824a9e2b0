"""What accounts deleted and may ask back: one row a deletion (APP-6)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db.dialect import BigId, choice
from db.page import Key, Order, Slice
from domain.errors import Code, Refused
from domain.restore import RestorableState, RestoreKind


class RestorableRow(SQLModel, table=True):
    """One deletion; the object's own row stays until it is restored or purged."""

    __tablename__ = "restorable"
    __table_args__ = (
        Index("ix_restorable_list", "account_uin", "state", "deleted_at", "id"),
        Index("ix_restorable_purge", "state", "deleted_at"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    kind: RestoreKind = Field(sa_type=choice(RestoreKind))
    object_id: int = Field(sa_type=BigId)
    name: str = Field(max_length=100)
    deleted_at: datetime
    state: RestorableState = Field(sa_type=choice(RestorableState))


@dataclass(frozen=True, slots=True)
class Listing:
    """What an owner can ask back: what was deleted after a time."""

    owner: int
    deleted_after: datetime

    def query(self) -> SelectOfScalar[RestorableRow]:
        """Put the conditions together; pages and counts share them."""
        return select(RestorableRow).where(
            RestorableRow.account_uin == self.owner,
            RestorableRow.state == RestorableState.DELETED,
            RestorableRow.deleted_at > self.deleted_after,
        )


def note(  # noqa: PLR0913, PLR0917 - the columns of one row
    session: AsyncSession, owner: int, kind: RestoreKind, object_id: int, name: str, now: datetime
) -> None:
    """Write down that an object was deleted, in the transaction that does it."""
    session.add(
        RestorableRow(
            account_uin=owner,
            kind=kind,
            object_id=object_id,
            name=name,
            deleted_at=now,
            state=RestorableState.DELETED,
        )
    )


async def changing(session: AsyncSession, listing: Listing, restorable_id: int) -> RestorableRow:
    """Find one thing an owner can ask back, and hold it; raises Refused."""
    query = listing.query().where(RestorableRow.id == restorable_id).with_for_update()
    row = (await session.exec(query)).first()
    if row is None:
        message = "there is nothing deleted of this id that can still be restored"
        raise Refused.one(Code.NOT_FOUND, message, "id")
    return row


async def held(session: AsyncSession, restorable_id: int) -> RestorableRow:
    """Hold what a request names, whoever owns it."""
    query = select(RestorableRow).where(RestorableRow.id == restorable_id).with_for_update()
    return (await session.exec(query.execution_options(populate_existing=True))).one()


async def among(
    session: AsyncSession, restorable_ids: Collection[int]
) -> Mapping[int, RestorableRow]:
    """Find what the requests of a page name, whoever owns it."""
    query = select(RestorableRow).where(col(RestorableRow.id).in_(restorable_ids))
    return {row.id: row for row in await session.exec(query)}


async def page(
    session: AsyncSession, listing: Listing, *, first: int, after: Key | None
) -> Slice[RestorableRow]:
    """List what can be asked back, last deleted first."""
    order = Order(col(RestorableRow.deleted_at), col(RestorableRow.id))
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def count(session: AsyncSession, listing: Listing) -> int:
    """Count what the list shows in all."""
    return await pages.count(session, listing.query())
