"""Numbers that the frequency limits of an application do not hold for (CFG-4)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from db import allowlist
from db.allowlist import AllowlistRow
from domain import allowlist as rules
from domain import number, quota
from domain.allowlist import Row, RowStatus
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Info
from graph.counter import counter
from graph.enums import publish
from graph.frequency import ApplicationId
from graph.guard import mutation, query
from graph.limits import PAGE
from graph.node import encode, key_of
from graph.payload import Payload
from graph.search import wanted
from graph.target import on_application
from policies import actions

KIND = "FrequencyAllowlistNumber"

publish(
    RowStatus,
    name="FrequencyAllowlistStatus",
    description="What became of one row of a pasted list.",
    values={
        "ADDED": "The number is on the allowlist now.",
        "REMOVED": "The number is on the allowlist no longer.",
        "DUPLICATE": "It was there before, or stands in the list twice; `message` says which.",
        "MISSING": "It was to be removed and is not on the allowlist.",
        "INVALID": "It is not a mobile number; `message` says why.",
    },
)


@strawberry.type(description="A number that an application's frequency limits do not hold for.")
class FrequencyAllowlistNumber:
    """What an account sees of one number on the list."""

    id: strawberry.ID = strawberry.field(description="Names it for `frequencyAllowlistRemove`.")
    phone: str = strawberry.field(description="The number, E.164.")
    country: str = strawberry.field(description="Its country, ISO 3166-1; DEF when it has none.")
    added_at: datetime = strawberry.field(description="When it was added.")
    added_by: str = strawberry.field(description="The uin of the user who added it.")

    @classmethod
    def of(cls, row: AllowlistRow) -> "FrequencyAllowlistNumber":
        """Show a row."""
        return cls(
            id=encode(KIND, row.id),
            phone=row.phone,
            country=row.country,
            added_at=row.added_at,
            added_by=str(row.added_by),
        )


@strawberry.input(description="Which numbers to put on an allowlist.")
class FrequencyAllowlistAddInput:
    """A pasted list."""

    numbers: str = strawberry.field(
        description=f"Up to {rules.ROWS_MOST:,} mobile numbers as people paste them: one a line, "
        "or between commas, semicolons, tabs or blanks; full-width digits, +86 and 0086 are "
        "understood. Other countries' numbers begin with their code, that of North America with +1."
    )


@strawberry.input(description="Which numbers to take off an allowlist: one of the two.")
class FrequencyAllowlistRemoveInput:
    """A pasted list, or ids."""

    numbers: str | None = strawberry.field(
        default=None, description="The numbers, as in `frequencyAllowlistAdd`."
    )
    ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description=f"1 to {rules.IDS_MOST} ids of the list."
    )


@strawberry.type(description="What became of one row.")
class FrequencyAllowlistResult:
    """One row, in the order it was given."""

    line: int = strawberry.field(description="The line it stands on, from 1; of ids, the place.")
    value: str = strawberry.field(description="What stands there, at most 100 characters of it.")
    phone: str | None = strawberry.field(description="The number, E.164; null when it is none.")
    status: RowStatus = strawberry.field(description="What became of it.")
    message: str | None = strawberry.field(description="Why nothing was done; else null.")

    @classmethod
    def of(cls, row: Row) -> "FrequencyAllowlistResult":
        """Show a row."""
        return cls(
            line=row.line,
            value=row.value,
            phone=row.number,
            status=row.status,
            message=row.message or None,
        )


@strawberry.type(description="The answer to a mutation of an allowlist.")
class FrequencyAllowlistPayload(Payload):
    """One result a row."""

    results: list[FrequencyAllowlistResult] = strawberry.field(
        default_factory=list, description="What became of each row; empty when nothing was changed."
    )
    changed: int = strawberry.field(
        default=0, description="How many numbers were added, or removed."
    )


@strawberry.type
class AllowlistQuery:
    """Root fields that read allowlists."""

    @query(actions.DESCRIBE_FREQUENCY_WHITE_LIST, on=on_application("application_id"))
    async def frequency_allowlist(
        self,
        info: Info,
        application_id: ApplicationId,
        search: Annotated[
            str | None, strawberry.argument(description="A part of the number.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[FrequencyAllowlistNumber] | None:
        """The numbers an application's frequency limits do not hold for, the last added first."""
        context, page = info.context, page_request(first, after, datetime)
        sought = wanted(search)
        listing = allowlist.Listing(
            key_of(application_id, "Application"), number.part(sought) or sought
        )
        async with context.database.read() as session:
            found = await allowlist.page(session, listing, first=page.first, after=page.after)
        return connect(
            [FrequencyAllowlistNumber.of(row) for row in found.rows],
            [(row.added_at, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, allowlist.count, listing),
        )


@strawberry.type
class AllowlistMutation:
    """Root fields that change allowlists."""

    @mutation(
        actions.ADD_FREQUENCY_WHITE_LIST,
        on=on_application("application_id"),
        quota=quota.ALLOWLIST,
    )
    async def frequency_allowlist_add(
        self,
        info: Info,
        application_id: ApplicationId,
        input: Annotated[  # noqa: A002 - the schema's name
            FrequencyAllowlistAddInput, strawberry.argument(description="The numbers.")
        ],
    ) -> FrequencyAllowlistPayload:
        """Free numbers of an application's frequency limits, at once.

        Each row is answered by itself. Only numbers that are new count against the quota; when
        they do not all fit, none is added.
        """
        context, key = info.context, key_of(application_id, "Application")
        entries = rules.read(input.numbers)
        # How many are new is known only in there; the quota's row is held from the start.
        async with context.change(amount=0, scope=str(key)) as session:
            new = await allowlist.add(
                session,
                context.owner,
                key,
                rules.numbers(entries),
                context.now,
                context.caller.uin,
            )
        return _answer(rules.added(entries, new), len(new))

    @mutation(actions.DELETE_FREQUENCY_WHITE_LIST, on=on_application("application_id"))
    async def frequency_allowlist_remove(
        self,
        info: Info,
        application_id: ApplicationId,
        input: Annotated[  # noqa: A002 - the schema's name
            FrequencyAllowlistRemoveInput, strawberry.argument(description="Numbers or ids.")
        ],
    ) -> FrequencyAllowlistPayload:
        """Take numbers off an allowlist: the frequency limits hold for them again at once."""
        context, key = info.context, key_of(application_id, "Application")
        rules.check_choice(input.numbers, input.ids)
        entries = rules.read(input.numbers) if input.numbers is not None else []
        keys = [key_of(each, KIND) for each in input.ids or ()]
        async with context.change() as session:
            phones = await allowlist.phones(session, key, keys)
            named = {each.e164 for each in rules.numbers(entries)} | set(phones.values())
            gone = await allowlist.remove(session, context.owner, key, named)
        rows = rules.removed(entries, gone)
        rows += rules.removed_ids(input.ids or (), [phones.get(each) for each in keys], gone)
        return _answer(rows, len(gone))


def _answer(rows: Sequence[Row], changed: int) -> FrequencyAllowlistPayload:
    return FrequencyAllowlistPayload(
        results=[FrequencyAllowlistResult.of(row) for row in rows], changed=changed
    )
