"""Sub-accounts (CAM-1): who they are, and what they hold."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.dataloader import DataLoader

from db import attachment
from db import group as groups
from db import page as pages
from db import user as users
from db.user import UserRow
from domain import credential
from graph.access_key import AccessKey, load_keys
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.group import Group, Held, load_held
from graph.group import show as show_groups
from graph.guard import query
from graph.limits import PAGE
from graph.node import Node, encode, key_of
from graph.payload import Payload
from graph.policy import Policy
from graph.search import wanted
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The sub-account's id.")]


@strawberry.type(description="A sub-account: somebody who signs in beside the root account.")
class User(Node):
    """What an account sees of a sub-account."""

    uin: str = strawberry.field(description="The sub-account's number.")
    name: str = strawberry.field(description="The name it signs in with, unique in the account.")
    remark: str = strawberry.field(description="What it is for.")
    phone: str = strawberry.field(description="Mobile number in E.164; empty when there is none.")
    email: str = strawberry.field(description="E-mail address; empty when there is none.")
    console_login: bool = strawberry.field(description="Whether it can sign in with a password.")
    must_reset_password: bool = strawberry.field(
        description="Whether it has to choose a new password when it signs in next."
    )
    disabled: bool = strawberry.field(
        description="Whether it is locked out, by password and by access key."
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    signed_in_at: datetime | None = strawberry.field(description="When it last signed in.")
    sign_in_url: str = strawberry.field(
        description="The link that spares it from typing the root account's uin."
    )
    key: strawberry.Private[int]
    held: strawberry.Private[Held]
    joined: strawberry.Private[DataLoader[int, list[Group]]]
    keys: strawberry.Private[DataLoader[int, list[AccessKey]]]

    @query(actions.LIST_GROUPS_FOR_USER)
    async def groups(self, info: Info) -> list[Group] | None:
        """The groups it is in, at most 10."""
        del info
        return await self.joined.load(self.key)

    @query(actions.LIST_ATTACHED_USER_POLICIES)
    async def policies(self, info: Info) -> list[Policy] | None:
        """The policies attached to it directly, at most 200; its groups bring theirs."""
        del info
        return await self.held.load(attachment.user_member(self.key))

    @query(actions.LIST_ACCESS_KEYS)
    async def access_keys(self, info: Info) -> list[AccessKey] | None:
        """Its access keys, at most 2, without their secrets."""
        del info
        return await self.keys.load(self.key)


def load_groups(context: Context) -> DataLoader[int, list[Group]]:
    """Load the groups of each user of a page."""

    async def load(user_uins: list[int]) -> list[list[Group]]:
        async with context.database.read() as session:
            pairs = await groups.of_users(session, context.owner, user_uins)
        shown = show_groups(context, [row for _, row in pairs])
        found: dict[int, list[Group]] = defaultdict(list)
        for (uin, _), group in zip(pairs, shown, strict=True):
            found[uin].append(group)
        return [found[uin] for uin in user_uins]

    return DataLoader(load)


def show(context: Context, rows: Iterable[UserRow]) -> list[User]:
    """Show rows; what they refer to is loaded for all of them at once."""
    held, joined, keys = load_held(context), load_groups(context), load_keys(context)
    return [
        User(
            id=encode("User", row.uin),
            uin=str(row.uin),
            name=row.name,
            remark=row.remark,
            phone=row.phone,
            email=row.email,
            console_login=row.password_hash is not None,
            must_reset_password=row.must_reset,
            disabled=row.disabled,
            created_at=row.created_at,
            signed_in_at=row.signed_in_at,
            sign_in_url=credential.sign_in_url(context.base_url, context.owner),
            key=row.uin,
            held=held,
            joined=joined,
            keys=keys,
        )
        for row in rows
    ]


@strawberry.type(description="The answer to a mutation of one sub-account.")
class UserPayload(Payload):
    """The sub-account as it stands after the mutation."""

    user: User | None = strawberry.field(
        default=None, description="The sub-account; null when it was not changed."
    )


@strawberry.type
class UserQuery:
    """Root fields that read sub-accounts."""

    @query(actions.GET_USER)
    async def user(self, info: Info, id: Id) -> User | None:  # noqa: A002 - the schema's name
        """One sub-account of the caller's account."""
        key = key_of(id, "User")
        async with info.context.database.read() as session:
            row = await users.owned(session, info.context.owner, key)
        return show(info.context, [row])[0] if row else None

    @query(actions.LIST_USERS)
    async def users(
        self,
        info: Info,
        search: Annotated[
            str | None,
            strawberry.argument(description="A part of the name, or the beginning of a uin."),
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[User] | None:
        """The sub-accounts of the caller's account, by name."""
        context = info.context
        page = page_request(first, after, str)
        listing = users.sub_listing(context.owner, wanted(search))
        async with context.database.read() as session:
            found = await users.page(session, listing, first=page.first, after=page.after)
        return connect(
            show(context, found.rows),
            [(row.name, row.uin) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, pages.count, listing),
        )

    @query(actions.LIST_USERS_FOR_GROUP)
    async def group_users(
        self,
        info: Info,
        group_id: Annotated[strawberry.ID, strawberry.argument(description="The group's id.")],
        first: First = PAGE,
        after: After = None,
    ) -> Connection[User] | None:
        """The sub-accounts in one group of the caller's account, by name."""
        context = info.context
        page = page_request(first, after, str)
        listing = groups.member_listing(context.owner, key_of(group_id, "Group"))
        async with context.database.read() as session:
            found = await users.page(session, listing, first=page.first, after=page.after)
        return connect(
            show(context, found.rows),
            [(row.name, row.uin) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, pages.count, listing),
        )
