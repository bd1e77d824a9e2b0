"""Bulk tasks: what they are and how far they have come (BLK-7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import strawberry

from db import task as tasks
from db.task import BulkTaskRow
from domain import consent, task_form
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.guard import query
from graph.limits import PAGE
from graph.long import Long
from graph.node import Node, encode, key_of
from graph.payload import Payload, UserError, user_error
from graph.region import Region, SmsType
from graph.skip import BulkTaskSkips, Skips, load_skips
from graph.standing import Standings, load_standings
from graph.task_delivery import BulkTaskDelivery, Doubts, load_doubts, show_delivery
from graph.task_filter import BulkTaskFilter
from graph.task_group import BulkTaskGroup, RecipientSource, TaskGroups, load_task_groups
from graph.task_status import TaskStatus, UnknownPolicy
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The bulk task's id.")]


@strawberry.type(description="What sending a bulk task takes, reviewed before the consent.")
class BulkTaskFee:
    """Package units in Mainland China, money elsewhere."""

    package_units: Long = strawberry.field(
        description="Units of the Mainland China packages: one a segment; 0 for Global SMS."
    )
    amount_micros: Long = strawberry.field(
        description="Money in millionths of the currency unit; 0 for Mainland China SMS."
    )
    currency: str = strawberry.field(description="The currency of `amountMicros`, ISO 4217.")
    owner: strawberry.Private[BulkTaskRow]
    standings: strawberry.Private[Standings]

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry types it as Any
        description="Units the account's packages hold now."
    )
    async def package_balance(self) -> Long:
        """Load it once for the page."""
        return Long((await self.standings.load(self.owner)).balance)


@dataclass(frozen=True, slots=True)
class Loaders:
    """What the tasks of one page need beyond their rows, loaded for all of them at once."""

    standings: Standings
    skips: Skips
    doubts: Doubts
    groups: TaskGroups


@strawberry.type(description="A bulk task: one template sent to many recipients.")
class BulkTask(Node):
    """What an account sees of a task."""

    task_id: str = strawberry.field(description="Its number.")
    name: str = strawberry.field(description="Its name.")
    region: Region = strawberry.field(description="Where its recipients are registered.")
    sms_type: SmsType = strawberry.field(description="What its template is for.")
    status: TaskStatus = strawberry.field(description="Where it stands.")
    progress: float = strawberry.field(
        description="How far the check, or else the sending, has come: 0 to 1."
    )
    application_id: strawberry.ID = strawberry.field(description="The application it sends from.")
    template_id: strawberry.ID = strawberry.field(description="The template it sends.")
    signature_id: strawberry.ID | None = strawberry.field(
        description="The signature it sends with; null for Global SMS without one."
    )
    scheduled_at: datetime | None = strawberry.field(
        description="When it begins; null for at once, on consent."
    )
    unknown_messages: UnknownPolicy = strawberry.field(
        description="What becomes of messages that were sent and never answered."
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    consented_at: datetime | None = strawberry.field(description="When the fee was consented to.")
    started_at: datetime | None = strawberry.field(description="When it began to send.")
    finished_at: datetime | None = strawberry.field(
        description="When it was sent, stopped or cancelled."
    )
    source: RecipientSource | None = strawberry.field(
        description="What it has its recipients from; null until they are given."
    )
    file_name: str | None = strawberry.field(
        description="What the uploaded file was called; null for other sources."
    )
    file_bytes: int | None = strawberry.field(description="Its size in bytes.")
    rows_seen: int = strawberry.field(
        description="Rows of the file, members of the groups or numbers that are checked."
    )
    rows_total: int = strawberry.field(description="How many there are; 0 until that is known.")
    recipients: int = strawberry.field(description="Rows that can be sent to.")
    rejected: int = strawberry.field(description="Rows with something wrong; they are left out.")
    duplicates: int = strawberry.field(
        description="Rows with number and content of an earlier one, and members of several "
        "groups; they are left out."
    )
    segments: int = strawberry.field(description="Billable segments of all recipients' texts.")
    characters: Long = strawberry.field(description="Characters of all recipients' texts.")
    problem: str | None = strawberry.field(
        description="Why the recipients were not taken, or the task failed, if so."
    )
    row_errors_url: str | None = strawberry.field(
        description="Download of the rows left out, as CSV, with the same bearer token; "
        "null when there are none."
    )
    delivery: BulkTaskDelivery = strawberry.field(description="What became of its messages.")
    fee: BulkTaskFee = strawberry.field(
        description="What it takes; once it has ended, what it took."
    )
    row: strawberry.Private[BulkTaskRow]
    context: strawberry.Private[Context]
    loaders: strawberry.Private[Loaders]

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry types it as Any
        description="The customer groups it was filled from, in their order; empty for other "
        "sources."
    )
    async def groups(self) -> list[BulkTaskGroup]:
        """Load them together with those of the page's other tasks."""
        if self.source is not RecipientSource.GROUPS:
            return []
        return await self.loaders.groups.load(self.row.id)

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry types it as Any
        description="Recipients that sending will leave out as things stand now; null before the "
        "recipients are checked, and once sending has begun."
    )
    async def will_skip(self) -> BulkTaskSkips | None:
        """Load it together with those of the page's other tasks."""
        if self.status not in consent.BEFORE_SENDING:
            return None
        return await self.loaders.skips.load(self.row)

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry types it as Any
        description="Everything that keeps it from being sent; empty when it may be, "
        "and once it was consented to or given up."
    )
    async def blockers(self) -> list[UserError]:
        """Ask the same rules as `bulkTaskStart`."""
        if self.status not in consent.BEFORE_CONSENT:
            return []
        standing = await self.loaders.standings.load(self.row)
        found = consent.blockers(standing, self.context.now, self.context.terms)
        return [user_error(problem, ()) for problem in found]


def show(context: Context, rows: Iterable[BulkTaskRow]) -> list[BulkTask]:
    """Show rows the caller may see; what they need beyond is loaded once for the page."""
    loaders = Loaders(
        standings=load_standings(context),
        skips=load_skips(context),
        doubts=load_doubts(context),
        groups=load_task_groups(context),
    )
    return [_show(context, row, loaders) for row in rows]


def _show(context: Context, row: BulkTaskRow, loaders: Loaders) -> BulkTask:
    key = encode("BulkTask", row.id)
    left_out = row.rejected or row.duplicates
    return BulkTask(
        id=key,
        task_id=str(row.id),
        name=row.name,
        region=row.region,
        sms_type=row.sms_type,
        status=row.status,
        progress=_progress(row),
        application_id=encode("Application", row.app_id),
        template_id=encode("Template", row.template_id),
        signature_id=encode("Signature", row.signature_id) if row.signature_id else None,
        scheduled_at=row.scheduled_at,
        unknown_messages=row.unknown_policy,
        created_at=row.created_at,
        consented_at=row.consented_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        source=row.source,
        file_name=row.file_name,
        file_bytes=row.file_bytes,
        rows_seen=row.rows_seen,
        rows_total=row.rows_total,
        recipients=row.recipients,
        rejected=row.rejected,
        duplicates=row.duplicates,
        segments=row.segments,
        characters=Long(row.characters),
        problem=row.problem,
        row_errors_url=f"{context.base_url}/bulk-tasks/{key}/row-errors.csv" if left_out else None,
        delivery=show_delivery(row, loaders.doubts),
        fee=_fee(context, row, loaders.standings),
        row=row,
        context=context,
        loaders=loaders,
    )


def _progress(row: BulkTaskRow) -> float:
    return task_form.progress(
        row.status,
        rows_seen=row.rows_seen,
        rows_total=row.rows_total,
        handled=row.accepted + row.refused,
        recipients=row.recipients,
    )


def _fee(context: Context, row: BulkTaskRow, standings: Standings) -> BulkTaskFee:
    fee = consent.fee(row.region, row.segments, context.terms)
    if row.consented_at:
        fee = consent.Fee(row.reserved_units, row.fee_micros)
    return BulkTaskFee(
        package_units=Long(fee.package_units),
        amount_micros=Long(fee.amount_micros),
        currency=context.terms.currency,
        owner=row,
        standings=standings,
    )


@strawberry.type(description="The answer to a mutation of one bulk task.")
class BulkTaskPayload(Payload):
    """The task as it stands after the mutation."""

    bulk_task: BulkTask | None = strawberry.field(
        default=None, description="The task; null when it was not changed."
    )


def payload(context: Context, row: BulkTaskRow) -> BulkTaskPayload:
    """Answer a mutation with the task as it is now."""
    return BulkTaskPayload(bulk_task=show(context, [row])[0])


@strawberry.type(description="The answer to `bulkTaskDelete`.")
class BulkTaskDeletePayload(Payload):
    """The id of what is gone."""

    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted task; null when none was."
    )


@strawberry.type
class BulkTaskQuery:
    """Root fields that read bulk tasks."""

    @query(actions.DESCRIBE_SEND_SMS_TASK_SUMMARY)
    async def bulk_task(self, info: Info, id: Id) -> BulkTask | None:  # noqa: A002 - the schema's name
        """One bulk task of the caller's account."""
        key = key_of(id, "BulkTask")
        async with info.context.database.read() as session:
            row = await tasks.owned(session, info.context.owner, key)
        return show(info.context, [row])[0] if row else None

    @query(actions.DESCRIBE_SEND_SMS_TASK_SUMMARY)
    async def bulk_tasks(
        self,
        info: Info,
        where: Annotated[
            BulkTaskFilter | None, strawberry.argument(description="Which tasks to list.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[BulkTask] | None:
        """The bulk tasks of the caller's account, newest first: the Delivery Records list."""
        context = info.context
        page = page_request(first, after, datetime)
        listing = (where or BulkTaskFilter()).listing(context.owner)
        async with context.database.read() as session:
            found = await tasks.page(session, listing, first=page.first, after=page.after)
        return connect(
            show(context, found.rows),
            [(row.created_at, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, tasks.count, listing),
        )
