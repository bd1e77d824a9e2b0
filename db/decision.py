"""An operator's decision and all that follows from it, whatever is decided (REV-1)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from db import review as reviews
from db import signature as signatures
from db import template as templates
from db.review import ReviewKind, ReviewRow

Hold = Callable[[AsyncSession, int], Awaitable[Any]]

# Each holds its subject first: that orders decisions among each other and with edits.
_HOLD: Final[Mapping[ReviewKind, Hold]] = {
    ReviewKind.SIGNATURE: signatures.reviewed,
    ReviewKind.TEMPLATE: templates.reviewed,
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an operator says: to approve, or to reject for a reason."""

    approved: bool
    reason: str
    operator: int


async def decide(session: AsyncSession, item_id: int, ruling: Ruling, now: datetime) -> ReviewRow:
    """Decide an item once, and do what its approval brings about; raises Refused."""
    item = await reviews.get(session, item_id)
    subject = await _HOLD[item.kind](session, item.subject_id)
    return await reviews.decide(
        session,
        item.id,
        subject,
        approved=ruling.approved,
        reason=ruling.reason,
        decided_by=ruling.operator,
        now=now,
    )
