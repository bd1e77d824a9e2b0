"""What decides whether the bulk tasks of a page may be sent, loaded for all of them at once."""

from strawberry.dataloader import DataLoader

from db import settlement
from db.task import BulkTaskRow
from domain.consent import Standing
from graph.context import Context

Standings = DataLoader[BulkTaskRow, Standing]


def load_standings(context: Context) -> Standings:
    """Give a loader for one page of one account's tasks."""

    async def load(rows: list[BulkTaskRow]) -> list[Standing]:
        async with context.database.read() as session:
            return await settlement.standings(session, rows, context.now, context.terms)

    return DataLoader(load, cache_key_fn=lambda row: row.id)
