"""Which bulk tasks a list shows (BLK-7)."""

from datetime import UTC, datetime

import strawberry

from db import task as tasks
from domain.task import TaskStatus
from graph.errors import BadUserInput
from graph.node import key_of
from graph.region import Region


@strawberry.input(description="Which bulk tasks to list; what is left out does not narrow.")
class BulkTaskFilter:
    """The filters of the Delivery Records list."""

    region: Region | None = strawberry.field(default=None, description="Of this region.")
    statuses: list[TaskStatus] | None = strawberry.field(
        default=None, description="In one of these states."
    )
    application_id: strawberry.ID | None = strawberry.field(
        default=None, description="Of this application."
    )
    template_id: strawberry.ID | None = strawberry.field(
        default=None, description="With this template."
    )
    search: str | None = strawberry.field(default=None, description="With this in the name.")
    created_from: datetime | None = strawberry.field(
        default=None, description="Created then or later."
    )
    created_until: datetime | None = strawberry.field(
        default=None, description="Created before then."
    )

    def listing(self, owner: int) -> tasks.Listing:
        """Read the ids; raises BadUserInput."""
        return tasks.Listing(
            owner,
            region=self.region,
            statuses=list(dict.fromkeys(self.statuses or ())),
            app_id=key_of(self.application_id, "Application") if self.application_id else None,
            template_id=key_of(self.template_id, "Template") if self.template_id else None,
            search=(self.search or "").strip(),
            created_from=_moment(self.created_from, "createdFrom"),
            created_until=_moment(self.created_until, "createdUntil"),
        )


def _moment(given: datetime | None, argument: str) -> datetime | None:
    if given is None:
        return None
    try:
        if given.tzinfo is not None:
            return given.astimezone(UTC)
    except OverflowError:
        pass  # a year 1 or 9999 whose offset leads out of the calendar
    message = f'"{argument}" must name its time zone and lie within years 2 to 9998'
    raise BadUserInput(f'{message}, unlike "{given.isoformat()}"', argument=argument)
