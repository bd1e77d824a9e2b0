"""What a link says it gives (STA-6)."""

from dataclasses import replace
from datetime import UTC, date, datetime

from domain.export import Export, ExportForm, ExportTable, Link
from domain.message import MessageStatus
from domain.region import Region

AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
RECORDS = Export(
    table=ExportTable.RECORDS,
    form=ExportForm.XLSX,
    region=Region.GLOBAL,
    first=date(2026, 3, 2),
    last=date(2026, 3, 4),
    start=AT,
    end=datetime(2026, 3, 4, tzinfo=UTC),
    phone="+14155550100",
    app_id=1_400_000_000,
    template_id=7,
    task_id=3,
    state=MessageStatus.FAILED,
)
FAILURES = Export(
    table=ExportTable.RECEIPT_FAILURES,
    form=ExportForm.CSV,
    region=Region.MAINLAND,
    first=date(2026, 3, 1),
    last=date(2026, 3, 2),
)
DUMP = Export(table=ExportTable.DUMP, form=ExportForm.ZIP, object_id=12)


def test_what_was_written_into_a_link_is_read_back() -> None:
    of_none = replace(RECORDS, app_id=0, template_id=0, task_id=0)
    for export in (RECORDS, FAILURES, DUMP, of_none):
        link = Link(200_000_001, AT, export)
        assert Link.read(link.words()) == link


def test_files_are_called_after_what_they_hold() -> None:
    names = [export.file_name for export in (RECORDS, FAILURES, DUMP)]
    assert names == [
        "records-2026-03-02-2026-03-04.xlsx",
        "receipt-failures-2026-03-01-2026-03-02.csv",
        "dump-12.zip",
    ]
