"""The operators' queue, who works on what in it, and how it was worked off (REV-1, REV-2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlmodel import and_, case, col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db import review as reviews
from db.page import Key, Order, Slice
from db.review import ReviewKind, ReviewRow, Verdict
from domain.region import Region

MEASURED: Final = timedelta(days=7)


class ClaimState(StrEnum):
    """Whose work an open item is."""

    UNCLAIMED = "unclaimed"
    MINE = "mine"


@dataclass(frozen=True, slots=True)
class Claims:
    """What an operator sees of the claims that hold now."""

    state: ClaimState
    operator: int
    now: datetime

    def condition(self) -> Any:
        """Give the SQL condition; a claim that has run out holds no longer."""
        held = and_(col(ReviewRow.claimed_by).is_not(None), col(ReviewRow.claimed_until) > self.now)
        if self.state is ClaimState.MINE:
            return and_(held, col(ReviewRow.claimed_by) == self.operator)
        return or_(col(ReviewRow.claimed_by).is_(None), col(ReviewRow.claimed_until) <= self.now)


@dataclass(frozen=True, slots=True)
class Queue:
    """Which open items a queue shows."""

    kind: ReviewKind | None = None
    region: Region | None = None
    account_uin: int | None = None
    claims: Claims | None = None

    def query(self) -> SelectOfScalar[ReviewRow]:
        """Put the conditions together; pages and counts share them."""
        query = select(ReviewRow).where(col(ReviewRow.decided_at).is_(None))
        if self.kind is not None:
            query = query.where(col(ReviewRow.kind) == self.kind)
        if self.region is not None:
            query = query.where(col(ReviewRow.region) == self.region)
        if self.account_uin is not None:
            query = query.where(ReviewRow.account_uin == self.account_uin)
        if self.claims is not None:
            query = query.where(self.claims.condition())
        return query


@dataclass(frozen=True, slots=True)
class History:
    """Which items that have left the queue a history shows."""

    kind: ReviewKind | None = None
    verdict: Verdict | None = None
    operator: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def query(self) -> SelectOfScalar[ReviewRow]:
        """Put the conditions together; pages and counts share them."""
        query = select(ReviewRow).where(col(ReviewRow.decided_at).is_not(None))
        if self.kind is not None:
            query = query.where(col(ReviewRow.kind) == self.kind)
        if self.verdict is not None:
            query = query.where(col(ReviewRow.verdict) == self.verdict)
        if self.operator is not None:
            query = query.where(col(ReviewRow.decided_by) == self.operator)
        if self.since is not None:
            query = query.where(col(ReviewRow.decided_at) >= self.since)
        if self.until is not None:
            query = query.where(col(ReviewRow.decided_at) < self.until)
        return query


@dataclass(frozen=True, slots=True)
class Measured:
    """How the queue stands against the target; what nobody decided does not count (REV-2)."""

    pending: int
    overdue: int
    oldest: datetime | None
    decided: int
    in_time: int


async def page(
    session: AsyncSession, listing: Queue, *, first: int, after: Key | None
) -> Slice[ReviewRow]:
    """List what waits, oldest first."""
    order = Order(col(ReviewRow.submitted_at), col(ReviewRow.id), descending=False)
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def decided(
    session: AsyncSession, listing: History, *, first: int, after: Key | None
) -> Slice[ReviewRow]:
    """List what has left the queue, last decided first."""
    order = Order(col(ReviewRow.decided_at), col(ReviewRow.id))
    return await pages.keyset(session, listing.query(), order, first=first, after=after)


async def count(session: AsyncSession, listing: Queue | History) -> int:
    """Count what a list shows in all."""
    return await pages.count(session, listing.query())


async def claim(
    session: AsyncSession, item_id: int, operator: int, now: datetime, lease: timedelta
) -> ReviewRow:
    """Hold an open item for one operator, or hold it on; raises Refused.

    CONFLICT says who else holds it, or that it has left the queue.
    """
    item = await reviews.get(session, item_id, hold=True)
    await reviews.check_open(session, item, operator, now)
    item.claimed_by, item.claimed_until = operator, now + lease
    return item


async def release(session: AsyncSession, item_id: int, operator: int, now: datetime) -> ReviewRow:
    """Leave an open item to others; raises Refused as `claim` does."""
    item = await reviews.get(session, item_id, hold=True)
    await reviews.check_open(session, item, operator, now)
    item.claimed_by = item.claimed_until = None
    return item


async def measure(session: AsyncSession, now: datetime) -> Measured:
    """Measure what waits, and what operators decided within the last seven days."""
    late = case((col(ReviewRow.due_at) < now, 1))
    waiting = select(func.count(), func.count(late), func.min(ReviewRow.submitted_at)).where(
        col(ReviewRow.decided_at).is_(None)
    )
    pending, overdue, oldest = (await session.exec(waiting)).one()
    in_time = case((col(ReviewRow.decided_at) <= col(ReviewRow.due_at), 1))
    settled = select(func.count(), func.count(in_time)).where(
        col(ReviewRow.decided_at) > now - MEASURED, col(ReviewRow.decided_by).is_not(None)
    )
    worked, timely = (await session.exec(settled)).one()
    return Measured(pending, overdue, oldest, worked, timely)
