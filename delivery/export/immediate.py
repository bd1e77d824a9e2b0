"""Tables that are given at once (STA-6)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from db.record import Listing
from db.session import Database
from db.statistic import zone_of
from delivery.export.record import Records
from delivery.export.reply import Replies
from delivery.export.source import Cursor, Source, batches
from delivery.export.statistic import statistic_table
from delivery.export.table import Table
from delivery.export.task import task_table
from domain.export import Export, ExportTable


async def table_of(database: Database, owner: int, export: Export, now: datetime) -> Table | None:
    """Open a table of an account; None when what it is of is gone."""
    if export.table in {ExportTable.RECIPIENTS, ExportTable.ROW_ERRORS}:
        return await task_table(database, owner, export)
    if export.table not in {ExportTable.RECORDS, ExportTable.REPLIES}:
        return await statistic_table(database, owner, export, now)
    async with database.read() as session:
        zone = await zone_of(session, owner)
    source = _source(owner, export, zone)
    return Table(source.headings, batches(database, source), zone)


def _source(owner: int, export: Export, zone: ZoneInfo) -> Source[Cursor]:
    if export.start is None or export.end is None:
        raise ValueError("records are of a time")
    listing = Listing(
        owner=owner,
        region=export.region,
        start=export.start,
        end=export.end,
        phone=export.phone,
        app_id=export.app_id,
        template_id=export.template_id,
        task_id=export.task_id,
        state=export.state,
    )
    if export.table is ExportTable.REPLIES:
        return Replies(listing, zone)
    return Records(listing, zone)
