"""Customers (CUS-2, CUS-3): numbers entered, listed, looked for, moved and deleted."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.dataloader import DataLoader

from db import customer as customers
from db import customer_group as groups
from db.customer import CustomerRow, Listing
from domain import customer as rules
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.guard import query
from graph.limits import PAGE
from graph.node import Node, encode, key_of
from graph.region import Region, SmsType
from graph.search import wanted
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The customer's id.")]
GroupNames = DataLoader[int, str | None]
GROUP_NAME = "Its customer group's name; null when the group is gone."


@strawberry.type(description="A number in a customer group.")
class Customer(Node):
    """What an account sees of a customer."""

    phone: str = strawberry.field(description="The number, E.164.")
    country: str = strawberry.field(
        description="Where it is registered, ISO 3166-1; DEF where there is none."
    )
    region: Region = strawberry.field(description="Which SMS it is for.")
    sms_type: SmsType = strawberry.field(description="What the customer is kept for.")
    group_id: strawberry.ID = strawberry.field(description="The customer group.")
    created_at: datetime = strawberry.field(description="When it was entered or imported.")
    group_key: strawberry.Private[int]
    names: strawberry.Private[GroupNames]

    @strawberry.field(description=GROUP_NAME)  # type: ignore[untyped-decorator]  # - strawberry types it as Any
    async def group_name(self) -> str | None:
        """Load it together with those of the page's other customers."""
        return await self.names.load(self.group_key)


def load_names(context: Context) -> GroupNames:
    """Load the names of the groups of a page in one statement."""

    async def load(group_ids: list[int]) -> list[str | None]:
        async with context.database.read() as session:
            names = await groups.names(session, context.owner, group_ids)
        return [names.get(group_id) for group_id in group_ids]

    return DataLoader(load)


def show(context: Context, rows: Iterable[CustomerRow]) -> list[Customer]:
    """Show rows the caller may see."""
    names = load_names(context)
    return [
        Customer(
            id=encode("Customer", row.id),
            phone=row.phone,
            country=row.country,
            region=row.region,
            sms_type=row.sms_type,
            group_id=encode("CustomerGroup", row.group_id),
            created_at=row.created_at,
            group_key=row.group_id,
            names=names,
        )
        for row in rows
    ]


@strawberry.type
class CustomerQuery:
    """Root fields that read customers."""

    @query(actions.DESCRIBE_CUSTOMERS)
    async def customer(self, info: Info, id: Id) -> Customer | None:  # noqa: A002 - the schema's name
        """One customer of the account."""
        key = key_of(id, "Customer")
        async with info.context.database.read() as session:
            row = await customers.owned(session, info.context.owner, key)
        return show(info.context, [row])[0] if row else None

    @query(actions.DESCRIBE_CUSTOMERS)
    async def customers(  # noqa: PLR0913, PLR0917 - one argument each in the schema
        self,
        info: Info,
        search: Annotated[
            str | None,
            strawberry.argument(
                description="The beginning of the number: 138 or +86138, 852 or +852."
            ),
        ] = None,
        group_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only those of this group.")
        ] = None,
        region: Annotated[
            Region | None, strawberry.argument(description="Only those registered there.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[Customer] | None:
        """The account's customers, the last added first; by number with `search` or `region`."""
        context, part = info.context, wanted(search)
        spans = rules.spans(part, region) if part or region else None
        page = page_request(first, after, int if spans is None else str)
        group = None if group_id is None else key_of(group_id, "CustomerGroup")
        listing = Listing(context.owner, group, spans)
        async with context.database.read() as session:
            found = await customers.page(session, listing, first=page.first, after=page.after)
        return connect(
            show(context, found.rows),
            [(row.id if spans is None else row.phone, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, customers.count, listing),
        )
