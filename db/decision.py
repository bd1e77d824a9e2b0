"""An operator's decision and all that follows from it, whatever is decided (REV-1, REV-3)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from db import account as accounts
from db import alarm
from db import restorable as restorables
from db import restore as restores
from db import review as reviews
from db import signature as signatures
from db import template as templates
from db import unsubscription as unsubscriptions
from db import unsubscription_removal as removals
from db import verification as verifications
from db.restore import RestoreRow
from db.review import ReviewKind, ReviewRow, Verdict
from db.signature import SignatureRow
from db.template import TemplateRow
from db.unsubscription_removal import RemovalRow
from db.verification import VerificationRow
from domain.alarm import AlarmEvent
from domain.terms import Terms

LAST_DIGITS: Final = 4


async def _signature(_session: AsyncSession, subject: SignatureRow) -> str:
    return subject.content


async def _template(_session: AsyncSession, subject: TemplateRow) -> str:
    return subject.name


async def _identity(session: AsyncSession, subject: VerificationRow) -> str:
    # Not the name on the document: what is told leaves the console.
    return (await accounts.existing(session, subject.account_uin)).name


async def _restore(session: AsyncSession, subject: RestoreRow) -> str:
    found = await restorables.among(session, [subject.restorable_id])
    return found[subject.restorable_id].name


async def _unsubscription(session: AsyncSession, subject: RemovalRow) -> str:
    found = await unsubscriptions.among(session, [subject.unsubscription_id])
    return f"*{found[subject.unsubscription_id].phone[-LAST_DIGITS:]}"


async def _nothing(_session: AsyncSession, _subject: Any, _now: datetime, _terms: Terms) -> None:
    """Leave it at the subject's own state."""


@dataclass(frozen=True, slots=True)
class _Steps:
    """How subjects of one kind are held for a decision, named, and what follows from it.

    To hold the subject first orders decisions among each other and with edits.
    """

    hold: Callable[[AsyncSession, int], Awaitable[Any]]
    name: Callable[[AsyncSession, Any], Awaitable[str]]
    settle: Callable[[AsyncSession, Any, datetime, Terms], Awaitable[None]] = _nothing


_STEPS: Final[Mapping[ReviewKind, _Steps]] = {
    ReviewKind.SIGNATURE: _Steps(signatures.reviewed, _signature),
    ReviewKind.TEMPLATE: _Steps(templates.reviewed, _template),
    ReviewKind.IDENTITY: _Steps(verifications.reviewed, _identity, verifications.settle),
    ReviewKind.RESTORE: _Steps(restores.reviewed, _restore, restores.settle),
    ReviewKind.UNSUBSCRIPTION: _Steps(removals.reviewed, _unsubscription, removals.settle),
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
    """Decide an item once, do what follows from that, and tell the contacts; raises Refused.

    What automatic review approves is no decision that anybody waits for, and is not told (REV-3).
    """
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
    await alarm.raise_alarm(
        session,
        account_uin=row.account_uin,
        event=AlarmEvent.REVIEW_RESULT,
        subject=f"review:{row.id}",
        facts={
            "kind": row.kind,
            "name": await steps.name(session, subject),
            "verdict": Verdict.APPROVED if ruling.approved else Verdict.REJECTED,
            "reason": row.reason,
        },
        now=now,
    )
    return row
