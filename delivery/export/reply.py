"""Replies of recipients as a table, the last one first (STA-3, STA-6, STA-8)."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from db import record as records
from db import reply_record as replies
from db.record import Record
from db.reply_record import ReplyRecord
from db.session import AsyncSession
from db.timeline import Listing
from delivery.export.source import BATCH, Batch, Cursor
from delivery.export.table import in_zone
from domain.cell import Cell
from domain.serial_no import serial_no


class Replies:
    """The replies of a listing."""

    def __init__(self, listing: Listing, zone: ZoneInfo) -> None:
        self._listing = listing
        self.headings: Sequence[str] = (
            *("Serial number", "Mobile number", "Reply", "Status", "SDK AppID", "Template"),
            in_zone("Received at", zone),
        )

    async def batch(self, session: AsyncSession, after: Cursor | None) -> Batch[Cursor]:
        """Read the next ones."""
        found = await replies.batch(session, self._listing, after, BATCH)
        answered = await records.among(session, {reply.message_id for reply in found})
        rows = [_row(reply, answered.get(reply.message_id)) for reply in found]
        return Batch(rows, found[-1].position if len(found) == BATCH else None)


def _row(reply: ReplyRecord, message: Record | None) -> tuple[Cell, ...]:
    return (
        # The message may be of a month that was detached.
        None if message is None else serial_no(message.message_id, message.created_at),
        reply.phone,
        reply.text,
        "unsubscribed" if reply.opted_out else "received",
        None if reply.app_id is None else str(reply.app_id),
        reply.template_id,
        reply.at,
    )
