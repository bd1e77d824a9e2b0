"""The customer groups a bulk task was filled from (BLK-11)."""

import strawberry
from strawberry.dataloader import DataLoader

from db import task_group
from db.task_group import TaskGroupRow
from domain.recipient import RecipientSource
from graph.context import Context
from graph.enums import publish
from graph.node import encode

__all__ = ["BulkTaskGroup", "RecipientSource", "TaskGroups", "load_task_groups"]

publish(
    RecipientSource,
    name="BulkTaskSource",
    description="What a bulk task has its recipients from.",
    values={
        "FILE": "An uploaded form: `bulkTaskUpload`.",
        "GROUPS": "Customer groups: `bulkTaskSelectGroups`.",
        "NUMBERS": "Numbers that were entered: `bulkTaskEnterNumbers`.",
    },
)


@strawberry.type(description="A customer group whose members a bulk task was filled with.")
class BulkTaskGroup:
    """As it was when it was selected; the group itself may have changed or gone since."""

    group_id: strawberry.ID = strawberry.field(description="The customer group's id.")
    name: str = strawberry.field(description="The name it had when it was selected.")
    member_count: int = strawberry.field(
        description="Members that were copied from it, the rejected and the duplicates included."
    )


TaskGroups = DataLoader[int, list[BulkTaskGroup]]


def load_task_groups(context: Context) -> TaskGroups:
    """Give a loader for one page of tasks, by their numbers: one statement for all of them."""

    async def load(task_ids: list[int]) -> list[list[BulkTaskGroup]]:
        async with context.database.read() as session:
            rows = await task_group.of(session, task_ids)
        found: dict[int, list[BulkTaskGroup]] = {task_id: [] for task_id in task_ids}
        for row in rows:
            found[row.task_id].append(_show(row))
        return [found[task_id] for task_id in task_ids]

    return DataLoader(load)


def _show(row: TaskGroupRow) -> BulkTaskGroup:
    return BulkTaskGroup(
        group_id=encode("CustomerGroup", row.group_id), name=row.name, member_count=row.members
    )
