"""What everything that is reviewed shows of its review (SIG-4, TPL-4, REV-2)."""

from collections.abc import Sequence
from datetime import datetime

import strawberry
from strawberry.dataloader import DataLoader

from db import review as reviews
from db.review import ReviewKind, ReviewRow, Submitted
from db.review import Verdict as ReviewVerdict
from domain import review as rules
from domain.review import ReviewStatus
from domain.terms import Terms
from graph.context import Context
from graph.enums import publish
from graph.node import Node
from graph.region import Region

__all__ = [
    "Review",
    "ReviewStatus",
    "ReviewVerdict",
    "Reviewable",
    "expected_decision",
    "histories",
]

publish(
    ReviewStatus,
    name="ReviewStatus",
    description="Where something submitted for review stands.",
    values={
        "PENDING": "It waits for an operator's decision.",
        "APPROVED": "It counts: it may be sent with, and can no longer be edited.",
        "REJECTED": "It does not count; `reason` says why. What can be edited is submitted again.",
    },
)
publish(
    ReviewVerdict,
    name="ReviewVerdict",
    description="How a submission left the review queue.",
    values={
        "APPROVED": "It was approved.",
        "REJECTED": "It was rejected, for a reason.",
        "WITHDRAWN": "It was edited or deleted before anybody decided.",
    },
)


@strawberry.type(description="One submission for review and what came of it.")
class Review:
    """What an account sees of the history; which operator decided is not its business."""

    submitted_at: datetime = strawberry.field(description="When it was submitted.")
    verdict: ReviewVerdict | None = strawberry.field(description="Null while it waits.")
    reason: str = strawberry.field(description="Why it was rejected; else empty.")
    decided_at: datetime | None = strawberry.field(description="When it left the queue.")
    automatic: bool = strawberry.field(
        description="Whether a sandbox's automatic review approved it, and no operator."
    )

    @classmethod
    def of(cls, row: ReviewRow) -> "Review":
        """Show a row."""
        return cls(
            submitted_at=row.submitted_at,
            verdict=row.verdict,
            reason=row.reason,
            decided_at=row.decided_at,
            automatic=row.verdict is ReviewVerdict.APPROVED and row.decided_by is None,
        )


Histories = DataLoader[int, Sequence[ReviewRow]]


def histories(context: Context, kind: ReviewKind) -> Histories:
    """Load the history of every object on a page in one statement."""

    async def load(subject_ids: list[int]) -> list[Sequence[ReviewRow]]:
        async with context.database.read() as session:
            found = await reviews.history(session, kind, subject_ids)
        return [found[subject_id] for subject_id in subject_ids]

    return DataLoader(load)


def expected_decision(row: Submitted, terms: Terms) -> datetime | None:
    """Say by when a decision is expected; None once there is one."""
    if row.status is not ReviewStatus.PENDING:
        return None
    return rules.due(row.submitted_at, terms)


@strawberry.interface(description="Something that operators review before it counts.")
class Reviewable(Node):
    """What signatures, templates and requests have in common."""

    region: Region | None = strawberry.field(
        description="Where it is for; null for what has no region."
    )
    status: ReviewStatus = strawberry.field(description="Where its review stands.")
    reason: str = strawberry.field(description="Why it was rejected; else empty.")
    created_at: datetime = strawberry.field(description="When it was first applied for.")
    submitted_at: datetime = strawberry.field(description="When it was last submitted for review.")
    expected_decision_at: datetime | None = strawberry.field(
        description="By when operators mean to decide; null once they have."
    )
    decided_at: datetime | None = strawberry.field(description="When it was approved or rejected.")
    key: strawberry.Private[int]
    histories: strawberry.Private[Histories]

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="Its submissions, newest first, the last 20 at most."
    )
    async def reviews(self) -> list[Review]:
        """Load them together with those of the page's other objects."""
        return [Review.of(row) for row in await self.histories.load(self.key)]
