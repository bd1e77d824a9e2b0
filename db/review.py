"""What waits for an operator's decision, and how each thing was decided before (REV-1)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel, col, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db import user as users
from db.account import AccountRow
from db.dialect import BigId, choice
from domain import review as rules
from domain.errors import Code, Refused
from domain.region import IdentityKind, Region
from domain.review import ReviewStatus
from domain.terms import Terms
from domain.text import quoted

HISTORY_MOST: Final = 20
_OPEN: Final = text("decided_at IS NULL")
_DECIDED: Final = text("decided_at IS NOT NULL")


class ReviewKind(StrEnum):
    """What is reviewed."""

    SIGNATURE = "signature"
    TEMPLATE = "template"
    IDENTITY = "identity"
    RESTORE = "restore"
    UNSUBSCRIPTION = "unsubscription"


class Verdict(StrEnum):
    """How an item left the queue; withdrawn when the applicant changed or deleted its subject."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Submitted(SQLModel):
    """The columns of everything that waits for an operator's decision."""

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", index=True, sa_type=BigId)
    status: ReviewStatus = Field(sa_type=choice(ReviewStatus))
    reason: str = Field(default="", max_length=rules.REASON_MOST)
    created_at: datetime
    submitted_at: datetime
    decided_at: datetime | None = None


class Reviewed(Submitted):
    """The columns of everything that is reviewed before it can be sent with."""

    region: Region = Field(sa_type=choice(Region))
    deleted_at: datetime | None = None


class ReviewRow(SQLModel, table=True):
    """One submission of one subject; `decided_by` is empty when no operator decided.

    `due_at` is by when a decision was expected when it was submitted (REV-2). Who has claimed it
    holds it until `claimed_until`, and then nobody does (REV-1).
    """

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
        Index(
            "ix_review_item_history",
            "decided_at",
            "id",
            sqlite_where=_DECIDED,
            postgresql_where=_DECIDED,
        ),
        Index(
            "ix_review_item_kind_history",
            "kind",
            "decided_at",
            "id",
            sqlite_where=_DECIDED,
            postgresql_where=_DECIDED,
        ),
        Index("ix_review_item_subject", "kind", "subject_id", "id"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    kind: ReviewKind = Field(sa_type=choice(ReviewKind))
    subject_id: int = Field(sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    region: Region | None = Field(default=None, sa_type=choice(Region))
    submitted_at: datetime
    due_at: datetime
    claimed_by: int | None = Field(default=None, foreign_key="user.uin", index=True, sa_type=BigId)
    claimed_until: datetime | None = None
    decided_at: datetime | None = None
    decided_by: int | None = Field(default=None, foreign_key="user.uin", index=True, sa_type=BigId)
    verdict: Verdict | None = Field(default=None, sa_type=choice(Verdict))
    reason: str = Field(default="", max_length=rules.REASON_MOST)


async def get(session: AsyncSession, item_id: int, *, hold: bool = False) -> ReviewRow:
    """Find an item of any account, and hold it if wanted; for operators. Raises Refused."""
    query = select(ReviewRow).where(ReviewRow.id == item_id)
    row = (await session.exec(query.with_for_update() if hold else query)).first()
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


async def submit(  # noqa: PLR0913, PLR0917 - what is submitted, when, and under which terms
    session: AsyncSession,
    kind: ReviewKind,
    subject: Submitted,
    now: datetime,
    terms: Terms,
    region: Region | None = None,
) -> None:
    """Put a new or edited subject into the queue, in place of what waited for it before.

    Under automatic review it is approved at once, by nobody: `decided_by` stays empty.
    """
    await withdraw(session, kind, subject, now)
    subject.status, subject.reason = ReviewStatus.PENDING, ""
    subject.submitted_at, subject.decided_at = now, None
    item = ReviewRow(
        kind=kind,
        subject_id=subject.id,
        account_uin=subject.account_uin,
        region=region,
        submitted_at=now,
        due_at=rules.due(now, terms),
    )
    session.add(item)
    if terms.auto_review:
        _settle(item, subject, approved=True, reason="", now=now)
    await session.flush()


async def withdraw(
    session: AsyncSession, kind: ReviewKind, subject: Submitted, now: datetime
) -> None:
    """Take a subject out of the queue without a decision; one that is not in it stays out."""
    statement = update(ReviewRow).where(
        col(ReviewRow.kind) == kind,
        col(ReviewRow.subject_id) == subject.id,
        col(ReviewRow.decided_at).is_(None),
    )
    left = {"decided_at": now, "verdict": Verdict.WITHDRAWN}
    await session.exec(statement.values(**left, claimed_by=None, claimed_until=None))


async def decide(  # noqa: PLR0913 - what is decided, how, by whom and when
    session: AsyncSession,
    item_id: int,
    subject: Submitted,
    *,
    approved: bool,
    reason: str,
    decided_by: int,
    now: datetime,
) -> ReviewRow:
    """Decide an item once and for all.

    Raises Refused, with CONFLICT when it has left the queue or another operator has claimed it.
    The caller holds `subject`. Whoever decides, edits or deletes holds it first, so they come one
    after another; whoever claims holds the item alone, so that is held here, too.
    """
    query = select(ReviewRow).where(ReviewRow.id == item_id).with_for_update()
    item = (await session.exec(query.execution_options(populate_existing=True))).one()
    await check_open(session, item, decided_by, now)
    _settle(item, subject, approved=approved, reason=reason, now=now)
    item.decided_by = decided_by
    return item


async def check_open(session: AsyncSession, item: ReviewRow, operator: int, now: datetime) -> None:
    """Raise Refused (CONFLICT) unless an item waits and no other operator has claimed it."""
    if item.verdict is Verdict.WITHDRAWN:
        message = (
            f"the applicant changed or deleted this {item.kind} meanwhile: read the queue again"
        )
    elif item.decided_at is not None:
        message = f"this {item.kind} was {item.verdict} already: read the queue again"
    elif item.claimed_by in {None, operator} or not item.claimed_until or item.claimed_until <= now:
        return
    else:
        holder = await users.get(session, item.claimed_by or 0)
        name = quoted(holder.name if holder else str(item.claimed_by))
        until = item.claimed_until.isoformat(timespec="seconds")
        message = f'{name} has claimed this {item.kind} until "{until}": choose another one'
    raise Refused.one(Code.CONFLICT, message, "id")


def _settle(
    item: ReviewRow, subject: Submitted, *, approved: bool, reason: str, now: datetime
) -> None:
    status, reason = rules.decide(item.kind, subject.status, approved=approved, reason=reason)
    item.verdict = Verdict.APPROVED if approved else Verdict.REJECTED
    subject.status, subject.reason, subject.decided_at = status, reason, now
    item.reason, item.decided_at = reason, now
    item.claimed_by = item.claimed_until = None


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
