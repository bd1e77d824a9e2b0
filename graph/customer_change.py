"""Entering, moving and deleting customers (CUS-2, CUS-3)."""

from collections.abc import Collection, Sequence
from typing import Annotated

import strawberry

from db import customer as customers
from db.customer import Contact
from domain import customer as rules
from domain import number_list, quota
from domain.customer import EnteredStatus
from domain.number import Number
from domain.number_list import Entry
from graph.context import Info
from graph.customer_group import CustomerGroup
from graph.customer_group import show as show_groups
from graph.customer_target import (
    GROUP_ID,
    NEW_GROUP,
    SMS_TYPE,
    NewCustomerGroupInput,
    Target,
)
from graph.enums import publish
from graph.guard import mutation
from graph.node import encode, key_of
from graph.payload import Payload
from graph.region import SmsType
from policies import actions

publish(
    EnteredStatus,
    name="CustomerAddStatus",
    description="What became of one entered number.",
    values={
        "ADDED": "It is in the group now.",
        "REPEATED": "It stands in the list before; `message` says where.",
        "MEMBER": "It was in the group before.",
    },
)


@strawberry.input(description="Numbers to enter into a customer group.")
class CustomerAddInput:
    """The form of the guide."""

    sms_type: SmsType = strawberry.field(description=SMS_TYPE)
    group_id: strawberry.ID | None = strawberry.field(default=None, description=GROUP_ID)
    new_group: NewCustomerGroupInput | None = strawberry.field(default=None, description=NEW_GROUP)
    numbers: str = strawberry.field(
        description="Up to 100 mobile numbers, one a line: 11 digits for Mainland China, country "
        "or region code and number elsewhere, such as 85266661234 or +85266661234."
    )


@strawberry.type(description="What became of one entered number.")
class CustomerAddResult:
    """One entry, in the order of the list."""

    line: int = strawberry.field(description="The line it stands on, from 1.")
    value: str = strawberry.field(description="What stands there, at most 100 characters of it.")
    phone: str = strawberry.field(description="The number, E.164.")
    status: EnteredStatus = strawberry.field(description="What became of it.")
    message: str | None = strawberry.field(description="Why it was not added; null when it was.")


@strawberry.type(description="The answer to `customerAdd`.")
class CustomerAddPayload(Payload):
    """One result an entry."""

    customer_group: CustomerGroup | None = strawberry.field(
        default=None, description="The group as it is now; null when nothing was entered."
    )
    results: list[CustomerAddResult] = strawberry.field(
        default_factory=list, description="What became of each entry, in the list's order."
    )
    added: int = strawberry.field(default=0, description="How many are new in the group.")


@strawberry.input(description="Which customers to delete.")
class CustomerDeleteInput:
    """Ids."""

    ids: list[strawberry.ID] = strawberry.field(
        description="1 to 100 customers; all of them are deleted, or none."
    )


@strawberry.type(description="The answer to `customerDelete`.")
class CustomerDeletePayload(Payload):
    """What is gone."""

    deleted_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="The ids of the deleted customers."
    )


@strawberry.input(description="Which customers to move, and where to.")
class CustomerMoveInput:
    """Ids and the group."""

    ids: list[strawberry.ID] = strawberry.field(
        description="1 to 100 customers; all of them are moved, or none. Those already in the "
        "group stay there."
    )
    group_id: strawberry.ID = strawberry.field(
        description="A customer group for messages of their type."
    )


@strawberry.type(description="The answer to `customerMove`.")
class CustomerMovePayload(Payload):
    """What is where now."""

    moved_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="The customers that came into the group."
    )
    merged_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="Those whose number the group had already: they are deleted.",
    )


@strawberry.type
class CustomerMutation:
    """Root fields that change customers."""

    @mutation(actions.ADD_SEND_MOBILE_LIST, quota=quota.CUSTOMERS)
    async def customer_add(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            CustomerAddInput, strawberry.argument(description="Type, group and numbers.")
        ],
    ) -> CustomerAddPayload:
        """Enter numbers into a customer group, or into a new one.

        A line that is no mobile number refuses all of them; a number that is there already does
        not. Only new ones count against the quota, over all groups.
        """
        context = info.context
        target = Target.of(input.sms_type, input.group_id, input.new_group)
        entries = number_list.read(input.numbers, None, rules.ENTERED_AT_ONCE)
        rules.check_entries(entries)
        contacts = {
            found.e164: Contact(found.e164, found.country, found.region)
            for entry in entries
            if isinstance(found := entry.found, Number)
        }
        # How many are new is known only in there; the quota's row is held from the start.
        async with context.change(amount=0) as session:
            group = await target.found(session, context.owner, context.now)
            new = await customers.add(session, group, contacts.values(), context.now)
            await session.refresh(group)
        return CustomerAddPayload(
            customer_group=show_groups([group])[0], results=_results(entries, new), added=len(new)
        )

    @mutation(actions.DELETE_CUSTOMERS)
    async def customer_delete(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            CustomerDeleteInput, strawberry.argument(description="Which ones.")
        ],
    ) -> CustomerDeletePayload:
        """Delete customers from their groups, for good."""
        context = info.context
        rules.check_ids(len(input.ids))
        keys = [key_of(each, "Customer") for each in input.ids]
        async with context.change() as session:
            await customers.remove(session, context.owner, keys)
        return CustomerDeletePayload(deleted_ids=_ids(dict.fromkeys(keys)))

    @mutation(actions.MODIFY_CUSTOMERS)
    async def customer_move(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            CustomerMoveInput, strawberry.argument(description="Which ones, and where to.")
        ],
    ) -> CustomerMovePayload:
        """Move customers to another group."""
        context = info.context
        rules.check_ids(len(input.ids))
        keys = [key_of(each, "Customer") for each in input.ids]
        group = key_of(input.group_id, "CustomerGroup")
        async with context.change() as session:
            found = await customers.move(session, context.owner, keys, group)
        return CustomerMovePayload(moved_ids=_ids(found.moved), merged_ids=_ids(found.merged))


def _ids(keys: Collection[int]) -> list[strawberry.ID]:
    return [encode("Customer", key) for key in keys]


def _results(entries: Sequence[Entry], new: Collection[str]) -> list[CustomerAddResult]:
    first_line: dict[str, int] = {}
    results = []
    for entry in entries:
        if not isinstance(entry.found, Number):
            continue
        phone, message = entry.found.e164, None
        status = EnteredStatus.ADDED
        if phone in first_line:
            status, message = EnteredStatus.REPEATED, f"it repeats line {first_line[phone]}"
        elif phone not in new:
            status, message = EnteredStatus.MEMBER, "it is in the group already"
        first_line.setdefault(phone, entry.line)
        results.append(
            CustomerAddResult(
                line=entry.line, value=entry.value, phone=phone, status=status, message=message
            )
        )
    return results
