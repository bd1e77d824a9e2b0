"""How many recipients of a bulk task sending will leave out (BLO-2, UNS-1)."""

import strawberry
from strawberry.dataloader import DataLoader

from db import refusal
from db.refusal import InForce, Rules
from db.task import BulkTaskRow
from graph.context import Context


@strawberry.type(description="Recipients that sending will leave out, each counted once.")
class BulkTaskSkips:
    """Counts of recipients."""

    blocklisted: int = strawberry.field(
        description="They are on the blocklist, in force when the task is sent."
    )
    unsubscribed: int = strawberry.field(
        description="They have unsubscribed from such messages of the signature."
    )


Skips = DataLoader[BulkTaskRow, BulkTaskSkips]


def load_skips(context: Context) -> Skips:
    """Give a loader for one page of tasks: at most three statements for all of them.

    The messages of a task are read only when entries are in force for it that were not when they
    were read last.
    """

    async def load(rows: list[BulkTaskRow]) -> list[BulkTaskSkips]:
        rules = Rules(blocklist_delay=context.terms.blocklist_delay)
        memory, now = context.skip_memory, context.now
        async with context.database.read() as session:
            entries = await refusal.in_force(session, rows, now, rules)
            states = {row.id: (row.check_job, entries[row.id]) for row in rows}
            found = {
                row.id: (0, 0)
                if entries[row.id] == InForce()
                else memory.recall(row.id, states[row.id])
                for row in rows
            }
            unknown = [row for row in rows if found[row.id] is None]
            if unknown:
                counted = await refusal.expected(session, unknown, now, rules)
                for task_id, counts in counted.items():
                    memory.keep(task_id, states[task_id], counts)
                found |= counted
        return [_show(found[row.id] or (0, 0)) for row in rows]

    return DataLoader(load, cache_key_fn=lambda row: row.id)


def _show(counts: tuple[int, int]) -> BulkTaskSkips:
    return BulkTaskSkips(blocklisted=counts[0], unsubscribed=counts[1])
