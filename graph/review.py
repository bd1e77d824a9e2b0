"""The operators' queue and their decisions (REV-1, REV-2)."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import strawberry

from db import review as reviews
from db import signature as signatures
from db import template as templates
from db.review import Queue, Reviewed, ReviewKind, ReviewRow
from domain import review as rules
from graph import signature, template
from graph.account import Account
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Context, Info
from graph.enums import publish
from graph.errors import BadUserInput
from graph.guard import mutation, query
from graph.limits import PAGE
from graph.node import Node, encode, key_of
from graph.payload import Payload
from graph.region import Region
from graph.reviewed import Reviewable, ReviewVerdict
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The review item's id.")]
MAX_UIN_DIGITS: Final = 18

publish(
    ReviewKind,
    name="ReviewKind",
    description="What is reviewed.",
    values={"SIGNATURE": "A signature.", "TEMPLATE": "A body template."},
)


@dataclass(frozen=True, slots=True)
class _Subjects:
    """How the subjects of one kind are held for a decision, found for a page, and shown."""

    hold: Callable[..., Awaitable[Reviewed]]
    among: Callable[..., Awaitable[Mapping[int, Any]]]
    show: Callable[[Context, Iterable[Any]], Sequence[Reviewable]]


_SUBJECTS: Final = {
    ReviewKind.SIGNATURE: _Subjects(signatures.reviewed, signatures.among, signature.show),
    ReviewKind.TEMPLATE: _Subjects(templates.reviewed, templates.among, template.show),
}


@strawberry.type(description="One submission that an operator decides.")
class ReviewItem(Node):
    """Everything a reviewer needs."""

    kind: ReviewKind = strawberry.field(description="What is reviewed.")
    subject: Reviewable = strawberry.field(
        description="The signature or template as it stands now, its files and its history."
    )
    account: Account = strawberry.field(description="The applicant and its identity.")
    submitted_at: datetime = strawberry.field(description="When it was submitted.")
    verdict: ReviewVerdict | None = strawberry.field(description="Null while it waits.")
    reason: str = strawberry.field(description="Why it was rejected; else empty.")
    decided_at: datetime | None = strawberry.field(description="When it left the queue.")
    decided_by: str | None = strawberry.field(
        description="The uin of the operator; null while it waits, and when nobody decided."
    )


@strawberry.type(description="A reason that reviewers give often.")
class RejectReason:
    """An entry of the catalogue."""

    key: str = strawberry.field(description="Its name, which never changes.")
    text: str = strawberry.field(description="What to tell the applicant.")


@strawberry.input(description="Why something is rejected.")
class ReviewRejectInput:
    """The reason."""

    reason: str = strawberry.field(
        description="1 to 500 characters, shown to the applicant; `reviewReasons` offers some."
    )


@strawberry.type(description="The answer to a decision.")
class ReviewPayload(Payload):
    """The item as it stands after the decision."""

    review_item: ReviewItem | None = strawberry.field(
        default=None, description="The item; null when nothing was decided."
    )


async def _show(context: Context, session: Any, rows: Sequence[ReviewRow]) -> list[ReviewItem]:
    subjects: dict[tuple[ReviewKind, int], Reviewable] = {}
    for kind, of_kind in _SUBJECTS.items():
        wanted = {row.subject_id for row in rows if row.kind is kind}
        if wanted:
            found = await of_kind.among(session, wanted)
            shown = of_kind.show(context, found.values())
            subjects |= {(kind, subject.key): subject for subject in shown}
    accounts = await reviews.applicants(session, {row.account_uin for row in rows})
    return [
        ReviewItem(
            id=encode("ReviewItem", row.id),
            kind=row.kind,
            subject=subjects[row.kind, row.subject_id],
            account=Account.of(accounts[row.account_uin]),
            submitted_at=row.submitted_at,
            verdict=row.verdict,
            reason=row.reason,
            decided_at=row.decided_at,
            decided_by=None if row.decided_by is None else str(row.decided_by),
        )
        for row in rows
    ]


def _uin(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > MAX_UIN_DIGITS:
        raise BadUserInput(
            f'"account" must be a uin such as 12345678, not "{text[:40]}"', argument="account"
        )
    return int(text)


@strawberry.type
class ReviewQuery:
    """Root fields of the review."""

    @query(actions.DESCRIBE_REVIEW_QUEUE)
    async def review_item(self, info: Info, id: Id) -> ReviewItem | None:  # noqa: A002 - the schema's name
        """One submission, decided or not."""
        key = key_of(id, "ReviewItem")
        async with info.context.database.read() as session:
            row = await reviews.get(session, key)
            return (await _show(info.context, session, [row]))[0]

    @query(actions.DESCRIBE_REVIEW_QUEUE)
    async def review_queue(  # noqa: PLR0913, PLR0917 - one argument each in the schema
        self,
        info: Info,
        kind: Annotated[
            ReviewKind | None, strawberry.argument(description="Only what is of this kind.")
        ] = None,
        region: Annotated[
            Region | None, strawberry.argument(description="Only what is for this region.")
        ] = None,
        account: Annotated[
            str | None, strawberry.argument(description="Only what the account of this uin wants.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[ReviewItem] | None:
        """What waits for a decision, of every account, oldest first."""
        context = info.context
        page = page_request(first, after, datetime)
        listing = Queue(kind, region, _uin(account))
        async with context.database.read() as session:
            found = await reviews.queue(session, listing, first=page.first, after=page.after)
            items = await _show(context, session, found.rows)

        async def count() -> int:
            async with context.database.read() as session:
                return await reviews.count(session, listing)

        return connect(
            items,
            [(row.submitted_at, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=count,
        )

    @query(actions.DESCRIBE_REVIEW_QUEUE)
    async def review_reasons(self, info: Info) -> list[RejectReason] | None:
        """Reasons that reviewers give often, to choose from and to complete."""
        del info
        return [RejectReason(key=each.key, text=each.text) for each in rules.REJECT_REASONS]


@strawberry.type
class ReviewMutation:
    """Root fields that decide."""

    @mutation(actions.DECIDE_REVIEW)
    async def review_approve(self, info: Info, id: Id) -> ReviewPayload:  # noqa: A002 - the schema's name
        """Approve what waits; it can be sent with at once."""
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
        """Reject what waits, for a reason; the applicant may edit and submit it again."""
        return await _decide(info.context, id, approved=False, reason=input.reason)


async def _decide(context: Context, id: str, *, approved: bool, reason: str) -> ReviewPayload:  # noqa: A002 - the schema's name
    async with context.change() as session:
        item = await reviews.get(session, key_of(id, "ReviewItem"))
        subject = await _SUBJECTS[item.kind].hold(session, item.subject_id)
        row = await reviews.decide(
            session,
            item.id,
            subject,
            approved=approved,
            reason=reason,
            decided_by=context.caller.uin,
            now=context.now,
        )
        shown = await _show(context, session, [row])
    return ReviewPayload(review_item=shown[0])
