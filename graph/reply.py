"""Reply records: what recipients answered (STA-3)."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import strawberry

from db import record as records
from db import reply_record as replies
from db import signature as signatures
from db.reply_record import ReplyRecord
from db.timeline import Counted, Listing
from domain.serial_no import serial_no
from graph.connection import After, First, page_request
from graph.context import Context, Info
from graph.enums import publish
from graph.guard import query
from graph.limits import PAGE
from graph.node import Node, encode, key_of
from graph.record_list import ReplyRecordInput, wanted
from graph.record_page import BoundedConnection, connect_records, position
from graph.region import Region
from policies import actions


class ReplyStatus(StrEnum):
    """What was made of a reply."""

    RECEIVED = "received"
    UNSUBSCRIBED = "unsubscribed"


publish(
    ReplyStatus,
    name="ReplyStatus",
    description="What was made of a reply.",
    values={
        "RECEIVED": "It was kept, and pushed where the account has a reply callback.",
        "UNSUBSCRIBED": "It was also taken as a wish to get no more messages of the signature.",
    },
)


@strawberry.type(description="What a recipient answered to a message.")
class Reply(Node):
    """One reply; it outlives the message it answers."""

    region: Region = strawberry.field(description="Where its number is registered.")
    phone: str = strawberry.field(description="Whose it is, E.164.")
    content: str = strawberry.field(description="What it says, at most 1,000 characters.")
    replied_at: datetime = strawberry.field(description="When, as the carrier says.")
    status: ReplyStatus = strawberry.field(description="What was made of it.")
    signature_content: str | None = strawberry.field(
        description="What the signature of the message it answers says; null without one."
    )
    message_record_id: strawberry.ID | None = strawberry.field(
        description="The message it answers, for `messageRecord`; null when that is gone."
    )
    serial_no: str | None = strawberry.field(
        description="That message's serial number; null when it is gone."
    )
    application_id: strawberry.ID | None = strawberry.field(
        description="That message's application; null when it was not kept."
    )
    template_id: strawberry.ID | None = strawberry.field(
        description="That message's body template; null when it was not kept."
    )


Wanted = Annotated[ReplyRecordInput, strawberry.argument(description="Which replies to list.")]


@strawberry.type
class ReplyQuery:
    """Root fields that read replies."""

    @query(actions.DESCRIBE_INNER_SMS_REPLY)
    async def reply_record(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The reply's id.")],  # noqa: A002 - the schema's name
    ) -> Reply | None:
        """One reply to a message of the account."""
        context, key = info.context, key_of(id, "Reply")
        async with context.database.read() as session:
            found = await replies.owned(session, context.owner, key)
        return (await _show(context, [found]))[0] if found else None

    @query(actions.DESCRIBE_INNER_SMS_REPLY)
    async def reply_records(
        self,
        info: Info,
        input: Wanted,  # noqa: A002 - the schema's name
        first: First = PAGE,
        after: After = None,
    ) -> BoundedConnection[Reply] | None:
        """Replies to the account's messages, the last one first."""
        context, page = info.context, page_request(first, after, datetime)
        listing = Listing(**await wanted(context, input))
        async with context.database.read() as session:
            found = await replies.page(session, listing, first=page.first, after=position(page))

        async def count() -> Counted:
            async with context.database.read() as session:
                return await replies.count(session, listing)

        return connect_records(await _show(context, found.records), found, page=page, count=count)


async def _show(context: Context, found: Sequence[ReplyRecord]) -> list[Reply]:
    async with context.database.read() as session:
        answered = await records.among(session, {one.message_id for one in found})
        signed = await signatures.among(session, {one.signature_id or 0 for one in found})
    return [
        Reply(
            id=encode("Reply", one.reply_id),
            region=one.region,
            phone=one.phone,
            content=one.text,
            replied_at=one.at,
            status=ReplyStatus.UNSUBSCRIBED if one.opted_out else ReplyStatus.RECEIVED,
            signature_content=sign.content if (sign := signed.get(one.signature_id or 0)) else None,
            message_record_id=encode("MessageRecord", message.message_id) if message else None,
            serial_no=serial_no(message.message_id, message.created_at) if message else None,
            application_id=None if one.app_id is None else encode("Application", one.app_id),
            template_id=None if one.template_id is None else encode("Template", one.template_id),
        )
        for one in found
        for message in [answered.get(one.message_id)]
    ]
