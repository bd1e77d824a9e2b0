"""The recipients of a bulk task: each one's state, the rows left out, and the report (BLK-8)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import orjson
import strawberry

from db import page as pages
from db import recipient as recipients
from db import signature as signatures
from db import task as tasks
from db import template as templates
from db.message import MessageRow
from db.task import BulkTaskRow, RowErrorRow
from domain import outcome, template
from domain.errors import Code, Refused
from domain.recipient import shown
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.guard import query
from graph.limits import PAGE
from graph.message_status import MessageStatus
from graph.node import key_of
from graph.task import Id
from graph.task_delivery import IN_DOUBT, UNSENT, unsent
from policies import actions


@strawberry.type(description="One recipient of a bulk task.")
class BulkTaskRecipient:
    """The message of one row."""

    row: int | None = strawberry.field(
        description="Its row in the uploaded file, its place among the members of the groups, or "
        "its line among the numbers entered, from 1."
    )
    phone: str = strawberry.field(description="The number, E.164.")
    country: str = strawberry.field(description="Where it is registered, ISO 3166-1.")
    content: str = strawberry.field(description="The text, with signature and variables.")
    characters: int = strawberry.field(description="Characters it is billed as.")
    segments: int = strawberry.field(description="Segments it is billed as.")
    state: MessageStatus = strawberry.field(description="Where it stands.")
    code: str | None = strawberry.field(description="The carrier's or the rule's code, if any.")
    reason: str | None = strawberry.field(description="What the code means.")
    submitted_at: datetime | None = strawberry.field(description="When the carrier took it.")
    done_at: datetime | None = strawberry.field(description="When its fate was known.")


@strawberry.type(description="Something wrong with one row of a file, member of a group or number.")
class BulkTaskRowError:
    """A row that is left out, and why."""

    row: int = strawberry.field(
        description="The row as the sheet numbers it, the place among the members of the groups, "
        "or the line among the numbers entered, from 1."
    )
    column: str = strawberry.field(
        description="The column, as `B (Name)`, or the customer group's name; empty for the whole "
        "row."
    )
    code: Code = strawberry.field(description="What is wrong, for programs; TAKEN is a duplicate.")
    value: str = strawberry.field(description="The beginning of what stands there.")
    message: str = strawberry.field(description="What is wrong, for people.")


@strawberry.type(description="How often one reason kept a message from arriving.")
class BulkTaskFailure:
    """One line of the failure analysis."""

    code: str = strawberry.field(description="The carrier's or the rule's code.")
    reason: str = strawberry.field(description="What it means.")
    count: int = strawberry.field(description="Messages with it.")
    proportion: float = strawberry.field(description="Its share of all failures, 0 to 1.")


@strawberry.type(description="Recipients of one country or region.")
class BulkTaskCountry:
    """One line of the breakdown."""

    country: str = strawberry.field(description="ISO 3166-1; DEF where there is none.")
    recipients: int = strawberry.field(description="Recipients registered there.")
    segments: int = strawberry.field(description="Segments of their texts.")


@strawberry.type(
    description="The report analysis of one bulk task. `accepted`, `refused`, `inDoubt` and "
    "`unsent` add up to `recipients`."
)
class BulkTaskReport:
    """Totals and reasons."""

    recipients: int = strawberry.field(description="Recipients of the task.")
    segments: int = strawberry.field(description="Segments of all their texts.")
    accepted: int = strawberry.field(description="Submitted to a carrier, which took them.")
    refused: int = strawberry.field(description="Turned down by a rule or the carrier; not sent.")
    delivered: int = strawberry.field(description="A receipt says they arrived.")
    failed: int = strawberry.field(description="A receipt says they did not arrive.")
    awaited: int = strawberry.field(description="Accepted, and no receipt has come yet.")
    in_doubt: int = strawberry.field(description=IN_DOUBT)
    unsent: int = strawberry.field(description=UNSENT)
    delivery_rate: float | None = strawberry.field(
        description="Delivered by accepted, 0 to 1; null while none was accepted."
    )
    failures: list[BulkTaskFailure] = strawberry.field(
        description="Why messages were refused or failed, most frequent first."
    )
    task: strawberry.Private[BulkTaskRow]

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="Where recipients are registered, most first. For a Global task it reads each "
        "of them: ask once, and poll without it."
    )
    async def countries(self, info: Info) -> list[BulkTaskCountry]:
        """Count them when asked: a page that polls the figures does not."""
        async with info.context.database.read() as session:
            found = await recipients.countries(session, self.task)
        return [
            BulkTaskCountry(country=country, recipients=number, segments=segments)
            for country, number, segments in found
        ]


@strawberry.type
class RecipientQuery:
    """Root fields that read what a bulk task sends to."""

    @query(actions.DESCRIBE_SEND_SMS_DETAIL)
    async def bulk_task_recipients(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        state: Annotated[
            MessageStatus | None, strawberry.argument(description="Only those in this state.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[BulkTaskRecipient] | None:
        """The recipients of a bulk task, in the order they were given in."""
        context = info.context
        page = page_request(first, after, int)
        task = await _task(context, id)
        listed = recipients.recipients(task.id, task.status, state)
        async with context.database.read() as session:
            found = await recipients.page(session, listed, first=page.first, after=page.after)
        return connect(
            await _recipients(context, task, found.rows),
            [(row.id or 0, row.id or 0) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, pages.count, listed),
        )

    @query(actions.DESCRIBE_SEND_SMS_DETAIL)
    async def bulk_task_row_errors(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        first: First = PAGE,
        after: After = None,
    ) -> Connection[BulkTaskRowError] | None:
        """What a bulk task leaves out of what it was given, in its order, and why."""
        context = info.context
        page = page_request(first, after, int)
        task = await _task(context, id)
        listed = recipients.row_errors(task.id)
        async with context.database.read() as session:
            found = await recipients.row_error_page(
                session, listed, first=page.first, after=page.after
            )
        return connect(
            [_row_error(row) for row in found.rows],
            [(row.row, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, pages.count, listed),
        )

    @query(actions.DESCRIBE_SEND_SMS_RESULT)
    async def bulk_task_report(self, info: Info, id: Id) -> BulkTaskReport | None:  # noqa: A002 - the schema's name
        """The report analysis of a bulk task: totals, and failures by reason."""
        context = info.context
        task = await _task(context, id)
        async with context.database.read() as session:
            failures = await tasks.failures(session, task.id)
            in_doubt = (await recipients.in_doubt(session, [task.id])).get(task.id, 0)
        total = sum(row.count for row in failures)
        return BulkTaskReport(
            recipients=task.recipients,
            segments=task.segments,
            accepted=task.accepted,
            refused=task.refused,
            delivered=task.delivered,
            failed=task.failed,
            awaited=task.accepted - task.delivered - task.failed,
            in_doubt=in_doubt,
            unsent=unsent(task, in_doubt),
            delivery_rate=task.delivered / task.accepted if task.accepted else None,
            failures=[
                BulkTaskFailure(
                    code=row.code,
                    reason=outcome.lookup(row.code).reason,
                    count=row.count,
                    proportion=row.count / total,
                )
                for row in failures
            ],
            task=task,
        )


async def _task(context: Context, task_id: str) -> BulkTaskRow:
    key = key_of(task_id, "BulkTask")
    async with context.database.read() as session:
        row = await tasks.owned(session, context.owner, key)
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such bulk task", "id")
    return row


async def _recipients(
    context: Context, task: BulkTaskRow, rows: Sequence[MessageRow]
) -> list[BulkTaskRecipient]:
    # Texts are not stored: a template never changes once it is approved, nor does a signature.
    async with context.database.read() as session:
        body = (await templates.among(session, {task.template_id}))[task.template_id].content
        signed = await signatures.among(session, {task.signature_id or 0})
    sign = next((row.content for row in signed.values()), None)
    compiled = template.compile(body)
    return [
        BulkTaskRecipient(
            row=row.row_number,
            phone=row.phone,
            country=row.country,
            content=template.full_text(
                sign, compiled.render(orjson.loads(row.params)), task.region
            ),
            characters=row.characters,
            segments=row.segments,
            state=shown(task.status, row.state),
            code=row.code,
            reason=outcome.lookup(row.code).reason if row.code else None,
            submitted_at=row.submitted_at,
            done_at=row.done_at,
        )
        for row in rows
    ]


def _row_error(row: RowErrorRow) -> BulkTaskRowError:
    return BulkTaskRowError(
        row=row.row,
        column=row.column_name,
        code=row.code,
        value=row.value,
        message=row.message,
    )
