"""Pulling statuses and replies, each once, and looking them up by number (API-3)."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Self

import strawberry

from db import application as applications
from db import pull, pull_number, pull_setting
from db.pull import OF_REPLIES
from db.session import AsyncSession
from domain import number, outcome
from domain import pull as rules
from domain.errors import Code, Problem, Refused
from graph.context import Context, Info
from graph.guard import mutation, query
from graph.moment import moment
from graph.node import key_of
from graph.payload import Payload
from policies import actions


@strawberry.type(description="What became of a message for good.")
class PulledStatus:
    """A receipt, or a refusal before the message was submitted."""

    serial_no: str = strawberry.field(description="Serial number of the message.")
    phone: str = strawberry.field(
        description="Number of the recipient, in E.164; as it was given where it is none."
    )
    dial_code: str = strawberry.field(
        description="Country calling code, without plus; empty where the number is none."
    )
    subscriber_number: str = strawberry.field(description="The number without it.")
    delivered: bool = strawberry.field(description="Whether it arrived.")
    code: str = strawberry.field(description="The carrier's or the submission's code.")
    reason: str = strawberry.field(description="What the code means.")
    at: datetime = strawberry.field(description="When, by the carrier's clock.")
    session_context: str = strawberry.field(
        description="What the program that sent it gave with it; empty when nothing."
    )

    @classmethod
    def of(cls, status: rules.PulledStatus) -> Self:
        """Show a record."""
        dial_code, subscriber_number = status.number
        return cls(
            serial_no=status.serial_no,
            phone=status.phone,
            dial_code=dial_code,
            subscriber_number=subscriber_number,
            delivered=status.delivered,
            code=status.code,
            reason=outcome.lookup(status.code).reason,
            at=status.at,
            session_context=status.session_context,
        )


@strawberry.type(description="What a recipient answered.")
class PulledReply:
    """One reply."""

    phone: str = strawberry.field(description="Number of the recipient, in E.164.")
    dial_code: str = strawberry.field(description="Country calling code, without plus.")
    subscriber_number: str = strawberry.field(description="The number without it.")
    text: str = strawberry.field(description="What they wrote.")
    signature_content: str = strawberry.field(
        description="What the signature of the message they answered says, or empty."
    )
    extend: str = strawberry.field(description="Extension code of that message, or empty.")
    at: datetime = strawberry.field(description="When, by the carrier's clock.")

    @classmethod
    def of(cls, reply: rules.PulledReply) -> Self:
        """Show a record."""
        dial_code, subscriber_number = reply.number
        return cls(
            phone=reply.phone,
            dial_code=dial_code,
            subscriber_number=subscriber_number,
            text=reply.text,
            signature_content=reply.sign,
            extend=reply.extend,
            at=reply.at,
        )


@strawberry.input(description="Whose records to take, and how many.")
class PullRecordsInput:
    """An application and a number of records."""

    application_id: strawberry.ID = strawberry.field(description="The application's id.")
    limit: int = strawberry.field(
        default=rules.AT_ONCE, description=f"Records to take at most, 1 to {rules.AT_ONCE}."
    )


@strawberry.type(description="Statuses that were taken off the queue, oldest first.")
class StatusPullPayload(Payload):
    """Records that are given this once."""

    statuses: list[PulledStatus] = strawberry.field(
        default_factory=list, description="They are given this once: keep them."
    )


@strawberry.type(description="Replies that were taken off the queue, oldest first.")
class ReplyPullPayload(Payload):
    """Records that are given this once."""

    replies: list[PulledReply] = strawberry.field(
        default_factory=list, description="They are given this once: keep them."
    )


@strawberry.input(description="Which number to look up.")
class PhoneNumberInput:
    """An application, a number and a time."""

    application_id: strawberry.ID = strawberry.field(description="The application's id.")
    phone: str = strawberry.field(description="The whole number, in any common form.")
    start: datetime = strawberry.field(
        name="from",
        description=f"The earliest time; of more than {rules.KEPT.days} days ago nothing is given.",
    )
    end: datetime | None = strawberry.field(
        name="to", default=None, description="The time it ends; now when left out."
    )
    limit: int = strawberry.field(
        default=rules.AT_ONCE, description=f"Records to give at most, 1 to {rules.AT_ONCE}."
    )


Wanted = Annotated[PullRecordsInput, strawberry.argument(description="What to take.")]
Number = Annotated[PhoneNumberInput, strawberry.argument(description="What to look up.")]


@strawberry.type
class PulledQuery:
    """Root fields that look up records by number."""

    @query(actions.PULL_SMS_SEND_STATUS_BY_PHONE_NUMBER)
    async def statuses_by_phone_number(
        self,
        info: Info,
        input: Number,  # noqa: A002 - the schema's name
    ) -> list[PulledStatus] | None:
        """Receipts of what an application sent to a number in the last 7 days, oldest first.

        This takes nothing off a queue, and works whether pulling is on or not.
        """
        context = info.context
        asked = _asked(context, input)
        async with context.database.read() as session:
            key = await _application(session, context, input.application_id)
            found = await pull_number.statuses(session, context.owner, key, *asked)
        return [PulledStatus.of(status) for status in found]

    @query(actions.PULL_SMS_REPLY_STATUS_BY_PHONE_NUMBER)
    async def replies_by_phone_number(self, info: Info, input: Number) -> list[PulledReply] | None:  # noqa: A002 - the schema's name
        """Replies of a number to an application's messages in the last 7 days, oldest first.

        This takes nothing off a queue, and works whether pulling is on or not.
        """
        context = info.context
        asked = _asked(context, input)
        async with context.database.read() as session:
            key = await _application(session, context, input.application_id)
            found = await pull_number.replies(session, context.owner, key, *asked)
        return [PulledReply.of(reply) for reply in found]


@strawberry.type
class PulledMutation:
    """Root fields that take records off a queue."""

    @mutation(actions.PULL_SMS_SEND_STATUS)
    async def status_pull(self, info: Info, input: Wanted) -> StatusPullPayload:  # noqa: A002 - the schema's name
        """Take statuses of an application's messages off its queue, oldest first, each once."""
        rules.check_limit(input.limit)
        context = info.context
        async with context.change() as session:
            key = await _application(session, context, input.application_id)
            await _on(session, context, key)
            taken = await pull.statuses(session, key, input.limit)
        return StatusPullPayload(statuses=[PulledStatus.of(status) for status in taken])

    @mutation(actions.PULL_SMS_REPLY_STATUS)
    async def reply_pull(self, info: Info, input: Wanted) -> ReplyPullPayload:  # noqa: A002 - the schema's name
        """Take replies to an application's messages off the queue, oldest first, each once."""
        rules.check_limit(input.limit)
        context = info.context
        async with context.change() as session:
            key = await _application(session, context, input.application_id)
            await _on(session, context, OF_REPLIES)
            taken = await pull.replies(session, context.owner, key, input.limit)
        return ReplyPullPayload(replies=[PulledReply.of(reply) for reply in taken])


def _asked(context: Context, wanted: PhoneNumberInput) -> tuple[str, datetime, datetime, int]:
    rules.check_limit(wanted.limit)
    start, end = moment(wanted.start, "from"), moment(wanted.end, "to")
    start, end = rules.window(start or wanted.start, end, context.now)
    found = number.anywhere(wanted.phone)
    if isinstance(found, Problem):
        raise Refused(replace(found, field=("phone",)))
    return found.e164, start, end, wanted.limit


async def _application(session: AsyncSession, context: Context, given: str) -> int:
    key = key_of(given, "Application")
    if await applications.owned(session, context.owner, key) is None:
        message = "there is no such application"
        raise Refused.one(Code.NOT_FOUND, message, "application_id")
    return key


async def _on(session: AsyncSession, context: Context, app_id: int) -> None:
    if await pull_setting.find(session, context.owner, app_id) is None:
        field = "replyPullUpdate" if app_id == OF_REPLIES else "statusPullUpdate"
        raise Refused.one(Code.WRONG_STATE, f"pulling is off: switch it on by {field}")
