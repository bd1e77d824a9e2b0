"""The recipients of a bulk task and its rejected rows as tables (BLK-3, BLK-8, STA-6)."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import orjson

from db import recipient as recipients
from db import signature as signatures
from db import task as tasks
from db import template as templates
from db.message import MessageRow
from db.session import AsyncSession, Database
from db.statistic import zone_of
from db.task import BulkTaskRow
from delivery.export.source import BATCH, Batch, batches
from delivery.export.table import Table, in_zone
from domain import outcome, template
from domain.cell import Cell
from domain.export import Export, ExportTable
from domain.recipient import shown
from domain.serial_no import serial_no
from domain.template import Compiled

_ROW_ERRORS = ("Row", "Column", "Problem", "Value", "Message")
Place = tuple[int, int]


async def task_table(database: Database, owner: int, export: Export) -> Table | None:
    """Read a table of a bulk task; None when the task is gone."""
    async with database.read() as session:
        zone = await zone_of(session, owner)
        task = await tasks.owned(session, owner, export.object_id or 0)
        if task is None:
            return None
        if export.table is ExportTable.ROW_ERRORS:
            return Table(_ROW_ERRORS, batches(database, RowErrors(task)), zone)
        body = (await templates.among(session, {task.template_id}))[task.template_id].content
        signed = await signatures.among(session, {task.signature_id or 0})
    sign = next((row.content for row in signed.values()), None)
    source = Recipients(task, template.compile(body), sign, zone)
    return Table(source.headings, batches(database, source), zone)


class RowErrors:
    """The rows that were left out, in the order of their file."""

    headings = _ROW_ERRORS

    def __init__(self, task: BulkTaskRow) -> None:
        self._listed = recipients.row_errors(task.id)

    async def batch(self, session: AsyncSession, after: Place | None) -> Batch[Place]:
        """Read the next ones."""
        found = await recipients.row_error_page(session, self._listed, first=BATCH, after=after)
        rows = [
            (row.row, row.column_name, row.code.value, row.value, row.message) for row in found.rows
        ]
        last = (found.rows[-1].row, found.rows[-1].id) if found.has_next else None
        return Batch(rows, last)


class Recipients:
    """The recipients, in the order of their file."""

    def __init__(self, task: BulkTaskRow, body: Compiled, sign: str | None, zone: ZoneInfo) -> None:
        self._task = task
        self._listed = recipients.recipients(task.id, task.status, None)
        self._body = body
        self._sign = sign
        times = (in_zone("Submitted at", zone), in_zone("Ended at", zone))
        self.headings: Sequence[str] = (
            *("Row", "Serial number", "Mobile number", "Country or region", "Content"),
            *("Characters", "Segments", "Status", "Code", "Remarks", *times),
        )

    async def batch(self, session: AsyncSession, after: Place | None) -> Batch[Place]:
        """Read the next ones."""
        found = await recipients.page(session, self._listed, first=BATCH, after=after)
        rows = [self._row(row) for row in found.rows]
        last = (found.rows[-1].id, found.rows[-1].id) if found.has_next else None
        return Batch(rows, last)

    def _row(self, row: MessageRow) -> tuple[Cell, ...]:
        text = self._body.render(orjson.loads(row.params))
        return (
            row.row_number,
            serial_no(row.id, row.created_at),
            row.phone,
            row.country,
            template.full_text(self._sign, text, self._task.region),
            row.characters,
            row.segments,
            shown(self._task.status, row.state).value,
            row.code,
            outcome.lookup(row.code).reason if row.code else None,
            row.submitted_at,
            row.done_at,
        )
