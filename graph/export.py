"""Exports: links to tables as files, which a browser can follow for some minutes (STA-6)."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

import strawberry

from db import record as records
from db import reply_record as replies
from db import statistic as statistics
from db import task as tasks
from db.record import Listing
from domain.errors import Code, Refused
from domain.export import PLACE, Export, ExportForm, ExportTable, Link
from domain.message import MessageStatus
from domain.month import months
from domain.statistic import day_of
from graph.context import Context, Info
from graph.enums import publish
from graph.guard import query
from graph.month_statistic import MonthStatisticInput
from graph.node import key_of, key_of_any
from graph.record_list import MessageRecordInput, ReplyRecordInput, wanted
from graph.statistic import Wanted, scope_of, span_of_input
from graph.task import Id
from policies import actions
from policies.actions import Action


class StatisticTable(StrEnum):
    """The tables of the statistics pages; the values are those of ExportTable."""

    OVERVIEW = "overview"
    FAILURES = "failures"
    RECEIPTS = "receipts"
    RECEIPT_FAILURES = "receipt_failures"
    COUNTRIES = "countries"


class TaskTable(StrEnum):
    """The tables of a bulk task; the values are those of ExportTable."""

    RECIPIENTS = "recipients"
    ROW_ERRORS = "row_errors"


publish(
    ExportForm,
    name="ExportFormat",
    description="What an exported file is.",
    values={
        "CSV": "Text for spreadsheets and programs: commas, CRLF, UTF-8 with a byte order mark.",
        "XLSX": "A workbook in which numbers of phones are texts and times are times.",
    },
    hidden={"ZIP"},
)
publish(
    StatisticTable,
    name="StatisticTable",
    description="A table of the statistics pages.",
    values={
        "OVERVIEW": "The series of `statisticOverview`.",
        "FAILURES": "The lines of `failureAnalysis`.",
        "RECEIPTS": "The series of `receiptAnalysis`.",
        "RECEIPT_FAILURES": "The failures of `receiptAnalysis`.",
        "COUNTRIES": "The lines of `countryStatistic`; not narrowed by a template.",
    },
)
publish(
    TaskTable,
    name="BulkTaskTable",
    description="A table of one bulk task.",
    values={
        "RECIPIENTS": "Each recipient with text and state: `bulkTaskRecipients`.",
        "ROW_ERRORS": "The rows that are left out, and why: `bulkTaskRowErrors`.",
    },
)
Form = Annotated[ExportForm, strawberry.argument(description="What the file is to be.")]
ACTIONS: Final[Mapping[ExportTable, Action]] = {
    ExportTable.OVERVIEW: actions.DESCRIBE_SMS_RESULT_FILE,
    ExportTable.FAILURES: actions.DESCRIBE_SMS_RESULT_FILE,
    ExportTable.RECEIPTS: actions.DESCRIBE_SMS_RESULT_FILE,
    ExportTable.RECEIPT_FAILURES: actions.DESCRIBE_SMS_RESULT_FILE,
    ExportTable.COUNTRIES: actions.DESCRIBE_SMS_RESULT_FILE,
    ExportTable.MONTHS: actions.DESCRIBE_SMS_RESULT_FILE,
    ExportTable.RECORDS: actions.DESCRIBE_SMS_RECORD_FILE,
    ExportTable.REPLIES: actions.DESCRIBE_SMS_RECORD_FILE,
    ExportTable.RECIPIENTS: actions.DESCRIBE_SEND_SMS_DETAIL,
    ExportTable.ROW_ERRORS: actions.DESCRIBE_SEND_SMS_DETAIL,
    ExportTable.DUMP: actions.DESCRIBE_SEND_SMS_DUMP_LOG_TASK,
}
"""What a link gives is decided by the same action again when it is followed."""


@strawberry.type(
    description="A link to a file, for an `href`: it needs no header. Whoever has it can follow it "
    "for as long as the caller is allowed what it gives and it has not expired."
)
class ExportLink:
    """A sealed order of one file."""

    url: str = strawberry.field(description="Where to get the file, any number of times.")
    file_name: str = strawberry.field(description="What the file is called.")
    expires_at: datetime = strawberry.field(description="Until when the link works.")

    @classmethod
    def to(cls, context: Context, export: Export) -> Self:
        """Seal what the caller may have."""
        expires_at = context.now + context.terms.export_link
        words = Link(context.caller.uin, expires_at, export).words()
        token = context.vault.seal(words, PLACE).translate(_TO_URL).rstrip("=")
        return cls(
            url=f"{context.base_url}/exports/{export.file_name}?token={token}",
            file_name=export.file_name,
            expires_at=expires_at,
        )


_TO_URL: Final = str.maketrans("+/", "-_")


@strawberry.type
class ExportQuery:
    """Root fields that give links to tables."""

    @query(actions.DESCRIBE_SMS_RESULT_FILE)
    async def statistic_export(
        self,
        info: Info,
        input: Wanted,  # noqa: A002 - the schema's name
        table: Annotated[StatisticTable, strawberry.argument(description="Which table.")],
        format: Form = ExportForm.CSV,  # noqa: A002 - the schema's name
    ) -> ExportLink | None:
        """A table of the statistics pages as a file, with what `input` of the page shows."""
        context = info.context
        scope, span = scope_of(context, input), await span_of_input(context, input)
        if table is StatisticTable.COUNTRIES and scope.template_id is not None:
            message = "countries are not counted by template: leave it out"
            raise Refused.one(Code.INVALID, message, "input", "template_id")
        first, last = await _days(context, span.start, span.end)
        export = Export(
            table=ExportTable(table.value),
            form=format,
            region=scope.region,
            first=first,
            last=last,
            app_id=scope.app_id,
            template_id=scope.template_id,
        )
        return ExportLink.to(context, export)

    @query(actions.DESCRIBE_SMS_RESULT_FILE)
    async def month_statistic_export(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            MonthStatisticInput, strawberry.argument(description="Which messages to count.")
        ],
        format: Form = ExportForm.CSV,  # noqa: A002 - the schema's name
    ) -> ExportLink | None:
        """Statistics by month as a file, with what `input` of the page shows."""
        wanted = months(input.first, input.last)
        export = Export(
            table=ExportTable.MONTHS,
            form=format,
            region=input.region,
            first=wanted[0].first,
            last=wanted[-1].last,
            app_id=key_of_any(input.application_id, "Application"),
        )
        return ExportLink.to(info.context, export)

    @query(actions.DESCRIBE_SMS_RECORD_FILE)
    async def reply_record_export(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            ReplyRecordInput, strawberry.argument(description="Which replies.")
        ],
        format: Form = ExportForm.CSV,  # noqa: A002 - the schema's name
    ) -> ExportLink | None:
        """Replies of recipients as a file, the last one first."""
        return await _records(info.context, ExportTable.REPLIES, format, input)

    @query(actions.DESCRIBE_SMS_RECORD_FILE)
    async def message_record_export(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            MessageRecordInput, strawberry.argument(description="Which messages.")
        ],
        format: Form = ExportForm.CSV,  # noqa: A002 - the schema's name
    ) -> ExportLink | None:
        """Message records as a file, the newest first; for many of them order a dump."""
        return await _records(info.context, ExportTable.RECORDS, format, input, input.state)

    @query(actions.DESCRIBE_SEND_SMS_DETAIL)
    async def bulk_task_export(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        table: Annotated[TaskTable, strawberry.argument(description="Which table.")],
        format: Form = ExportForm.CSV,  # noqa: A002 - the schema's name
    ) -> ExportLink | None:
        """A table of a bulk task as a file."""
        context, key = info.context, key_of(id, "BulkTask")
        async with context.database.read() as session:
            task = await tasks.owned(session, context.owner, key)
        if task is None:
            raise Refused.one(Code.NOT_FOUND, "there is no such bulk task", "id")
        rows = task.recipients if table is TaskTable.RECIPIENTS else task.rejected + task.duplicates
        if rows > context.terms.export_rows:
            raise Refused.one(Code.LIMIT_EXCEEDED, too_many(context.terms.export_rows))
        export = Export(table=ExportTable(table.value), form=format, object_id=key)
        return ExportLink.to(context, export)


async def _records(
    context: Context,
    table: ExportTable,
    form: ExportForm,
    given: ReplyRecordInput,
    status: MessageStatus | None = None,
) -> ExportLink:
    found = await wanted(context, given)
    first, last = await _days(context, found["start"], found["end"])
    # What is written while the file is read is not in it.
    found["end"] = min(found["end"], context.now)
    most = context.terms.export_rows
    async with context.database.read() as session:
        exceeds = replies.exceeds if table is ExportTable.REPLIES else records.exceeds
        beyond = await exceeds(session, Listing(**found, state=status), most)
    if beyond:
        raise Refused.one(Code.LIMIT_EXCEEDED, too_many(most))
    del found["owner"]
    export = Export(table=table, form=form, first=first, last=last, state=status, **found)
    return ExportLink.to(context, export)


async def _days(context: Context, start: datetime, end: datetime) -> tuple[date, date]:
    """Give the first and the last day of a time, as the account's calendar has them."""
    async with context.database.read() as session:
        zone = await statistics.zone_of(session, context.owner)
    return day_of(start, zone), day_of(end - timedelta(microseconds=1), zone)


def too_many(most: int) -> str:
    """Say why a table is not given at once."""
    return f"the table has more than {most:,} rows: order a dump of the records (dumpOrder)"
