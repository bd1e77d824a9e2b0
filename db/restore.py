"""Requests to restore what was deleted, and bringing it back (APP-6, REV-1)."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Index, text
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import account as accounts
from db import application as applications
from db import quota as quotas
from db import restorable as restorables
from db import review as reviews
from db import signature as signatures
from db import template as templates
from db.dialect import BigId
from db.restorable import Listing, RestorableRow
from db.review import ReviewKind, Submitted
from domain import quota
from domain import restore as rules
from domain.errors import Code, Refused
from domain.quota import Quota
from domain.restore import RestorableState, RestoreKind
from domain.review import ReviewStatus
from domain.terms import Terms

_WAITS: Final = text("status = 'pending'")
WAY_OUT: Final = "reject the request, or let the account delete another one first"


class RestoreRow(Submitted, table=True):
    """One request; `justification` is why the account wants it back."""

    __tablename__ = "restore_request"
    __table_args__ = (
        Index(
            "uq_restore_request_waits",
            "restorable_id",
            unique=True,
            sqlite_where=_WAITS,
            postgresql_where=_WAITS,
        ),
    )

    restorable_id: int = Field(foreign_key="restorable.id", index=True, sa_type=BigId)
    justification: str = Field(max_length=rules.JUSTIFICATION_MOST)


BringBack = Callable[[AsyncSession, int, datetime, Terms], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Steps:
    """What an object of one kind takes again, and how it comes back."""

    quota: Quota
    bring_back: BringBack


_STEPS: Final[Mapping[RestoreKind, _Steps]] = {
    RestoreKind.APPLICATION: _Steps(quota.APPLICATIONS, applications.bring_back),
    RestoreKind.SIGNATURE: _Steps(quota.SIGNATURES, signatures.bring_back),
    RestoreKind.TEMPLATE: _Steps(quota.TEMPLATES, templates.bring_back),
}


async def request(  # noqa: PLR0913, PLR0917 - whose, what, why, when and under which terms
    session: AsyncSession,
    owner: int,
    restorable_id: int,
    justification: str,
    now: datetime,
    terms: Terms,
) -> RestoreRow:
    """Ask for something deleted and submit that for review; raises Refused."""
    listing = Listing(owner, now - terms.restore_for)
    deleted = await restorables.changing(session, listing, restorable_id)
    rules.check_request(deleted.kind, waiting=await _waits(session, deleted))
    row = RestoreRow(
        account_uin=owner,
        status=ReviewStatus.PENDING,
        created_at=now,
        submitted_at=now,
        restorable_id=deleted.id,
        justification=justification,
    )
    session.add(row)
    await session.flush()
    await reviews.submit(session, ReviewKind.RESTORE, row, now, terms)
    if row.status is ReviewStatus.APPROVED:
        await settle(session, row, now, terms)
    return row


async def settle(session: AsyncSession, row: RestoreRow, now: datetime, terms: Terms) -> None:
    """Bring back what a request that was approved asks for.

    Raises Refused, with LIMIT_EXCEEDED when the account has no room for it any more and with
    TAKEN when a signature's content is another one's meanwhile.
    """
    if row.status is not ReviewStatus.APPROVED:
        return
    deleted = await restorables.held(session, row.restorable_id)
    steps = _STEPS[deleted.kind]
    # As for whoever creates: the quota first, then the account, then the object.
    if not await quotas.take(session, row.account_uin, steps.quota):
        limit = replace(steps.quota, way_out=WAY_OUT)
        raise Refused.one(Code.LIMIT_EXCEEDED, limit.exceeded(), "id")
    await accounts.existing(session, row.account_uin, hold=True)
    await steps.bring_back(session, deleted.object_id, now, terms)
    deleted.state = RestorableState.RESTORED


async def _waits(session: AsyncSession, deleted: RestorableRow) -> bool:
    query = select(RestoreRow.id).where(
        RestoreRow.restorable_id == deleted.id, RestoreRow.status == ReviewStatus.PENDING
    )
    return (await session.exec(query)).first() is not None


async def owned(session: AsyncSession, owner: int, request_id: int) -> RestoreRow | None:
    """Find one request of this owner."""
    query = select(RestoreRow).where(RestoreRow.account_uin == owner, RestoreRow.id == request_id)
    return (await session.exec(query)).first()


async def reviewed(session: AsyncSession, request_id: int) -> RestoreRow:
    """Hold a request of any account, for an operator's decision."""
    query = select(RestoreRow).where(RestoreRow.id == request_id).with_for_update()
    return (await session.exec(query)).one()


async def among(session: AsyncSession, request_ids: set[int]) -> Mapping[int, RestoreRow]:
    """Find the requests on a page of the review queue, of whatever account."""
    query = select(RestoreRow).where(col(RestoreRow.id).in_(request_ids))
    return {row.id: row for row in await session.exec(query)}


async def latest(
    session: AsyncSession, restorable_ids: Collection[int]
) -> Mapping[int, RestoreRow]:
    """Find the last request for each thing on a page, where there is one."""
    query = select(RestoreRow).where(col(RestoreRow.restorable_id).in_(restorable_ids))
    found = await session.exec(query.order_by(col(RestoreRow.id)))
    return {row.restorable_id: row for row in found}
