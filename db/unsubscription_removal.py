"""Requests to undo unsubscriptions, and what came of them: the record of the guide (UNS-3)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Index, text
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db import review as reviews
from db import unsubscription as unsubscriptions
from db.dialect import BigId
from db.page import Key, Order, Slice
from db.review import ReviewKind, Submitted
from domain import unsubscription as rules
from domain.review import ReviewStatus
from domain.terms import Terms

_WAITS: Final = text("status = 'pending'")


class RemovalRow(Submitted, table=True):
    """One request; `opt_outs` is how many replies had unsubscribed the number by then."""

    __tablename__ = "unsubscription_removal"
    __table_args__ = (
        Index(
            "uq_unsubscription_removal_waits",
            "unsubscription_id",
            unique=True,
            sqlite_where=_WAITS,
            postgresql_where=_WAITS,
        ),
        Index("ix_unsubscription_removal_list", "account_uin", "created_at", "id"),
    )

    unsubscription_id: int = Field(foreign_key="unsubscription.id", index=True, sa_type=BigId)
    justification: str = Field(max_length=rules.JUSTIFICATION_MOST)
    opt_outs: int


@dataclass(frozen=True, slots=True)
class Listing:
    """Which requests a list shows."""

    owner: int
    status: ReviewStatus | None = None

    def query(self) -> SelectOfScalar[RemovalRow]:
        """Put the conditions together; pages and counts share them."""
        query = select(RemovalRow).where(RemovalRow.account_uin == self.owner)
        return query if self.status is None else query.where(RemovalRow.status == self.status)


async def request(  # noqa: PLR0913, PLR0917 - whose, what, why, when and under which terms
    session: AsyncSession,
    owner: int,
    unsubscription_id: int,
    justification: str,
    now: datetime,
    terms: Terms,
) -> RemovalRow:
    """Ask for a removal and submit that for review; raises Refused."""
    about = await unsubscriptions.changing(session, owner, unsubscription_id)
    waits = select(RemovalRow.id).where(
        RemovalRow.unsubscription_id == about.id, RemovalRow.status == ReviewStatus.PENDING
    )
    waiting = (await session.exec(waits)).first() is not None
    rules.check_request(rules.status(about.removed_at), waiting=waiting)
    row = RemovalRow(
        account_uin=owner,
        status=ReviewStatus.PENDING,
        created_at=now,
        submitted_at=now,
        unsubscription_id=about.id,
        justification=justification,
        opt_outs=about.opt_outs,
    )
    session.add(row)
    await session.flush()
    await reviews.submit(session, ReviewKind.UNSUBSCRIPTION, row, now, terms)
    if row.status is ReviewStatus.APPROVED:
        await settle(session, row, now, terms)
    return row


async def settle(session: AsyncSession, row: RemovalRow, now: datetime, _terms: Terms) -> None:
    """Let the number get messages again once that is approved.

    Raises Refused (CONFLICT) when the recipient has unsubscribed again since it was asked for.
    """
    if row.status is not ReviewStatus.APPROVED:
        return
    about = await unsubscriptions.changing(session, row.account_uin, row.unsubscription_id)
    rules.check_removal(row.opt_outs, about.opt_outs)
    about.removed_at = now


async def owned(session: AsyncSession, owner: int, request_id: int) -> RemovalRow | None:
    """Find one request of this owner."""
    query = Listing(owner).query().where(RemovalRow.id == request_id)
    return (await session.exec(query)).first()


async def reviewed(session: AsyncSession, request_id: int) -> RemovalRow:
    """Hold a request of any account, for an operator's decision."""
    query = select(RemovalRow).where(RemovalRow.id == request_id).with_for_update()
    return (await session.exec(query)).one()


async def among(session: AsyncSession, request_ids: set[int]) -> Mapping[int, RemovalRow]:
    """Find the requests on a page of the review queue, of whatever account."""
    query = select(RemovalRow).where(col(RemovalRow.id).in_(request_ids))
    return {row.id: row for row in await session.exec(query)}


async def latest(
    session: AsyncSession, unsubscription_ids: Collection[int]
) -> Mapping[int, RemovalRow]:
    """Find the last request for each unsubscription on a page, where there is one."""
    query = select(RemovalRow).where(col(RemovalRow.unsubscription_id).in_(unsubscription_ids))
    found = await session.exec(query.order_by(col(RemovalRow.id)))
    return {row.unsubscription_id: row for row in found}


async def page(
    session: AsyncSession, listing: Listing, *, first: int, after: Key | None
) -> Slice[RemovalRow]:
    """List requests, the last first."""
    order = Order(col(RemovalRow.created_at), col(RemovalRow.id))
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def count(session: AsyncSession, listing: Listing) -> int:
    """Count what the list shows in all."""
    return await pages.count(session, listing.query())
