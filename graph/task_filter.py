"""Which bulk tasks a list shows (BLK-7)."""

from datetime import datetime

import strawberry

from db import task as tasks
from graph.moment import moment
from graph.node import key_of_any
from graph.region import Region
from graph.search import wanted
from graph.task_status import TaskStatus


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
            app_id=key_of_any(self.application_id, "Application"),
            template_id=key_of_any(self.template_id, "Template"),
            search=wanted(self.search),
            created_from=moment(self.created_from, "createdFrom"),
            created_until=moment(self.created_until, "createdUntil"),
        )
