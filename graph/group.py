"""Groups of sub-accounts (CAM-1): their members hold what the group holds."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.dataloader import DataLoader

from db import attachment
from db import group as groups
from db import page as pages
from db import policy as policies
from db.group import GroupRow
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.guard import query
from graph.limits import PAGE
from graph.node import Node, encode, key_of
from graph.policy import Policy
from graph.policy import show as show_policies
from graph.search import wanted
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The group's id.")]
Held = DataLoader[str, list[Policy]]


@strawberry.type(description="A group of sub-accounts.")
class Group(Node):
    """What an account sees of a group."""

    name: str = strawberry.field(description="Its name, unique in the account.")
    remark: str = strawberry.field(description="What it is for.")
    created_at: datetime = strawberry.field(description="When it was created.")
    key: strawberry.Private[int]
    held: strawberry.Private[Held]
    sizes: strawberry.Private[DataLoader[int, int]]

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="How many sub-accounts are in it, at most 100."
    )
    async def user_count(self) -> int:
        """Count together with the page's other groups."""
        return await self.sizes.load(self.key)

    @query(actions.LIST_ATTACHED_GROUP_POLICIES)
    async def policies(self, info: Info) -> list[Policy] | None:
        """The policies attached to the group, at most 200."""
        del info
        return await self.held.load(attachment.group_member(self.key))


def load_held(context: Context) -> Held:
    """Load the policies attached to each user and group of a page."""

    async def load(members: list[str]) -> list[list[Policy]]:
        async with context.database.read() as session:
            attached = await attachment.of_members(session, context.owner, members)
            ids = [attachment.custom_id(row.policy) for row in attached]
            rows = await policies.by_ids(session, context.owner, filter(None, ids))
        named = {attachment.custom_policy(row.id): row for row in rows.values()}
        kept = [row for row in attached if row.policy in named or _is_preset(row.policy)]
        shown = show_policies(
            context, [named.get(row.policy, row.policy.removeprefix("policy:")) for row in kept]
        )
        found: dict[str, list[Policy]] = defaultdict(list)
        for row, policy in zip(kept, shown, strict=True):
            found[row.member].append(policy)
        return [found[member] for member in members]

    return DataLoader(load)


def _is_preset(policy: str) -> bool:
    return attachment.custom_id(policy) is None


def load_sizes(context: Context) -> DataLoader[int, int]:
    """Count the members of each group of a page in one statement."""

    async def load(group_ids: list[int]) -> list[int]:
        async with context.database.read() as session:
            counts = await groups.member_counts(session, group_ids)
        return [counts.get(group_id, 0) for group_id in group_ids]

    return DataLoader(load)


def show(context: Context, rows: Iterable[GroupRow]) -> list[Group]:
    """Show rows; what they refer to is loaded for all of them at once."""
    held, sizes = load_held(context), load_sizes(context)
    return [
        Group(
            id=encode("Group", row.id),
            name=row.name,
            remark=row.remark,
            created_at=row.created_at,
            key=row.id,
            held=held,
            sizes=sizes,
        )
        for row in rows
    ]


@strawberry.type
class GroupQuery:
    """Root fields that read groups."""

    @query(actions.GET_GROUP)
    async def group(self, info: Info, id: Id) -> Group | None:  # noqa: A002 - the schema's name
        """One group of the caller's account."""
        key = key_of(id, "Group")
        async with info.context.database.read() as session:
            row = await groups.owned(session, info.context.owner, key)
        return show(info.context, [row])[0] if row else None

    @query(actions.LIST_GROUPS)
    async def groups(
        self,
        info: Info,
        search: Annotated[
            str | None, strawberry.argument(description="A part of the name.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[Group] | None:
        """The groups of the caller's account, by name."""
        context = info.context
        page = page_request(first, after, str)
        listing = groups.listing(context.owner, wanted(search))
        async with context.database.read() as session:
            found = await groups.page(session, listing, first=page.first, after=page.after)
        return connect(
            show(context, found.rows),
            [(row.name, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, pages.count, listing),
        )
