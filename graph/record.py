"""Message records: what was sent to whom, and what became of it (STA-2)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from db import record as records
from db.record import Listing, Record
from db.timeline import Counted
from domain import outcome
from domain.outcome import Bucket
from domain.record import FAILURES, remarks
from domain.serial_no import message_id_of
from domain.serial_no import serial_no as serial_no_of
from domain.text import quoted
from graph.connection import After, First, page_request
from graph.context import Context, Info
from graph.errors import BadUserInput
from graph.guard import query
from graph.limits import PAGE
from graph.message_status import MessageStatus
from graph.node import Node, encode, key_of
from graph.record_list import MessageRecordInput, wanted
from graph.record_page import BoundedConnection, connect_records, position
from graph.region import Region, SmsType
from policies import actions


@strawberry.type(
    description="A message that was handed to a carrier or turned down; what waits is none yet. "
    "It goes with its month when the operator detaches that."
)
class MessageRecord(Node):
    """What an account sees of one message; numbers and texts are whole, as a task shows them."""

    serial_no: str = strawberry.field(
        description="What the message is called in callbacks and server APIs."
    )
    region: Region = strawberry.field(description="Where its number is registered.")
    phone: str = strawberry.field(
        description="The number, E.164; of one refused for its number, as it was given."
    )
    country: str = strawberry.field(description="Where it is registered, ISO 3166-1.")
    content: str = strawberry.field(
        description="The text as it was sent: with signature and variables, nothing masked."
    )
    characters: int = strawberry.field(description="Characters it is billed as.")
    segments: int = strawberry.field(description="Segments it is billed as.")
    sms_type: SmsType = strawberry.field(description="What it was for.")
    state: MessageStatus = strawberry.field(description="Where it stands.")
    recorded_at: datetime = strawberry.field(
        description="When its carrier answered or it was turned down; the list is in this order."
    )
    initiated_at: datetime | None = strawberry.field(
        description="When it was asked for, in a bulk task when its recipients were read; null of "
        "one that failed."
    )
    answered_at: datetime | None = strawberry.field(
        description="When the carrier took it; null of one that failed."
    )
    ended_at: datetime | None = strawberry.field(
        description="When its fate was known; null before that, and of one that failed."
    )
    remarks: str = strawberry.field(
        description="What was answered about one that was sent; of one that failed, why."
    )
    code: str | None = strawberry.field(description="The carrier's or the rule's code, if any.")
    bucket: Bucket | None = strawberry.field(
        description="What the cause of a failure comes down to; null of one that did not fail."
    )
    application_id: strawberry.ID = strawberry.field(description="The application it is of.")
    template_id: strawberry.ID | None = strawberry.field(
        description="The body template of its text; null where a send named none there is."
    )
    signature_id: strawberry.ID | None = strawberry.field(description="Its signature, if any.")
    bulk_task_id: strawberry.ID | None = strawberry.field(
        description="The bulk task it is of; null of a single message."
    )


Wanted = Annotated[MessageRecordInput, strawberry.argument(description="Which messages to list.")]


@strawberry.type
class RecordQuery:
    """Root fields that read message records."""

    @query(actions.DESCRIBE_SEND_SMS_RECORD)
    async def message_record(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The record's id.")],  # noqa: A002 - the schema's name
    ) -> MessageRecord | None:
        """One message of the account that was sent or turned down."""
        context, key = info.context, key_of(id, "MessageRecord")
        async with context.database.read() as session:
            found = await records.owned(session, context.owner, key)
        return (await _show(context, [found]))[0] if found else None

    @query(actions.DESCRIBE_SEND_SMS_RECORD)
    async def message_record_by_serial_no(
        self,
        info: Info,
        serial_no: Annotated[
            str,
            strawberry.argument(
                description="As a callback, an answer of the API or a record has it."
            ),
        ],
    ) -> MessageRecord | None:
        """One message of the account, by what it is called outside this schema."""
        context, message_id = info.context, message_id_of(serial_no)
        if message_id is None:
            message = (
                f'"serialNo" must be "5000:" and at least eleven digits, not {quoted(serial_no)}'
            )
            raise BadUserInput(message, argument="serialNo")
        async with context.database.read() as session:
            found = await records.owned(session, context.owner, message_id)
        return (await _show(context, [found]))[0] if found else None

    @query(actions.DESCRIBE_SEND_SMS_RECORD)
    async def message_records(
        self,
        info: Info,
        input: Wanted,  # noqa: A002 - the schema's name
        first: First = PAGE,
        after: After = None,
    ) -> BoundedConnection[MessageRecord] | None:
        """The account's messages of a time that were sent or turned down, the last one first.

        Narrowed to a number, an application or a template they cost what they show. Those of a
        bulk task or in a state are looked for among the others: `bulkTaskRecipients` lists a
        task's at once.
        """
        context, page = info.context, page_request(first, after, datetime)
        listing = Listing(**await wanted(context, input), state=input.state)
        async with context.database.read() as session:
            found = await records.page(session, listing, first=page.first, after=position(page))

        async def count() -> Counted:
            async with context.database.read() as session:
                return await records.count(session, listing)

        return connect_records(await _show(context, found.records), found, page=page, count=count)


async def _show(context: Context, found: Sequence[Record]) -> list[MessageRecord]:
    async with context.database.read() as session:
        texts = await records.contents(session, found)
    return [_shown(record, text) for record, text in zip(found, texts, strict=True)]


def _shown(record: Record, text: str) -> MessageRecord:
    failed = record.state in FAILURES
    task_id, signature_id = record.task_id, record.signature_id
    return MessageRecord(
        id=encode("MessageRecord", record.message_id),
        serial_no=serial_no_of(record.message_id, record.created_at),
        region=record.region,
        phone=record.phone,
        country=record.country,
        content=text,
        characters=record.characters,
        segments=record.segments,
        sms_type=record.sms_type,
        state=record.state,
        recorded_at=record.at,
        initiated_at=None if failed else record.created_at,
        answered_at=None if failed else record.submitted_at,
        ended_at=None if failed else record.done_at,
        remarks=remarks(record.state, record.code),
        code=record.code,
        bucket=outcome.lookup(record.code).bucket if failed and record.code else None,
        application_id=encode("Application", record.app_id),
        template_id=encode("Template", record.template_id) if record.template_id else None,
        signature_id=None if signature_id is None else encode("Signature", signature_id),
        bulk_task_id=None if task_id is None else encode("BulkTask", task_id),
    )
