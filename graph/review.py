"""The operators' queue, its history, and how it stands against the target (REV-1, REV-2)."""

from datetime import datetime
from typing import Annotated

import strawberry

from db import review as reviews
from db import review_queue as queues
from db.review import ReviewKind
from db.review_queue import Claims, ClaimState, History, Measured, Queue
from domain import review as rules
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Info
from graph.counter import counter
from graph.enums import publish
from graph.guard import query
from graph.limits import PAGE
from graph.moment import moment
from graph.node import key_of
from graph.region import Region
from graph.review_item import RejectReason, ReviewItem, show
from graph.reviewed import ReviewVerdict
from graph.uin import uin_of
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The review item's id.")]
Kind = Annotated[ReviewKind | None, strawberry.argument(description="Only what is of this kind.")]

publish(
    ClaimState,
    name="ReviewClaim",
    description="Whose work an item of the queue is.",
    values={
        "UNCLAIMED": "Nobody holds it: it was not claimed, or `claimedUntil` is over.",
        "MINE": "The caller has claimed it.",
    },
)


@strawberry.input(description="Which decided items to list; what is left out does not matter.")
class ReviewHistoryFilter:
    """Narrow a history."""

    kind: ReviewKind | None = strawberry.field(
        default=None, description="Only what was of this kind."
    )
    verdict: ReviewVerdict | None = strawberry.field(
        default=None, description="Only what was decided like this."
    )
    operator: str | None = strawberry.field(
        default=None, description="Only what the operator of this uin decided."
    )
    decided_from: datetime | None = strawberry.field(
        default=None, description="Decided then or later."
    )
    decided_until: datetime | None = strawberry.field(
        default=None, description="Decided before then."
    )

    def listing(self) -> History:
        """Read uin and times; raises BadUserInput."""
        return History(
            self.kind,
            self.verdict,
            uin_of(self.operator, "operator"),
            moment(self.decided_from, "decidedFrom"),
            moment(self.decided_until, "decidedUntil"),
        )


@strawberry.type(description="How the review stands against its target, in open review hours.")
class ReviewTarget:
    """What waits, and what operators decided within the last seven days."""

    pending: int = strawberry.field(description="How many items wait.")
    overdue: int = strawberry.field(
        description="How many of them wait for longer than they should."
    )
    oldest_submitted_at: datetime | None = strawberry.field(
        description="When the oldest of them was submitted; null when none waits."
    )
    decided_last_7_days: int = strawberry.field(
        description="How many items operators decided within the last seven days."
    )
    within_target: int = strawberry.field(description="How many of these were decided in time.")
    share: float | None = strawberry.field(
        description="Their share, 0 to 1; null when none was decided."
    )

    @classmethod
    def of(cls, found: Measured) -> "ReviewTarget":
        """Show what was measured."""
        return cls(
            pending=found.pending,
            overdue=found.overdue,
            oldest_submitted_at=found.oldest,
            decided_last_7_days=found.decided,
            within_target=found.in_time,
            share=found.in_time / found.decided if found.decided else None,
        )


@strawberry.type
class ReviewQuery:
    """Root fields of the review."""

    @query(actions.DESCRIBE_REVIEW_QUEUE)
    async def review_item(self, info: Info, id: Id) -> ReviewItem | None:  # noqa: A002 - the schema's name
        """One submission, decided or not."""
        key = key_of(id, "ReviewItem")
        async with info.context.database.read() as session:
            row = await reviews.get(session, key)
            return (await show(info.context, session, [row]))[0]

    @query(actions.DESCRIBE_REVIEW_QUEUE)
    async def review_queue(  # noqa: PLR0913, PLR0917 - one argument each in the schema
        self,
        info: Info,
        kind: Kind = None,
        region: Annotated[
            Region | None, strawberry.argument(description="Only what is for this region.")
        ] = None,
        account_uin: Annotated[
            str | None, strawberry.argument(description="Only what the account of this uin wants.")
        ] = None,
        claim: Annotated[
            ClaimState | None, strawberry.argument(description="Only what is whose work.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[ReviewItem] | None:
        """What waits for a decision, of every account, oldest first."""
        context = info.context
        page = page_request(first, after, datetime)
        claims = Claims(claim, context.caller.uin, context.now) if claim else None
        listing = Queue(kind, region, uin_of(account_uin, "accountUin"), claims)
        async with context.database.read() as session:
            found = await queues.page(session, listing, first=page.first, after=page.after)
            items = await show(context, session, found.rows)
        return connect(
            items,
            [(row.submitted_at, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, queues.count, listing),
        )

    @query(actions.DESCRIBE_REVIEW_HISTORY)
    async def review_history(
        self,
        info: Info,
        where: Annotated[
            ReviewHistoryFilter | None, strawberry.argument(description="Which items to list.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[ReviewItem] | None:
        """What has left the queue, of every account, last decided first."""
        context = info.context
        page = page_request(first, after, datetime)
        listing = (where or ReviewHistoryFilter()).listing()
        async with context.database.read() as session:
            found = await queues.decided(session, listing, first=page.first, after=page.after)
            items = await show(context, session, found.rows)
        return connect(
            items,
            [(row.decided_at or context.now, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, queues.count, listing),
        )

    @query(actions.DESCRIBE_REVIEW_QUEUE)
    async def review_target(self, info: Info) -> ReviewTarget | None:
        """Whether submissions are decided in time: within two open review hours by default."""
        async with info.context.database.read() as session:
            return ReviewTarget.of(await queues.measure(session, info.context.now))

    @query(actions.DESCRIBE_REVIEW_QUEUE)
    async def review_reasons(self, info: Info) -> list[RejectReason] | None:
        """Reasons that reviewers give often, to choose from and to complete."""
        del info
        return [RejectReason(key=each.key, text=each.text) for each in rules.REJECT_REASONS]
