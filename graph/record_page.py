"""Pages of records: a count that is bounded, and pages that may be short."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar, cast

import strawberry

from db.timeline import COUNTED_MOST, SCANNED_MOST, Counted, Page, Position
from graph.connection import Connection, PageInfo, PageRequest, connect, write_cursor

T = TypeVar("T")
Counting = Callable[[], Awaitable[Counted]]


@strawberry.type(
    description="One page of a list of records. Where no index leads to what is asked for, as to a "
    f"state, a page is made of {SCANNED_MOST:,} records at most and may have fewer nodes than "
    "`first`, even none, with more to follow: `pageInfo` says so."
)
class BoundedConnection(Connection[T], Generic[T]):
    """A connection that counts up to a bound; `totalCount` is then the bound."""

    counting: strawberry.Private[Counting]

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="Whether there are, or may be, more than `totalCount` says: counting stops at "
        f"{COUNTED_MOST:,}."
    )
    async def has_more_than_counted(self) -> bool:
        """Count on demand, once for both fields."""
        counted = await self.counting()
        return counted.more


def position(page: PageRequest) -> Position | None:
    """Say where to go on: behind a moment and an id, as `page_request` has read them."""
    return cast(Position | None, page.after)


def connect_records(
    nodes: Sequence[T],
    found: Page[Any],
    *,
    page: PageRequest,
    count: Counting,
) -> BoundedConnection[T]:
    """Put a page together; `nodes` show what was found."""
    counting = _once(count)

    async def number() -> int:
        return (await counting()).number

    keys = [one.position for one in found.records]
    whole = connect(nodes, keys, page=page, has_next=found.after is not None, counter=number)
    info = whole.page_info
    end = info.end_cursor if found.after is None else write_cursor(found.after)
    return BoundedConnection(
        edges=whole.edges,
        nodes=whole.nodes,
        page_info=PageInfo(
            has_next_page=info.has_next_page,
            has_previous_page=info.has_previous_page,
            start_cursor=info.start_cursor,
            end_cursor=end,
        ),
        counter=number,
        counting=counting,
    )


def _once(count: Counting) -> Counting:
    running: list[asyncio.Task[Counted]] = []

    async def counted() -> Counted:
        if not running:
            running.append(asyncio.ensure_future(count()))
        return await running[0]

    return counted
