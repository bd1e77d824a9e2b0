"""Sending single messages, as a program does through the server API (API-2)."""

from typing import Annotated, Final

import strawberry

from db import send
from db.send import SendRefused, SendRequest, SendResult
from domain import country, number, send_check
from domain.errors import Code, Problem, Refused
from domain.send import RECIPIENTS_MOST
from graph.context import Info
from graph.errors import BadUserInput
from graph.guard import mutation, query
from graph.node import key_of
from graph.payload import Payload
from policies import actions

# What is wrong with a request as a whole, and which of its fields is at fault.
_PROBLEMS: Final = {
    send_check.NO_APPLICATION: (Code.NOT_FOUND, "application_id"),
    send_check.DISABLED: (Code.WRONG_STATE, "application_id"),
    send_check.NO_NUMBER: (Code.REQUIRED, "numbers"),
    send_check.TOO_MANY: (Code.LIMIT_EXCEEDED, "numbers"),
    send_check.MIXED: (Code.MISMATCH, "numbers"),
}


@strawberry.input(description="One text and up to 200 numbers of one region.")
class MessageSendInput:
    """What a send request has."""

    application_id: strawberry.ID = strawberry.field(description="The application to send from.")
    template_id: strawberry.ID = strawberry.field(description="An approved body template.")
    numbers: list[str] = strawberry.field(
        description="1 to 200 numbers: `+` with country code and number, and those of Mainland "
        "China also bare. All are of Mainland China, or none is."
    )
    params: list[str] = strawberry.field(
        default_factory=list, description="The values of the template's variables, in their order."
    )
    signature: str | None = strawberry.field(
        default=None,
        description="The content of an approved signature. Left out, Mainland China messages have "
        "the one that was approved first, and Global messages have none.",
    )
    session_context: str = strawberry.field(
        default="", description="Fewer than 512 bytes that come back with pulled statuses."
    )
    extend: str = strawberry.field(
        default="", description="At most 20 digits that come back with replies."
    )
    sender_id: str = strawberry.field(
        default="", description="The name or number Global messages are sent from, if any."
    )


@strawberry.type(description="What became of one number of a send request.")
class MessageSendResult:
    """Accepted under a serial number, or refused by a code."""

    phone: str = strawberry.field(description="The number, E.164; as it was given if it is none.")
    code: str = strawberry.field(description="`Ok`, or the published code of what is wrong.")
    message: str = strawberry.field(description="What the code means, and the way out.")
    serial_no: str | None = strawberry.field(
        description="What the message is called from now on; null when it was refused."
    )
    segments: int = strawberry.field(description="Segments it is billed as; 0 when refused.")
    country: str | None = strawberry.field(
        description="Where the number is registered, ISO 3166-1; null when it was refused."
    )

    @classmethod
    def of(cls, result: SendResult) -> "MessageSendResult":
        """Show one result."""
        return cls(
            phone=result.phone,
            code=result.code,
            message=result.message,
            serial_no=result.serial_no or None,
            segments=result.segments,
            country=result.iso_code or None,
        )


@strawberry.type(description="The answer to `messageSend`.")
class MessageSendPayload(Payload):
    """One result a number, in their order."""

    results: list[MessageSendResult] = strawberry.field(
        default_factory=list,
        description="What became of each number, in their order; empty when the request as a "
        "whole was refused. Those refused are kept as records, too.",
    )


@strawberry.type(description="What a phone number is.")
class PhoneNumberInfo:
    """A number taken apart, or what is wrong with it."""

    input: str = strawberry.field(description="The number as it was given.")
    valid: bool = strawberry.field(description="Whether a text message can be sent to it.")
    message: str = strawberry.field(description="What is wrong with it; empty when it is valid.")
    phone: str | None = strawberry.field(default=None, description="The number, E.164.")
    dial_code: str | None = strawberry.field(
        default=None, description="Its country code, without plus."
    )
    subscriber_number: str | None = strawberry.field(
        default=None, description="The number without that code."
    )
    country: str | None = strawberry.field(
        default=None, description="Where it is registered, ISO 3166-1."
    )
    country_name: str | None = strawberry.field(default=None, description="The name of that place.")

    @classmethod
    def of(cls, text: str) -> "PhoneNumberInfo":
        """Read one number."""
        found = number.anywhere(text)
        if isinstance(found, Problem):
            return cls(input=text, valid=False, message=found.message)
        return cls(
            input=text,
            valid=True,
            message="",
            phone=found.e164,
            dial_code=found.dial_code,
            subscriber_number=found.e164.removeprefix(f"+{found.dial_code}"),
            country=found.country,
            country_name=country.name(found.country),
        )


@strawberry.type
class MessageSendQuery:
    """Root fields about numbers."""

    @query(actions.DESCRIBE_PHONE_NUMBER_INFO)
    async def phone_number_info(
        self,
        numbers: Annotated[
            list[str], strawberry.argument(description="At most 200 numbers, however written.")
        ],
    ) -> list[PhoneNumberInfo] | None:
        """What each of some phone numbers is, in their order."""
        if len(numbers) > RECIPIENTS_MOST:
            message = f"numbers has {len(numbers)} entries: ask for at most {RECIPIENTS_MOST}"
            raise BadUserInput(message, argument="numbers")
        return [PhoneNumberInfo.of(text) for text in numbers]


@strawberry.type
class MessageSendMutation:
    """Root fields that send single messages."""

    @mutation(actions.SEND_SMS)
    async def message_send(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            MessageSendInput, strawberry.argument(description="What to send, and to whom.")
        ],
    ) -> MessageSendPayload:
        """Send one text to each number, before every bulk task; each is told for itself."""
        context = info.context
        request = SendRequest(
            account_uin=context.owner,
            app_id=key_of(input.application_id, "Application"),
            template_id=key_of(input.template_id, "Template"),
            signature=input.signature,
            params=input.params,
            recipients=input.numbers,
            session_context=input.session_context,
            extend=input.extend,
            sender_id=input.sender_id,
        )
        try:
            async with context.change() as session:
                results = await send.send(session, request, context.now, context.terms)
        except SendRefused as refusal:
            raise Refused(_problem(refusal)) from refusal
        return MessageSendPayload(results=[MessageSendResult.of(each) for each in results])


def _problem(refusal: SendRefused) -> Problem:
    code, field = _PROBLEMS.get(refusal.code, (Code.INVALID, refusal.field))
    return Problem(code, str(refusal), (field,) if field else ())
