"""What a dump is of (STA-8)."""

from zoneinfo import ZoneInfo

from db.dump import DumpRow
from db.record import Listing
from delivery.export.record import Records
from delivery.export.reply import Replies
from delivery.export.source import Cursor, Source
from domain.dump import DumpKind


def source_of(row: DumpRow, zone: ZoneInfo) -> Source[Cursor]:
    """Give the rows that were ordered."""
    listing = Listing(
        owner=row.account_uin,
        region=row.region,
        start=row.start,
        end=row.end,
        phone=row.phone,
        app_id=row.app_id,
        template_id=row.template_id,
        task_id=row.task_id,
        state=row.state,
    )
    return Replies(listing, zone) if row.kind is DumpKind.REPLIES else Records(listing, zone)
