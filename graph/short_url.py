"""Short URLs (URL-1): made by verified organizations, listed, and deleted."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.dataloader import DataLoader

from db import account
from db import short_url as short_urls
from db import template as templates
from db.short_url import ShortUrlRow, SortKey
from db.template import TemplateRow
from domain import quota
from domain import short_url as rules
from domain.account import Capability
from domain.short_url import NAME_MOST, ShortUrlStatus
from domain.short_url_target import URL_MOST
from graph.connection import After, Connection, Direction, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.enums import publish
from graph.guard import mutation, query
from graph.limits import PAGE
from graph.node import Node, encode, key_of
from graph.payload import Payload
from graph.region import Region
from graph.search import wanted
from policies import actions

TEMPLATES_MOST = 20

Id = Annotated[strawberry.ID, strawberry.argument(description="The short URL's id.")]
Search = Annotated[
    str | None,
    strawberry.argument(description="A part of the name or of the original URL, or a short URL."),
]
Templates = DataLoader[int, list[TemplateRow]]

publish(
    ShortUrlStatus,
    name="ShortUrlStatus",
    description="Whether a short URL still leads to its original URL.",
    values={
        "ACTIVE": "It redirects, and its clicks are counted.",
        "EXPIRED": "It has reached the end of its validity and shows a page that says so.",
    },
)
publish(
    SortKey,
    name="ShortUrlSort",
    description="What a list of short URLs is sorted by.",
    values={
        "CREATED_AT": "When it was created.",
        "EXPIRES_AT": "When it stops redirecting.",
        "NAME": "Its name.",
    },
)


@strawberry.input(description="How to sort a list of short URLs.")
class ShortUrlOrder:
    """Sort key and direction."""

    field: SortKey = strawberry.field(default=SortKey.CREATED_AT, description="What to sort by.")
    direction: Direction = strawberry.field(
        default=Direction.DESC, description="Which end comes first."
    )


@strawberry.type(description="A template that holds a short URL, as the short URL names it.")
class ShortUrlTemplate:
    """What tells a template from others; the template itself has an action of its own."""

    id: strawberry.ID = strawberry.field(description="The template's id.")
    template_id: str = strawberry.field(description="Its number: `tpl_id` in send requests.")
    name: str = strawberry.field(description="Its name.")
    region: Region = strawberry.field(description="Where its messages go.")


@strawberry.type(description="A short URL: it redirects, and counts who follows it.")
class ShortUrl(Node):
    """What an account sees of a short URL."""

    name: str = strawberry.field(description="Its name, for the account's own use.")
    url: str = strawberry.field(description="The short URL itself, to be put into a template.")
    original_url: str = strawberry.field(
        description="Where it leads, as browsers are told it: percent-encoded, hosts in xn-- form."
    )
    status: ShortUrlStatus = strawberry.field(description="Whether it still redirects.")
    created_at: datetime = strawberry.field(description="When it was created.")
    expires_at: datetime = strawberry.field(description="When it stops redirecting.")
    key: strawberry.Private[int]
    loader: strawberry.Private[Templates]

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description=f"The templates that hold it, newest first, at most {TEMPLATES_MOST}; those "
        "deleted are left out. Messages sent with them are what its recipients are counted from."
    )
    async def templates(self) -> list[ShortUrlTemplate]:
        """Load them together with those of the page's other short URLs."""
        return [
            ShortUrlTemplate(
                id=encode("Template", row.id),
                template_id=str(row.id),
                name=row.name,
                region=row.region,
            )
            for row in await self.loader.load(self.key)
        ]


def show(context: Context, rows: Iterable[ShortUrlRow]) -> list[ShortUrl]:
    """Show rows the caller may see; their templates are loaded for all of them at once."""
    loader = _loader(context)
    return [
        ShortUrl(
            id=encode("ShortUrl", row.id),
            name=row.name,
            url=rules.address(row.base, row.code),
            original_url=row.target,
            status=rules.status(row.expires_at, context.now),
            created_at=row.created_at,
            expires_at=row.expires_at,
            key=row.id,
            loader=loader,
        )
        for row in rows
    ]


def _loader(context: Context) -> Templates:
    async def load(keys: list[int]) -> list[list[TemplateRow]]:
        async with context.database.read() as session:
            found = await templates.holding(session, context.owner, keys, TEMPLATES_MOST)
        return [list(found.get(key, ())) for key in keys]

    return DataLoader(load)


@strawberry.input(description="A short URL to create.")
class ShortUrlCreateInput:
    """The form of the guide."""

    name: str = strawberry.field(description=f"1 to {NAME_MOST} characters.")
    original_url: str = strawberry.field(
        description=f"Where it leads: http or https, at most {URL_MOST} characters, on a host with "
        "a full name or an IP address, without user name and password."
    )


@strawberry.type(description="The answer to `shortUrlCreate`.")
class ShortUrlPayload(Payload):
    """The new short URL."""

    short_url: ShortUrl | None = strawberry.field(
        default=None, description="The short URL; null when none was created."
    )


@strawberry.input(description="Which short URL to delete.")
class ShortUrlDeleteInput:
    """Id and the confirmation."""

    id: strawberry.ID = strawberry.field(description="The short URL's id.")
    confirm: bool = strawberry.field(
        description="True to confirm: links in messages that were sent stop working at once, the "
        "clicks are erased, and the address is never given out again."
    )


@strawberry.type(description="The answer to `shortUrlDelete`.")
class ShortUrlDeletePayload(Payload):
    """The id of what is gone."""

    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted short URL; null when none was."
    )


@strawberry.type
class ShortUrlQuery:
    """Root fields that read short URLs."""

    @query(actions.DESCRIBE_SHORT_URL_LIST)
    async def short_url(self, info: Info, id: Id) -> ShortUrl | None:  # noqa: A002 - the schema's name
        """One short URL of the caller's account."""
        key = key_of(id, "ShortUrl")
        async with info.context.database.read() as session:
            row = await short_urls.owned(session, info.context.owner, key)
        return show(info.context, [row])[0] if row else None

    @query(actions.DESCRIBE_SHORT_URL_LIST)
    async def short_urls(
        self,
        info: Info,
        search: Search = None,
        order_by: Annotated[
            ShortUrlOrder | None, strawberry.argument(description="How to sort.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[ShortUrl] | None:
        """The short URLs of the caller's account, newest first unless told otherwise."""
        context = info.context
        order = order_by or ShortUrlOrder()
        kind = short_urls.SORT_TYPES[order.field]
        page = page_request(first, after, kind, order=order.field)
        listing = short_urls.Listing(context.owner, wanted(search))
        async with context.database.read() as session:
            found = await short_urls.page(
                session,
                listing,
                order.field,
                descending=order.direction is Direction.DESC,
                first=page.first,
                after=page.after,
            )
        return connect(
            show(context, found.rows),
            [(short_urls.sort_value(row, order.field), row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, short_urls.count, listing),
        )


@strawberry.type
class ShortUrlMutation:
    """Root fields that change short URLs."""

    @mutation(actions.ADD_SHORT_URL, quota=quota.SHORT_URLS)
    async def short_url_create(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            ShortUrlCreateInput, strawberry.argument(description="Name and original URL.")
        ],
    ) -> ShortUrlPayload:
        """Create a short URL, valid for 90 days unless the operator set it otherwise.

        Needs a verified organization.
        """
        context = info.context
        base = context.terms.short_url_base or context.base_url
        async with context.change() as session:
            await account.check(session, context.owner, Capability.SHORT_URL)
            draft = rules.draft(input.name, input.original_url, base)
            row = await short_urls.add(
                session, context.owner, draft, context.now, context.terms.short_url_lasts
            )
        return ShortUrlPayload(short_url=show(context, [row])[0])

    @mutation(actions.DELETE_SHORT_URL)
    async def short_url_delete(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            ShortUrlDeleteInput, strawberry.argument(description="Short URL and confirmation.")
        ],
    ) -> ShortUrlDeletePayload:
        """Delete a short URL for good, together with its clicks."""
        context, key = info.context, key_of(input.id, "ShortUrl")
        rules.check_removal(confirmed=input.confirm)
        async with context.change() as session:
            await short_urls.remove(session, context.owner, key, context.now)
        return ShortUrlDeletePayload(deleted_id=encode("ShortUrl", key))
