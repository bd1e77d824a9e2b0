"""Counting what a list shows, when somebody asks for it."""

from collections.abc import Awaitable, Callable
from typing import Any

from db import page as pages
from graph.context import Context


def counter(context: Context, listing: Any) -> Callable[[], Awaitable[int]]:
    """Give the function behind `totalCount`; `listing` is a SELECT of the db layer."""

    async def count() -> int:
        async with context.database.read() as session:
            return await pages.count(session, listing)

    return count
