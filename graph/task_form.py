"""The forms of a bulk task: what it is created with, what may change, and the consent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import strawberry

from db import account as accounts
from db import application as applications
from db import signature as signatures
from db import template as templates
from db.review import Reviewed
from db.session import AsyncSession
from db.signature import SignatureRow
from db.task import BulkTaskRow
from db.template import TemplateRow
from domain import task_form as rules
from domain.consent import Consent
from domain.errors import Code, Problem, Refused
from domain.region import Region
from domain.task_form import Draft, Part, Sender
from graph.context import Context
from graph.long import Long
from graph.node import encode, key_of
from graph.task_status import UnknownPolicy

_SCHEDULED = (
    "When to begin, up to one month ahead, to the second; marketing between 08:00 and 22:00 of "
    "the account's zone."
)
_UNKNOWN = "What becomes of messages that were sent and never answered."
_SIGNATURE = (
    "An approved signature of the template's region. Left out, Mainland China SMS takes the first "
    "approved one, and Global SMS has none."
)


@strawberry.input(description="What to create a bulk task with.")
class BulkTaskCreateInput:
    """The form of the guide, but for the recipients."""

    name: str = strawberry.field(description="1 to 60 characters.")
    application_id: strawberry.ID = strawberry.field(description="The application to send from.")
    template_id: strawberry.ID = strawberry.field(
        description="An approved template; its region and type are the task's."
    )
    signature_id: strawberry.ID | None = strawberry.field(default=None, description=_SIGNATURE)
    scheduled_at: datetime | None = strawberry.field(
        default=None, description=f"{_SCHEDULED} Null sends at once, on consent."
    )
    unknown_messages: UnknownPolicy = strawberry.field(
        default=UnknownPolicy.RESEND, description=_UNKNOWN
    )


@strawberry.input(
    description="What to change of a bulk task; what is left out stays. Application, template and "
    "signature change only before recipients are given."
)
class BulkTaskUpdateInput:
    """The form of the guide, but for the recipients."""

    name: str | None = strawberry.field(default=None, description="1 to 60 characters.")
    application_id: strawberry.ID | None = strawberry.field(
        default=None, description="The application to send from."
    )
    template_id: strawberry.ID | None = strawberry.field(
        default=None, description="An approved template; its region and type become the task's."
    )
    signature_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        default=None, description=f"{_SIGNATURE} Null does the same."
    )
    scheduled_at: strawberry.Maybe[datetime | None] = strawberry.field(
        default=None, description=f"{_SCHEDULED} Null sends at once, on consent."
    )
    unknown_messages: UnknownPolicy | None = strawberry.field(default=None, description=_UNKNOWN)

    @property
    def changes_parts(self) -> bool:
        """Whether recipients would have to be checked anew."""
        parts = (self.application_id, self.template_id, self.signature_id)
        return any(part is not None for part in parts)

    def merged(self, row: BulkTaskRow) -> BulkTaskCreateInput:
        """Give the whole form as it would be after the change."""
        kept = encode("Signature", row.signature_id) if row.signature_id else None
        return BulkTaskCreateInput(
            name=row.name if self.name is None else self.name,
            application_id=self.application_id or encode("Application", row.app_id),
            template_id=self.template_id or encode("Template", row.template_id),
            signature_id=kept if self.signature_id is None else self.signature_id.value,
            scheduled_at=(
                row.scheduled_at if self.scheduled_at is None else self.scheduled_at.value
            ),
            unknown_messages=self.unknown_messages or row.unknown_policy,
        )


@strawberry.input(description="The consent to the fee, as it was shown.")
class BulkTaskStartInput:
    """Nobody consents to a fee that changed since it was shown."""

    consent: bool = strawberry.field(description="Whether the user agrees to the fee.")
    expected_segments: int = strawberry.field(description="`segments` as it was shown.")
    expected_amount_micros: Long | None = strawberry.field(
        default=None, description="`fee.amountMicros` as it was shown; for Global SMS."
    )

    def given(self) -> Consent:
        """Take it as the rules do."""
        return Consent(self.consent, self.expected_segments, self.expected_amount_micros)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a form names, found in the caller's account, and the checked rest of it."""

    app_id: int
    template: TemplateRow
    signature: SignatureRow | None
    unknown_policy: UnknownPolicy
    draft: Draft

    def columns(self) -> dict[str, Any]:
        """Give what a task's row takes from them."""
        return {
            "name": self.draft.name,
            "scheduled_at": self.draft.scheduled_at,
            "app_id": self.app_id,
            "template_id": self.template.id,
            "region": self.template.region,
            "sms_type": self.template.sms_type,
            "signature_id": self.signature.id if self.signature else None,
            "unknown_policy": self.unknown_policy,
        }


async def read(session: AsyncSession, context: Context, form: BulkTaskCreateInput) -> Parts:
    """Find what a form names and check it; raises Refused with everything that is wrong."""
    owner = context.owner
    problems: list[Problem] = []
    app = await applications.owned(session, owner, key_of(form.application_id, "Application"))
    if app is None:
        problems.append(_absent("application"))
    template = await templates.owned(session, owner, key_of(form.template_id, "Template"))
    if template is None:
        problems.append(_absent("template"))
    signature = None
    if form.signature_id is not None:
        key = key_of(form.signature_id, "Signature")
        signature = await signatures.owned(session, owner, key)
        if signature is None:
            problems.append(_absent("signature"))
    elif template is not None and template.region is Region.MAINLAND:
        signature = await signatures.first_approved(session, owner, template.region)
    if app is None or template is None or problems:
        raise Refused(*problems)
    sender = await accounts.get(session, owner)
    if sender is None:
        raise LookupError(f"account {owner} is gone")
    draft = rules.draft(
        name=form.name,
        scheduled_at=form.scheduled_at,
        template=_part(template),
        sms_type=template.sms_type,
        signature=_part(signature) if signature else None,
        sender=Sender(sender.identity, ZoneInfo(sender.time_zone)),
        now=context.now,
        terms=context.terms,
    )
    return Parts(app.id, template, signature, form.unknown_messages, draft)


def _part(row: Reviewed) -> Part:
    return Part(row.region, row.status)


def _absent(what: str) -> Problem:
    return Problem(Code.NOT_FOUND, f"there is no such {what}", (f"{what}_id",))
