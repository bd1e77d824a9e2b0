"""Customer groups (CUS-4): what customers are sorted by, and sent to."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import strawberry

from db import customer_group as groups
from db.customer_group import CustomerGroupRow, Listing, SortKey
from domain import customer_group as rules
from domain import quota
from graph.connection import After, Connection, Direction, First, connect, page_request
from graph.context import Info
from graph.counter import counter
from graph.enums import publish
from graph.guard import mutation, query
from graph.limits import PAGE
from graph.node import Node, encode, key_of
from graph.payload import Payload
from graph.region import SmsType
from graph.search import wanted
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The customer group's id.")]
NAME = "1 to 64 characters, unique among the account's customer groups."

publish(
    SortKey,
    name="CustomerGroupSort",
    description="What a list of customer groups is sorted by.",
    values={
        "CREATED_AT": "When they were created.",
        "NAME": "Their names.",
        "MEMBERS": "How many customers are in them.",
    },
)


@strawberry.input(description="How to sort a list of customer groups.")
class CustomerGroupOrder:
    """Sort key and direction."""

    field: SortKey = strawberry.field(default=SortKey.CREATED_AT, description="What to sort by.")
    direction: Direction = strawberry.field(
        default=Direction.DESC, description="Which end comes first."
    )


@strawberry.type(description="A group of customers, for messages of one type.")
class CustomerGroup(Node):
    """What an account sees of a group."""

    name: str = strawberry.field(description="Its name, unique in the account.")
    sms_type: SmsType = strawberry.field(description="What its members are sent.")
    member_count: int = strawberry.field(description="How many customers are in it.")
    created_at: datetime = strawberry.field(description="When it was created.")


def show(rows: Iterable[CustomerGroupRow]) -> list[CustomerGroup]:
    """Show rows the caller may see."""
    return [
        CustomerGroup(
            id=encode("CustomerGroup", row.id),
            name=row.name,
            sms_type=row.sms_type,
            member_count=row.members,
            created_at=row.created_at,
        )
        for row in rows
    ]


@strawberry.input(description="A new customer group.")
class CustomerGroupCreateInput:
    """The form of the guide."""

    sms_type: SmsType = strawberry.field(description="What its members are to be sent.")
    name: str = strawberry.field(description=NAME)


@strawberry.input(description="What to change of a customer group.")
class CustomerGroupUpdateInput:
    """The type stays: its members are kept for it."""

    name: str = strawberry.field(description=NAME)


@strawberry.type(description="The answer to a mutation of one customer group.")
class CustomerGroupPayload(Payload):
    """The group as it stands after the mutation."""

    customer_group: CustomerGroup | None = strawberry.field(
        default=None, description="The group; null when it was not changed."
    )


@strawberry.type(description="The answer to `customerGroupDelete`.")
class CustomerGroupDeletePayload(Payload):
    """What is gone."""

    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted group; null when none was."
    )
    deleted_customers: int = strawberry.field(
        default=0, description="How many customers went with it."
    )


@strawberry.type
class CustomerGroupQuery:
    """Root fields that read customer groups."""

    @query(actions.DESCRIBE_CUSTOMER_GROUPS)
    async def customer_group(self, info: Info, id: Id) -> CustomerGroup | None:  # noqa: A002 - the schema's name
        """One customer group of the account."""
        key = key_of(id, "CustomerGroup")
        async with info.context.database.read() as session:
            row = await groups.owned(session, info.context.owner, key)
        return show([row])[0] if row else None

    @query(actions.DESCRIBE_CUSTOMER_GROUPS)
    async def customer_groups(  # noqa: PLR0913, PLR0917 - one argument each in the schema
        self,
        info: Info,
        search: Annotated[
            str | None, strawberry.argument(description="A part of the name.")
        ] = None,
        sms_type: Annotated[
            SmsType | None, strawberry.argument(description="Only those for messages of this type.")
        ] = None,
        order_by: Annotated[
            CustomerGroupOrder | None, strawberry.argument(description="How to sort.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[CustomerGroup] | None:
        """The account's customer groups, the newest first unless told otherwise."""
        context = info.context
        order = order_by or CustomerGroupOrder()
        kind = groups.SORT_TYPES[order.field]
        page = page_request(first, after, kind, order=order.field)
        listing = Listing(context.owner, wanted(search), sms_type)
        async with context.database.read() as session:
            found = await groups.page(
                session,
                listing,
                order.field,
                descending=order.direction is Direction.DESC,
                first=page.first,
                after=page.after,
            )
        return connect(
            show(found.rows),
            [(groups.sort_value(row, order.field), row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, groups.count, listing),
        )


@strawberry.type
class CustomerGroupMutation:
    """Root fields that change customer groups."""

    @mutation(actions.ADD_CUSTOMER_GROUP, quota=quota.CUSTOMER_GROUPS)
    async def customer_group_create(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            CustomerGroupCreateInput, strawberry.argument(description="Type and name.")
        ],
    ) -> CustomerGroupPayload:
        """Create a customer group that nobody is in yet."""
        context = info.context
        draft = rules.draft(input.sms_type, input.name)
        async with context.change() as session:
            row = await groups.add(session, context.owner, draft, context.now)
        return CustomerGroupPayload(customer_group=show([row])[0])

    @mutation(actions.MODIFY_CUSTOMER_GROUP)
    async def customer_group_update(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            CustomerGroupUpdateInput, strawberry.argument(description="The new name.")
        ],
    ) -> CustomerGroupPayload:
        """Rename a customer group."""
        context, key = info.context, key_of(id, "CustomerGroup")
        name = rules.name(input.name)
        async with context.change() as session:
            row = await groups.rename(session, context.owner, key, name)
        return CustomerGroupPayload(customer_group=show([row])[0])

    @mutation(actions.DELETE_CUSTOMER_GROUP)
    async def customer_group_delete(self, info: Info, id: Id) -> CustomerGroupDeletePayload:  # noqa: A002 - the schema's name
        """Delete a customer group with all its customers, for good."""
        context, key = info.context, key_of(id, "CustomerGroup")
        async with context.change() as session:
            gone = await groups.remove(session, context.owner, key, context.now)
        return CustomerGroupDeletePayload(deleted_id=id, deleted_customers=gone)
