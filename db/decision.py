"""An operator's decision and all that follows from it, whatever is decided (REV-1)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from db import restore as restores
from db import review as reviews
from db import signature as signatures
from db import template as templates
from db import unsubscription_removal as removals
from db import verification as verifications
from db.review import ReviewKind, ReviewRow
from domain.terms import Terms


async def _nothing(_session: AsyncSession, _subject: Any, _now: datetime, _terms: Terms) -> None:
    """Leave it at the subject's own state."""


@dataclass(frozen=True, slots=True)
class _Steps:
    """How subjects of one kind are held for a decision, and what follows from it.

    To hold the subject first orders decisions among each other and with edits.
    """

    hold: Callable[[AsyncSession, int], Awaitable[Any]]
    settle: Callable[[AsyncSession, Any, datetime, Terms], Awaitable[None]] = _nothing


_STEPS: Final[Mapping[ReviewKind, _Steps]] = {
    ReviewKind.SIGNATURE: _Steps(signatures.reviewed),
    ReviewKind.TEMPLATE: _Steps(templates.reviewed),
    ReviewKind.IDENTITY: _Steps(verifications.reviewed, verifications.settle),
    ReviewKind.RESTORE: _Steps(restores.reviewed, restores.settle),
    ReviewKind.UNSUBSCRIPTION: _Steps(removals.reviewed, removals.settle),
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an operator says: to approve, or to reject for a reason."""

    approved: bool
    reason: str
    operator: int


async def decide(
    session: AsyncSession, item_id: int, ruling: Ruling, now: datetime, terms: Terms
) -> ReviewRow:
    """Decide an item once, and do what follows from that; raises Refused."""
    item = await reviews.get(session, item_id)
    steps = _STEPS[item.kind]
    subject = await steps.hold(session, item.subject_id)
    row = await reviews.decide(
        session,
        item.id,
        subject,
        approved=ruling.approved,
        reason=ruling.reason,
        decided_by=ruling.operator,
        now=now,
    )
    await steps.settle(session, subject, now, terms)
    return row
