"""What operators do about the queue: claim, release, approve, reject (REV-1)."""

from typing import Annotated

import strawberry

from db import decision, review_queue
from db.decision import Ruling
from graph.context import Context, Info
from graph.guard import mutation
from graph.node import key_of
from graph.payload import Payload
from graph.review_item import ReviewItem, show
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The review item's id.")]


@strawberry.input(description="Why something is rejected.")
class ReviewRejectInput:
    """The reason."""

    reason: str = strawberry.field(
        description="1 to 500 characters, shown to the applicant; `reviewReasons` offers some."
    )


@strawberry.type(description="The answer to a decision or a claim.")
class ReviewPayload(Payload):
    """The item as it stands afterwards."""

    review_item: ReviewItem | None = strawberry.field(
        default=None, description="The item; null when nothing was done."
    )


@strawberry.type
class ReviewMutation:
    """Root fields that decide."""

    @mutation(actions.DECIDE_REVIEW)
    async def review_claim(self, info: Info, id: Id) -> ReviewPayload:  # noqa: A002 - the schema's name
        """Claim what waits, so that nobody else decides it for 15 minutes; again to go on."""
        context = info.context
        async with context.change() as session:
            row = await review_queue.claim(
                session,
                key_of(id, "ReviewItem"),
                context.caller.uin,
                context.now,
                context.terms.review_lease,
            )
            shown = await show(context, session, [row])
        return ReviewPayload(review_item=shown[0])

    @mutation(actions.DECIDE_REVIEW)
    async def review_release(self, info: Info, id: Id) -> ReviewPayload:  # noqa: A002 - the schema's name
        """Leave what one has claimed to others."""
        context = info.context
        async with context.change() as session:
            row = await review_queue.release(
                session, key_of(id, "ReviewItem"), context.caller.uin, context.now
            )
            shown = await show(context, session, [row])
        return ReviewPayload(review_item=shown[0])

    @mutation(actions.DECIDE_REVIEW)
    async def review_approve(self, info: Info, id: Id) -> ReviewPayload:  # noqa: A002 - the schema's name
        """Approve what waits, at once in force; nobody else may have claimed it."""
        return await _decide(info.context, id, approved=True, reason="")

    @mutation(actions.DECIDE_REVIEW)
    async def review_reject(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            ReviewRejectInput, strawberry.argument(description="The reason.")
        ],
    ) -> ReviewPayload:
        """Reject what waits, for a reason; the applicant may mend and submit it again."""
        return await _decide(info.context, id, approved=False, reason=input.reason)


async def _decide(context: Context, id: str, *, approved: bool, reason: str) -> ReviewPayload:  # noqa: A002 - the schema's name
    ruling = Ruling(approved, reason, context.caller.uin)
    async with context.change() as session:
        row = await decision.decide(
            session, key_of(id, "ReviewItem"), ruling, context.now, context.terms
        )
        shown = await show(context, session, [row])
    return ReviewPayload(review_item=shown[0])
