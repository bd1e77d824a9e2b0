"""What waits for an operator's decision, and how each thing was decided before (REV-1)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel, col, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db.account import AccountRow
from db.dialect import BigId, choice
from db.page import Key, Order, Slice
from domain import review as rules
from domain.errors import Code, Refused
from domain.region import IdentityKind, Region
from domain.review import ReviewStatus

HISTORY_MOST: Final = 20
_OPEN: Final = text("decided_at IS NULL")


class ReviewKind(StrEnum):
    """What is reviewed."""

    SIGNATURE = "signature"
    TEMPLATE = "template"


class Verdict(StrEnum):
    """How an item left the queue; withdrawn when the applicant changed or deleted its subject."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Reviewed(SQLModel):
    """The columns of everything that is reviewed before it can be sent with."""

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", index=True, sa_type=BigId)
    region: Region = Field(sa_type=choice(Region))
    status: ReviewStatus = Field(sa_type=choice(ReviewStatus))
    reason: str = Field(default="", max_length=rules.REASON_MOST)
    created_at: datetime
    submitted_at: datetime
    decided_at: datetime | None = None
    deleted_at: datetime | None = None


class ReviewRow(SQLModel, table=True):
    """One submission of one subject; `decided_by` is empty when no operator decided."""

    __tablename__ = "review_item"
    __table_args__ = (
        Index(
            "uq_review_item_open",
            "kind",
            "subject_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index(
            "ix_review_item_queue",
            "submitted_at",
            "id",
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_review_item_subject", "kind", "subject_id", "id"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    kind: ReviewKind = Field(sa_type=choice(ReviewKind))
    subject_id: int = Field(sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    region: Region | None = Field(default=None, sa_type=choice(Region))
    submitted_at: datetime
    decided_at: datetime | None = None
    decided_by: int | None = Field(default=None, foreign_key="user.uin", sa_type=BigId)
    verdict: Verdict | None = Field(default=None, sa_type=choice(Verdict))
    reason: str = Field(default="", max_length=rules.REASON_MOST)


@dataclass(frozen=True, slots=True)
class Queue:
    """Which open items a queue shows."""

    kind: ReviewKind | None = None
    region: Region | None = None
    account_uin: int | None = None

    def query(self) -> SelectOfScalar[ReviewRow]:
        """Put the conditions together; pages and counts share them."""
        query = select(ReviewRow).where(col(ReviewRow.decided_at).is_(None))
        if self.kind is not None:
            query = query.where(col(ReviewRow.kind) == self.kind)
        if self.region is not None:
            query = query.where(col(ReviewRow.region) == self.region)
        if self.account_uin is not None:
            query = query.where(ReviewRow.account_uin == self.account_uin)
        return query


async def queue(
    session: AsyncSession, listing: Queue, *, first: int, after: Key | None
) -> Slice[ReviewRow]:
    """List what waits, oldest first."""
    order = Order(col(ReviewRow.submitted_at), col(ReviewRow.id), descending=False)
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def count(session: AsyncSession, listing: Queue) -> int:
    """Count what waits."""
    return await pages.count(session, listing.query())


async def get(session: AsyncSession, item_id: int) -> ReviewRow:
    """Find an item of any account; for operators. Raises Refused."""
    row = (await session.exec(select(ReviewRow).where(ReviewRow.id == item_id))).first()
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such review item", "id")
    return row


async def identity(session: AsyncSession, owner: int) -> IdentityKind:
    """Say who applies, which decides what may be applied for."""
    query = select(col(AccountRow.identity)).where(AccountRow.uin == owner)
    return (await session.exec(query)).one()


async def hold_applicant(session: AsyncSession, owner: int) -> IdentityKind:
    """Do the same and hold the account, so that its submissions are checked one after another."""
    query = select(col(AccountRow.identity)).where(AccountRow.uin == owner)
    return (await session.exec(query.with_for_update(key_share=True))).one()


async def applicants(session: AsyncSession, uins: Collection[int]) -> Mapping[int, AccountRow]:
    """Find the accounts behind a page of the queue."""
    query = select(AccountRow).where(col(AccountRow.uin).in_(uins))
    return {row.uin: row for row in await session.exec(query)}


async def submit(
    session: AsyncSession,
    kind: ReviewKind,
    subject: Reviewed,
    now: datetime,
    *,
    automatic: bool,
) -> None:
    """Put a new or edited subject into the queue, in place of what waited for it before.

    With `automatic` it is approved at once, by nobody: `decided_by` stays empty.
    """
    await withdraw(session, kind, subject, now)
    subject.status, subject.reason = ReviewStatus.PENDING, ""
    subject.submitted_at, subject.decided_at = now, None
    item = ReviewRow(
        kind=kind,
        subject_id=subject.id,
        account_uin=subject.account_uin,
        region=subject.region,
        submitted_at=now,
    )
    session.add(item)
    if automatic:
        _settle(item, subject, approved=True, reason="", now=now)
    await session.flush()


async def withdraw(
    session: AsyncSession, kind: ReviewKind, subject: Reviewed, now: datetime
) -> None:
    """Take a subject out of the queue without a decision; one that is not in it stays out."""
    statement = update(ReviewRow).where(
        col(ReviewRow.kind) == kind,
        col(ReviewRow.subject_id) == subject.id,
        col(ReviewRow.decided_at).is_(None),
    )
    await session.exec(statement.values(decided_at=now, verdict=Verdict.WITHDRAWN))


async def decide(  # noqa: PLR0913 - what is decided, how, by whom and when
    session: AsyncSession,
    item_id: int,
    subject: Reviewed,
    *,
    approved: bool,
    reason: str,
    decided_by: int,
    now: datetime,
) -> ReviewRow:
    """Decide an item once and for all; raises Refused, with CONFLICT when it has left the queue.

    The caller holds `subject`. Whoever decides, edits or deletes holds it first, so they come one
    after another, and what the item has become meanwhile is read only then.
    """
    query = select(ReviewRow).where(ReviewRow.id == item_id)
    item = (await session.exec(query.execution_options(populate_existing=True))).one()
    if item.decided_at is not None:
        raise Refused.one(Code.CONFLICT, _settled(item), "id")
    _settle(item, subject, approved=approved, reason=reason, now=now)
    item.decided_by = decided_by
    return item


def _settled(item: ReviewRow) -> str:
    if item.verdict is Verdict.WITHDRAWN:
        return f"the applicant changed or deleted this {item.kind} meanwhile: read the queue again"
    return f"this {item.kind} was {item.verdict} already: read the queue again"


def _settle(
    item: ReviewRow, subject: Reviewed, *, approved: bool, reason: str, now: datetime
) -> None:
    status, reason = rules.decide(item.kind, subject.status, approved=approved, reason=reason)
    item.verdict = Verdict.APPROVED if approved else Verdict.REJECTED
    subject.status, subject.reason, subject.decided_at = status, reason, now
    item.reason, item.decided_at = reason, now


async def history(
    session: AsyncSession, kind: ReviewKind, subject_ids: Collection[int]
) -> Mapping[int, Sequence[ReviewRow]]:
    """Give the last submissions of each subject, newest first, at most 20 of each."""
    place = func.row_number().over(
        partition_by=col(ReviewRow.subject_id), order_by=col(ReviewRow.id).desc()
    )
    ranked = (
        select(col(ReviewRow.id), place.label("place"))
        .where(col(ReviewRow.kind) == kind, col(ReviewRow.subject_id).in_(subject_ids))
        .subquery()
    )
    query = (
        select(ReviewRow)
        .join(ranked, ranked.c.id == ReviewRow.id)
        .where(ranked.c.place <= HISTORY_MOST)
        .order_by(col(ReviewRow.id).desc())
    )
    found: dict[int, list[ReviewRow]] = {subject_id: [] for subject_id in subject_ids}
    for row in await session.exec(query):
        found[row.subject_id].append(row)
    return found
