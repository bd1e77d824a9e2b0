"""Dumps of records: what was ordered, how far it is, and the link to the file (STA-8)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from db import dump as dumps
from db import page as pages
from db.dump import DumpRow
from domain.dump import DumpKind, DumpStatus
from domain.errors import Code, Refused
from domain.export import Export, ExportForm, ExportTable
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.enums import publish
from graph.export import ExportLink
from graph.guard import query
from graph.limits import PAGE
from graph.long import Long
from graph.message_status import MessageStatus
from graph.node import Node, encode, key_of
from graph.region import Region
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The dump's id.")]

publish(
    DumpKind,
    name="DumpKind",
    description="What a dump holds.",
    values={
        "RECORDS": "Message records.",
        "REPLIES": "Replies of recipients.",
    },
)
publish(
    DumpStatus,
    name="DumpStatus",
    description="Where a dump stands.",
    values={
        "WAITING": "Its turn has not come.",
        "RUNNING": "It is being written; `rows` says how far.",
        "READY": "It can be downloaded until `expiresAt`.",
        "CANCELLED": "Somebody gave it up; nothing of it is kept.",
        "FAILED": "It could not be written; `problem` says why.",
        "EXPIRED": "Its time is over and its file is gone.",
    },
)


@strawberry.type(
    description="A dump: records of a long time as a ZIP of CSV files, each of at most a million "
    "rows, so that a spreadsheet can open it."
)
class Dump(Node):
    """What an account sees of a dump."""

    kind: DumpKind = strawberry.field(description="What it holds.")
    status: DumpStatus = strawberry.field(description="Where it stands.")
    region: Region = strawberry.field(description="Where recipients are registered.")
    start: datetime = strawberry.field(description="Where its time begins.")
    end: datetime = strawberry.field(
        description="Before when its time ends: at the latest when it was ordered."
    )
    phone: str | None = strawberry.field(description="The only number in it, E.164.")
    application_id: strawberry.ID | None = strawberry.field(
        description="The only application in it."
    )
    template_id: strawberry.ID | None = strawberry.field(description="The only template in it.")
    bulk_task_id: strawberry.ID | None = strawberry.field(description="The only bulk task in it.")
    state: MessageStatus | None = strawberry.field(description="The only state of messages in it.")
    created_at: datetime = strawberry.field(description="When it was ordered.")
    created_by: str = strawberry.field(description="The uin of who ordered it.")
    rows: Long = strawberry.field(description="Rows that are written so far; when ready, all.")
    size: Long | None = strawberry.field(description="Bytes of the file; null while there is none.")
    sha256: str | None = strawberry.field(
        description="The file's SHA-256 in hexadecimal; null while there is none."
    )
    problem: str | None = strawberry.field(
        description="Why it failed, and what to do; null unless it failed."
    )
    ready_at: datetime | None = strawberry.field(description="When it became ready.")
    expires_at: datetime | None = strawberry.field(
        description="Until when it can be downloaded; null while there is no file."
    )
    ended_at: datetime | None = strawberry.field(
        description="When it was cancelled, failed or expired."
    )


def show(row: DumpRow) -> Dump:
    """Show a row the caller may see."""
    gone = row.status in {DumpStatus.CANCELLED, DumpStatus.EXPIRED}
    return Dump(
        id=encode("Dump", row.id),
        kind=row.kind,
        status=row.status,
        region=row.region,
        start=row.start,
        end=row.end,
        phone=row.phone,
        application_id=encode("Application", row.app_id) if row.app_id else None,
        template_id=encode("Template", row.template_id) if row.template_id else None,
        bulk_task_id=encode("BulkTask", row.task_id) if row.task_id else None,
        state=row.state,
        created_at=row.created_at,
        created_by=str(row.created_by),
        rows=Long(row.rows),
        size=None if gone or row.size is None else Long(row.size),
        sha256=None if gone else row.sha256,
        problem=row.problem,
        ready_at=row.ready_at,
        expires_at=None if gone else row.expires_at,
        ended_at=row.ended_at,
    )


@strawberry.type
class DumpQuery:
    """Root fields that read dumps."""

    @query(actions.DESCRIBE_QUERY_DUMP_LOG_TASK)
    async def dumps(
        self,
        info: Info,
        statuses: Annotated[
            list[DumpStatus] | None, strawberry.argument(description="Only in one of these states.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[Dump] | None:
        """The account's dumps, the newest first."""
        context, page = info.context, page_request(first, after, int)
        listing = dumps.listing(context.owner, _each(statuses))
        async with context.database.read() as session:
            found = await dumps.page(session, listing, first=page.first, after=page.after)
        return connect(
            [show(row) for row in found.rows],
            [(row.id, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, pages.count, listing),
        )

    @query(actions.DESCRIBE_QUERY_DUMP_LOG_TASK)
    async def dump(self, info: Info, id: Id) -> Dump | None:  # noqa: A002 - the schema's name
        """One dump of the account."""
        row = await _owned(info.context, id)
        return None if row is None else show(row)

    @query(actions.DESCRIBE_SEND_SMS_DUMP_LOG_TASK)
    async def dump_download(self, info: Info, id: Id) -> ExportLink | None:  # noqa: A002 - the schema's name
        """A link to the file of a dump that is ready."""
        context = info.context
        row = await _owned(context, id)
        if row is None:
            return None
        if row.status is not DumpStatus.READY:
            coming = row.status in {DumpStatus.WAITING, DumpStatus.RUNNING}
            way_out = "wait until it is ready" if coming else "order another"
            message = f"the dump is {row.status} and has no file to download: {way_out}"
            raise Refused.one(Code.WRONG_STATE, message, "id")
        export = Export(table=ExportTable.DUMP, form=ExportForm.ZIP, object_id=row.id)
        return ExportLink.to(context, export)


def _each(statuses: Sequence[DumpStatus] | None) -> list[DumpStatus]:
    return list(dict.fromkeys(statuses or ()))


async def _owned(context: Context, dump_id: str) -> DumpRow | None:
    key = key_of(dump_id, "Dump")
    async with context.database.read() as session:
        return await dumps.owned(session, context.owner, key)
