"""How many recipients of a bulk task sending will leave out (BLO-2, UNS-1)."""

import strawberry
from strawberry.dataloader import DataLoader

from db import refusal
from db.refusal import Rules
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
    """Give a loader for one page of tasks: one statement for all of them."""

    async def load(rows: list[BulkTaskRow]) -> list[BulkTaskSkips]:
        rules = Rules(blocklist_delay=context.terms.blocklist_delay)
        async with context.database.read() as session:
            found = await refusal.expected(session, rows, context.now, rules)
        return [
            BulkTaskSkips(blocklisted=blocklisted, unsubscribed=unsubscribed)
            for blocklisted, unsubscribed in (found[row.id] for row in rows)
        ]

    return DataLoader(load, cache_key_fn=lambda row: row.id)
