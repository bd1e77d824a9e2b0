"""Which records to list: region, time, number, application and template, read from an input."""

from datetime import date
from typing import Any, Final

import strawberry

from db import statistic as statistics
from domain import number
from domain.errors import Problem, Refused
from domain.statistic import DAYS_MOST, Period, span_of
from graph.context import Context
from graph.errors import BadUserInput, WrongId
from graph.message_status import MessageStatus
from graph.node import key_of
from graph.payload import shown
from graph.region import Region

_KINDS: Final = {
    "app_id": ("application_id", "Application"),
    "template_id": ("template_id", "Template"),
    "task_id": ("bulk_task_id", "BulkTask"),
}


@strawberry.input(description="Which replies to list.")
class ReplyRecordInput:
    """Region and time, narrowed by the rest."""

    region: Region = strawberry.field(description="Where the numbers are registered.")
    period: Period | None = strawberry.field(
        default=None, description="One of the offered periods; or give `from` and `to`."
    )
    first: date | None = strawberry.field(
        name="from", default=None, description="The first day, in the account's time zone."
    )
    last: date | None = strawberry.field(
        name="to", default=None, description=f"The last day; at most {DAYS_MOST} days in all."
    )
    phone: str | None = strawberry.field(
        default=None, description="Only of this number, however it is written."
    )
    application_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only of this application, also of a deleted one."
    )
    template_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only of this body template, also of a deleted one."
    )


@strawberry.input(description="Which messages to list.")
class MessageRecordInput(ReplyRecordInput):
    """What replies are narrowed by, and more."""

    bulk_task_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only of this bulk task; not for replies."
    )
    state: MessageStatus | None = strawberry.field(
        default=None, description="Only those in this state; pages may be short then."
    )


async def wanted(context: Context, given: ReplyRecordInput) -> dict[str, Any]:
    """Read an input as what a Listing takes; raises BadUserInput with every mistake in it."""
    found: dict[str, Any] = {"owner": context.owner, "region": given.region}
    problems: list[tuple[str, str]] = []
    async with context.database.read() as session:
        zone = await statistics.zone_of(session, context.owner)
    try:
        span = span_of(given.period, given.first, given.last, context.now, zone)
        found |= {"start": span.start, "end": span.end}
    except Refused as refusal:
        problems += [(_place(one.field), one.message) for one in refusal.problems]
    if given.phone is not None:
        parsed = number.parse(given.phone, given.region)
        if isinstance(parsed, Problem):
            problems.append(("input.phone", parsed.message))
        else:
            found["phone"] = parsed.e164
    for name, (field, kind) in _KINDS.items():
        if (identity := getattr(given, field, None)) is not None:
            try:
                found[name] = key_of(identity, kind)
            except WrongId as error:
                problems.append((_place((field,)), str(error)))
    if problems:
        said = "; ".join(f"{place}: {message}" for place, message in problems)
        arguments = [place for place, _ in problems]
        raise BadUserInput(said, argument=arguments[0], arguments=arguments)
    return found


def _place(field: tuple[str, ...]) -> str:
    return ".".join(shown(("input", *field)))
