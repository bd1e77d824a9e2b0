"""The form that a dump is ordered with (STA-8)."""

from datetime import date
from typing import Any, Final

import strawberry

from db import statistic as statistics
from domain import dump as rules
from domain import number
from domain.dump import DAYS_MOST, DumpKind
from domain.errors import Code, Problem, Refused
from graph.context import Context
from graph.message_status import MessageStatus
from graph.node import key_of_any
from graph.region import Region

_ONLY_RECORDS: Final = ("bulk_task_id", "state")


@strawberry.input(description="What to dump; what is left out does not narrow.")
class DumpOrderInput:
    """Kind, region and days, narrowed by the rest."""

    kind: DumpKind = strawberry.field(default=DumpKind.RECORDS, description="What of them.")
    region: Region = strawberry.field(description="Where the numbers are registered.")
    first: date = strawberry.field(
        name="from", description="The first day, in the account's time zone."
    )
    last: date = strawberry.field(
        name="to",
        description=f"The last day; at most {DAYS_MOST} days in all. What comes after the order is "
        "not in it.",
    )
    phone: str | None = strawberry.field(
        default=None, description="Only of this number, however it is written."
    )
    application_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only of this application, also of a deleted one."
    )
    template_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only of this body template, also of a deleted one."
    )
    bulk_task_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only of this bulk task; not for replies."
    )
    state: MessageStatus | None = strawberry.field(
        default=None, description="Only messages in this state; not for replies."
    )

    async def columns(self, context: Context) -> dict[str, Any]:
        """Read the columns of an order; raises WrongId, and Refused with every mistake in it."""
        async with context.database.read() as session:
            zone = await statistics.zone_of(session, context.owner)
        problems = [
            Problem(Code.INVALID, "replies are not narrowed by it: leave it out", (name,))
            for name in _ONLY_RECORDS
            if self.kind is DumpKind.REPLIES and getattr(self, name) is not None
        ]
        phone = None if self.phone is None else number.parse(self.phone, self.region)
        if isinstance(phone, Problem):
            problems.append(Problem(phone.code, phone.message, ("phone",)))
        try:
            start, end = rules.time_of(self.first, self.last, context.now, zone)
        except Refused as refusal:
            raise Refused(*problems, *refusal.problems) from None
        if problems or isinstance(phone, Problem):
            raise Refused(*problems)
        return {
            "kind": self.kind,
            "region": self.region,
            "start": start,
            "end": end,
            "phone": phone.e164 if phone else None,
            "app_id": key_of_any(self.application_id, "Application"),
            "template_id": key_of_any(self.template_id, "Template"),
            "task_id": key_of_any(self.bulk_task_id, "BulkTask"),
            "state": self.state,
        }
