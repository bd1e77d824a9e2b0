"""Counting what a list shows, when somebody asks for it."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from db.session import AsyncSession
from graph.context import Context

Listing = TypeVar("Listing")


def counter(
    context: Context, count: Callable[[AsyncSession, Listing], Awaitable[int]], listing: Listing
) -> Callable[[], Awaitable[int]]:
    """Give the function behind `totalCount`; it has a session of its own, as it may never run."""

    async def counted() -> int:
        async with context.database.read() as session:
            return await count(session, listing)

    return counted
