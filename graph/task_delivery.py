"""What became of a bulk task's messages, those in doubt among them (BLK-7)."""

import strawberry
from strawberry.dataloader import DataLoader

from db import recipient as recipients
from db.task import BulkTaskRow
from graph.context import Context

Doubts = DataLoader[int, int]

IN_DOUBT = (
    "Sent to a carrier that never answered, because a connection or a process ended: it may have "
    "them or not. With `unknownMessages: RESEND` they are queued again within a minute and count "
    "as `unsent`, so some stay in doubt only where the task was stopped meanwhile; with `WAIT` "
    "they stay until a receipt tells, or count as `accepted` once the time to wait is over."
)
UNSENT = (
    "Not submitted: they wait for their turn, or were given up when the task was stopped or "
    "cancelled."
)


@strawberry.type(
    description="What became of a bulk task's messages so far. `accepted`, `refused`, `inDoubt` "
    "and `unsent` add up to the task's `recipients`; `delivered`, `failed` and `awaited` to "
    "`accepted`."
)
class BulkTaskDelivery:
    """Counts of recipients."""

    accepted: int = strawberry.field(description="Submitted to a carrier, which took them.")
    refused: int = strawberry.field(description="Turned down by a rule or the carrier; not sent.")
    delivered: int = strawberry.field(description="Accepted, and a receipt says they arrived.")
    failed: int = strawberry.field(description="Accepted, and a receipt says they did not arrive.")
    awaited: int = strawberry.field(description="Accepted, and no receipt has come yet.")
    task: strawberry.Private[BulkTaskRow]
    doubts: strawberry.Private[Doubts]

    @strawberry.field(description=IN_DOUBT)  # type: ignore[untyped-decorator]  # strawberry types it as Any
    async def in_doubt(self) -> int:
        """Load it together with those of the page's other tasks."""
        return await self.doubts.load(self.task.id)

    @strawberry.field(description=UNSENT)  # type: ignore[untyped-decorator]  # strawberry types it as Any
    async def unsent(self) -> int:
        """Count what is left beside the others."""
        return unsent(self.task, await self.doubts.load(self.task.id))


def load_doubts(context: Context) -> Doubts:
    """Give a loader for one page of tasks, by their numbers: one statement for all of them."""

    async def load(task_ids: list[int]) -> list[int]:
        async with context.database.read() as session:
            found = await recipients.in_doubt(session, task_ids)
        return [found.get(task_id, 0) for task_id in task_ids]

    return DataLoader(load)


def show_delivery(row: BulkTaskRow, doubts: Doubts) -> BulkTaskDelivery:
    """Show what a task's row counts; what is in doubt is counted when it is asked for."""
    return BulkTaskDelivery(
        accepted=row.accepted,
        refused=row.refused,
        delivered=row.delivered,
        failed=row.failed,
        awaited=row.accepted - row.delivered - row.failed,
        task=row,
        doubts=doubts,
    )


def unsent(row: BulkTaskRow, in_doubt: int) -> int:
    """Say how many were not submitted.

    What is in doubt is counted after the row was read: of the row's counts it is in neither, for
    nothing that was accepted or refused comes into doubt again.
    """
    return row.recipients - row.accepted - row.refused - in_doubt
