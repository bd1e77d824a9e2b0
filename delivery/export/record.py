"""Message records as a table, newest first (STA-2, STA-6, STA-8)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from db import record as records
from db.record import Listing, Record
from db.session import AsyncSession
from delivery.export.source import BATCH, Batch, Cursor
from delivery.export.table import in_zone
from domain.cell import Cell
from domain.record import FAILURES, remarks
from domain.serial_no import serial_no

# One batch looks at no more than this: a filter that nothing passes would else read a year at once.
_WINDOW = timedelta(days=1)
_BEFORE_ALL = 0  # as an id: behind everything of its moment


class Records:
    """The records of a listing."""

    def __init__(self, listing: Listing, zone: ZoneInfo) -> None:
        self._listing = listing
        self.headings: Sequence[str] = (
            *("Serial number", "Mobile number", "Country or region", "Content", "Characters"),
            *("Segments", "SMS type", "SDK AppID", "Template", "Task", "Status", "Code", "Remarks"),
            *(in_zone(name, zone) for name in ("Initiated at", "Answered at", "Ended at")),
        )

    async def batch(self, session: AsyncSession, after: Cursor | None) -> Batch[Cursor]:
        """Read the next ones."""
        listing = self._listing
        top = listing.end if after is None else min(after[0], listing.end)
        start = max(listing.start, top - _WINDOW)
        found = await records.batch(session, replace(listing, start=start), after, BATCH)
        texts = await records.contents(session, found)
        rows = [_row(record, text) for record, text in zip(found, texts, strict=True)]
        if len(found) == BATCH:
            return Batch(rows, found[-1].position)
        return Batch(rows, None if start <= listing.start else (start, _BEFORE_ALL))


def _row(record: Record, text: str) -> tuple[Cell, ...]:
    # The guide's tables have no times of a message that failed.
    times = (record.created_at, record.submitted_at, record.done_at)
    return (
        serial_no(record.message_id, record.created_at),
        record.phone,
        record.country,
        text,
        record.characters,
        record.segments,
        record.sms_type.value,
        str(record.app_id),
        record.template_id,
        record.task_id,
        record.state.value,
        record.code,
        remarks(record.state, record.code),
        *((None, None, None) if record.state in FAILURES else times),
    )
