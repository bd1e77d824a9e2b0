"""Who has unsubscribed, asking to undo it, and the record of that (UNS-2, UNS-3)."""

from datetime import datetime
from typing import Annotated

import strawberry

from db import unsubscription as unsubscriptions
from db import unsubscription_removal as removals
from domain import unsubscription as rules
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Info
from graph.counter import counter
from graph.guard import mutation, query
from graph.limits import PAGE
from graph.node import key_of
from graph.number import searched
from graph.payload import Payload
from graph.region import Region, SmsType
from graph.reviewed import ReviewStatus
from graph.unsubscription import Unsubscription, UnsubscriptionRemoval, show, show_removals
from policies import actions


@strawberry.input(description="Which unsubscription to undo, and why.")
class UnsubscriptionRemovalRequestInput:
    """A reviewer reads the reason."""

    id: strawberry.ID = strawberry.field(description="Its id in `unsubscriptions`.")
    reason: str = strawberry.field(
        description="Why the number is to get messages again: 1 to 500 characters."
    )


@strawberry.type(description="The answer to `unsubscriptionRemovalRequest`.")
class UnsubscriptionRemovalRequestPayload(Payload):
    """The request as it stands."""

    unsubscription_removal: UnsubscriptionRemoval | None = strawberry.field(
        default=None, description="The request; null when none was made."
    )


@strawberry.type
class UnsubscriptionQuery:
    """Root fields that read unsubscriptions."""

    @query(actions.DESCRIBE_UNSUBSCRIBE)
    async def unsubscription(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The unsubscription's id.")],  # noqa: A002 - the schema's name
    ) -> Unsubscription | None:
        """One unsubscription of the caller's account."""
        key = key_of(id, "Unsubscription")
        async with info.context.database.read() as session:
            row = await unsubscriptions.owned(session, info.context.owner, key)
        return show(info.context, [row])[0] if row else None

    @query(actions.DESCRIBE_UNSUBSCRIBE)
    async def unsubscriptions(  # noqa: PLR0913, PLR0917 - one argument each in the schema
        self,
        info: Info,
        phone: Annotated[
            str | None,
            strawberry.argument(description="Only this number, however it is written."),
        ] = None,
        signature_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only those of this signature.")
        ] = None,
        sms_type: Annotated[
            SmsType | None, strawberry.argument(description="Only those from this type.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[Unsubscription] | None:
        """Who has unsubscribed from what, and where that stands, the last first.

        With a number and a signature, it is the number's status for each type of message.
        """
        context = info.context
        page = page_request(first, after, datetime)
        listing = unsubscriptions.Listing(
            context.owner,
            searched(phone, Region.MAINLAND, Region.GLOBAL),
            None if signature_id is None else key_of(signature_id, "Signature"),
            sms_type,
        )
        async with context.database.read() as session:
            found = await unsubscriptions.page(session, listing, first=page.first, after=page.after)
        return connect(
            show(context, found.rows),
            [(row.unsubscribed_at, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, unsubscriptions.count, listing),
        )

    @query(actions.DESCRIBE_UNSUBSCRIBE)
    async def unsubscription_removal(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The request's id.")],  # noqa: A002 - the schema's name
    ) -> UnsubscriptionRemoval | None:
        """One request to undo an unsubscription."""
        key = key_of(id, "UnsubscriptionRemoval")
        async with info.context.database.read() as session:
            row = await removals.owned(session, info.context.owner, key)
        return show_removals(info.context, [row])[0] if row else None

    @query(actions.DESCRIBE_UNSUBSCRIBE)
    async def unsubscription_removals(
        self,
        info: Info,
        status: Annotated[
            ReviewStatus | None, strawberry.argument(description="Only those in this state.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[UnsubscriptionRemoval] | None:
        """The application and review record: every request and its decision, the last first."""
        context = info.context
        page = page_request(first, after, datetime)
        listing = removals.Listing(context.owner, status)
        async with context.database.read() as session:
            found = await removals.page(session, listing, first=page.first, after=page.after)
        return connect(
            show_removals(context, found.rows),
            [(row.created_at, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, removals.count, listing),
        )


@strawberry.type
class UnsubscriptionMutation:
    """The root field that asks to undo an unsubscription."""

    @mutation(actions.APPLY_UNSUBSCRIBE_REMOVAL)
    async def unsubscription_removal_request(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            UnsubscriptionRemovalRequestInput,
            strawberry.argument(description="Which one, and why."),
        ],
    ) -> UnsubscriptionRemovalRequestPayload:
        """Ask that a number which unsubscribed gets messages again; an operator decides."""
        context = info.context
        key, reason = key_of(input.id, "Unsubscription"), rules.justification(input.reason)
        async with context.change() as session:
            row = await removals.request(
                session, context.owner, key, reason, context.now, context.terms
            )
        (shown,) = show_removals(context, [row])
        return UnsubscriptionRemovalRequestPayload(unsubscription_removal=shown)
