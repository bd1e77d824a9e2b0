"""Which records an export or a dump holds (STA-6, STA-8)."""

from datetime import datetime
from typing import Any

import strawberry

from domain import dump as rules
from domain import number
from domain.dump import DAYS_MOST
from domain.errors import Problem, Refused
from graph.context import Context
from graph.message_status import MessageStatus
from graph.moment import moment
from graph.node import key_of
from graph.region import Region


@strawberry.input(description="Which records a file is to hold; what is left out does not narrow.")
class RecordFileInput:
    """The filters of the Message Records page."""

    region: Region = strawberry.field(description="Where recipients are registered.")
    start: datetime = strawberry.field(
        name="from", description="Records of then or later: when a carrier answered, or the end."
    )
    end: datetime = strawberry.field(
        name="until",
        description=f"Records before then; at most {DAYS_MOST} days later. What is to come is not "
        "in the file.",
    )
    phone: str | None = strawberry.field(
        default=None, description="Only this number, however it is written."
    )
    application_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only of this application, also of a deleted one."
    )
    template_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only with this body template, also with a deleted one."
    )
    bulk_task_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only of this bulk task."
    )
    state: MessageStatus | None = strawberry.field(
        default=None, description="Only messages in this state."
    )

    def columns(self, context: Context) -> dict[str, Any]:
        """Read what is asked for, by the names of the rows; raises BadUserInput and Refused."""
        start, end = moment(self.start, "from"), moment(self.end, "until")
        if start is None or end is None:
            raise ValueError("the time is never left out")
        return {
            "region": self.region,
            "start": start,
            "end": rules.until(start, end, context.now),
            "phone": self._phone(),
            "app_id": key_of(self.application_id, "Application") if self.application_id else None,
            "template_id": key_of(self.template_id, "Template") if self.template_id else None,
            "task_id": key_of(self.bulk_task_id, "BulkTask") if self.bulk_task_id else None,
            "state": self.state,
        }

    def _phone(self) -> str | None:
        if self.phone is None:
            return None
        found = number.parse(self.phone, self.region)
        if isinstance(found, Problem):
            raise Refused.one(found.code, found.message, "phone")
        return found.e164
