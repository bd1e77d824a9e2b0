"""Requests for identity verification: each is decided once and kept (ACC-1, ACC-2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Index, text
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import account as accounts
from db import file as files
from db import package_gift
from db import page as pages
from db import review as reviews
from db.dialect import BigId, choice
from db.file import FilePurpose, StoredFile
from db.page import Key, Order, Slice
from db.review import ReviewKind, Submitted
from domain import verification as rules
from domain.package import gift_units
from domain.region import IdentityKind, Verification
from domain.review import ReviewStatus
from domain.terms import Terms
from domain.verification import Draft

_WAITS: Final = text("status = 'pending'")


class VerificationRow(Submitted, table=True):
    """One request; `sealed_number` is the document's number, sealed, empty when none was given."""

    __tablename__ = "verification_request"
    __table_args__ = (
        Index(
            "uq_verification_request_waits",
            "account_uin",
            unique=True,
            sqlite_where=_WAITS,
            postgresql_where=_WAITS,
        ),
    )

    name: str = Field(max_length=rules.NAME_MOST)
    sealed_number: str = Field(default="", max_length=400)
    kind: IdentityKind = Field(sa_type=choice(IdentityKind))
    document_id: int = Field(foreign_key="file.id", index=True, sa_type=BigId)


@dataclass(frozen=True, slots=True)
class Listing:
    """Which requests a list shows."""

    owner: int
    status: ReviewStatus | None = None

    def query(self) -> SelectOfScalar[VerificationRow]:
        """Put the conditions together; pages and counts share them."""
        query = select(VerificationRow).where(VerificationRow.account_uin == self.owner)
        return query if self.status is None else query.where(VerificationRow.status == self.status)


def place(owner: int) -> str:
    """Name where a document's number is sealed."""
    return f"account/{owner}/document-number"


async def owned(session: AsyncSession, owner: int, request_id: int) -> VerificationRow | None:
    """Find one request of this owner."""
    query = Listing(owner).query().where(VerificationRow.id == request_id)
    return (await session.exec(query)).first()


async def reviewed(session: AsyncSession, request_id: int) -> VerificationRow:
    """Hold a request of any account, for an operator's decision."""
    query = select(VerificationRow).where(VerificationRow.id == request_id).with_for_update()
    return (await session.exec(query)).one()


async def among(session: AsyncSession, request_ids: set[int]) -> Mapping[int, VerificationRow]:
    """Find the requests on a page of the review queue, of whatever account."""
    query = select(VerificationRow).where(col(VerificationRow.id).in_(request_ids))
    return {row.id: row for row in await session.exec(query)}


async def page(
    session: AsyncSession, listing: Listing, *, first: int, after: Key | None
) -> Slice[VerificationRow]:
    """List requests, newest first."""
    order = Order(col(VerificationRow.created_at), col(VerificationRow.id))
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def count(session: AsyncSession, listing: Listing) -> int:
    """Count what the list shows in all."""
    return await pages.count(session, listing.query())


async def check(session: AsyncSession, owner: int, wanted: IdentityKind) -> None:
    """Raise Refused unless an account may make a request now."""
    waits = Listing(owner, ReviewStatus.PENDING).query().limit(1)
    waiting = (await session.exec(waits)).first() is not None
    account = await accounts.existing(session, owner)
    rules.check_request(account.identity, account.verification, wanted, waiting=waiting)


async def add(  # noqa: PLR0913, PLR0917 - whose, what, and what proves it
    session: AsyncSession,
    owner: int,
    draft: Draft,
    sealed_number: str,
    papers: Mapping[FilePurpose, StoredFile],
    now: datetime,
    terms: Terms,
) -> VerificationRow:
    """Make a request and submit it; raises Refused when the account may make none now."""
    account = await accounts.existing(session, owner, hold=True)
    await check(session, owner, draft.kind)
    ids = await files.add(session, owner, papers.values(), now)
    row = VerificationRow(
        account_uin=owner,
        status=ReviewStatus.PENDING,
        created_at=now,
        submitted_at=now,
        name=draft.name,
        sealed_number=sealed_number,
        kind=draft.kind,
        document_id=ids[FilePurpose.DOCUMENT],
    )
    session.add(row)
    await session.flush()
    account.verification = rules.while_waiting(account.verification)
    await reviews.submit(session, ReviewKind.IDENTITY, row, now, terms)
    if row.status is ReviewStatus.APPROVED:
        await settle(session, row, now, terms)
    return row


async def settle(session: AsyncSession, row: VerificationRow, now: datetime, terms: Terms) -> None:
    """Let a decision have effect on the account: its name, kind and state, or its state alone.

    Whoever is verified for the first time is given a package.
    """
    account = await accounts.existing(session, row.account_uin, hold=True)
    if row.status is ReviewStatus.APPROVED:
        account.name, account.identity = row.name, row.kind
        account.verification = Verification.VERIFIED
        units = gift_units(account.identity, terms)
        await package_gift.give(session, account.uin, units, now, terms)
    else:
        account.verification = rules.after_rejection(account.verification)
