"""What operators see of a submission: its subject, its applicant, who works on it (REV-1)."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import strawberry

from db import restore as restores
from db import review as reviews
from db import signature as signatures
from db import template as templates
from db import unsubscription_removal as removals
from db import user as users
from db import verification as verifications
from db.account import AccountRow
from db.review import ReviewKind, ReviewRow
from db.session import AsyncSession
from db.user import UserRow
from graph import restore, signature, template, unsubscription, verification
from graph.account import Account
from graph.context import Context
from graph.enums import publish
from graph.node import Node, encode
from graph.reviewed import Reviewable, ReviewVerdict

publish(
    ReviewKind,
    name="ReviewKind",
    description="What is reviewed.",
    values={
        "SIGNATURE": "A signature.",
        "TEMPLATE": "A body template.",
        "IDENTITY": "Who an account is.",
        "RESTORE": "Bringing back what an account deleted.",
        "UNSUBSCRIPTION": "Letting a number that unsubscribed get messages again.",
    },
)


@dataclass(frozen=True, slots=True)
class _Subjects:
    """How the subjects of one kind are found for a page, and shown."""

    among: Callable[..., Awaitable[Mapping[int, Any]]]
    show: Callable[[Context, Iterable[Any]], Sequence[Reviewable]]


_SUBJECTS: Final = {
    ReviewKind.SIGNATURE: _Subjects(signatures.among, signature.show),
    ReviewKind.TEMPLATE: _Subjects(templates.among, template.show),
    ReviewKind.IDENTITY: _Subjects(verifications.among, verification.show),
    ReviewKind.RESTORE: _Subjects(restores.among, restore.show),
    ReviewKind.UNSUBSCRIPTION: _Subjects(removals.among, unsubscription.show_removals),
}


@strawberry.type(description="An operator who reviews.")
class Reviewer:
    """What one operator sees of another."""

    uin: str = strawberry.field(description="The operator's number.")
    name: str = strawberry.field(description="The name the operator signs in with.")

    @classmethod
    def of(cls, row: UserRow) -> "Reviewer":
        """Show a row."""
        return cls(uin=str(row.uin), name=row.name)


@strawberry.type(description="One submission that an operator decides.")
class ReviewItem(Node):
    """Everything a reviewer needs."""

    kind: ReviewKind = strawberry.field(description="What is reviewed.")
    subject: Reviewable | None = strawberry.field(
        description="What is decided as it stands now, its files and its history; null once it "
        "is gone for good."
    )
    account: Account = strawberry.field(description="The applicant and its identity.")
    submitted_at: datetime = strawberry.field(description="When it was submitted.")
    due_at: datetime = strawberry.field(
        description="By when a decision was expected, by the review hours of that day."
    )
    claimed_by: Reviewer | None = strawberry.field(
        description="Who works on it and alone may decide it; null when anybody may."
    )
    claimed_until: datetime | None = strawberry.field(
        description="When that ends by itself; null when nobody has claimed it."
    )
    verdict: ReviewVerdict | None = strawberry.field(description="Null while it waits.")
    reason: str = strawberry.field(description="Why it was rejected; else empty.")
    decided_at: datetime | None = strawberry.field(description="When it left the queue.")
    decided_by: Reviewer | None = strawberry.field(
        description="The operator; null while it waits, and when nobody decided."
    )


@strawberry.type(description="A reason that reviewers give often.")
class RejectReason:
    """An entry of the catalogue."""

    key: str = strawberry.field(description="Its name, which never changes.")
    text: str = strawberry.field(description="What to tell the applicant.")


async def show(
    context: Context, session: AsyncSession, rows: Sequence[ReviewRow]
) -> list[ReviewItem]:
    """Show items of whatever accounts, in a bounded number of statements."""
    subjects: dict[tuple[ReviewKind, int], Reviewable] = {}
    for kind, of_kind in _SUBJECTS.items():
        wanted = {row.subject_id for row in rows if row.kind is kind}
        if wanted:
            found = await of_kind.among(session, wanted)
            shown = of_kind.show(context, found.values())
            subjects |= {(kind, subject.key): subject for subject in shown}
    accounts = await reviews.applicants(session, {row.account_uin for row in rows})
    named = {uin for row in rows for uin in (row.claimed_by, row.decided_by) if uin is not None}
    operators = await users.among(session, named)
    return [
        _item(row, subjects.get((row.kind, row.subject_id)), accounts, operators, context.now)
        for row in rows
    ]


def _item(
    row: ReviewRow,
    subject: Reviewable | None,
    accounts: Mapping[int, AccountRow],
    operators: Mapping[int, UserRow],
    now: datetime,
) -> ReviewItem:
    claimed = row.claimed_until is not None and row.claimed_until > now
    holder = operators.get(row.claimed_by or 0) if claimed else None
    decider = operators.get(row.decided_by or 0)
    return ReviewItem(
        id=encode("ReviewItem", row.id),
        kind=row.kind,
        subject=subject,
        account=Account.of(accounts[row.account_uin]),
        submitted_at=row.submitted_at,
        due_at=row.due_at,
        claimed_by=Reviewer.of(holder) if holder else None,
        claimed_until=row.claimed_until if claimed else None,
        verdict=row.verdict,
        reason=row.reason,
        decided_at=row.decided_at,
        decided_by=Reviewer.of(decider) if decider else None,
    )
