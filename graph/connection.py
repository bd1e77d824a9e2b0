"""Relay connections over keyset pages."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final, Generic, TypeVar

import orjson
import strawberry

from db.page import Key
from domain.text import quoted, unsendable
from graph.enums import publish
from graph.errors import BadUserInput
from graph.limits import MAX_PAGE, PAGE

MAX_CURSOR_CHARACTERS: Final = 400
CURSOR_PARTS: Final = 2

T = TypeVar("T")

First = Annotated[
    int, strawberry.argument(description=f"How many to give: 1 to {MAX_PAGE}, by default {PAGE}.")
]
After = Annotated[
    str | None, strawberry.argument(description="Give what follows this cursor (`endCursor`).")
]


class Direction(StrEnum):
    """Which end of a list comes first."""

    ASC = "asc"
    DESC = "desc"


publish(
    Direction,
    name="SortDirection",
    description="Which end of a list comes first.",
    values={"ASC": "Smallest or oldest first.", "DESC": "Largest or newest first."},
)


@strawberry.type(description="Where a page begins and ends.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether more follow.")
    has_previous_page: bool = strawberry.field(description="Whether the page followed a cursor.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first item, if any.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last item, if any.")


@strawberry.type(description="One item of a page and the cursor behind it.")
class Edge(Generic[T]):
    """Relay's edge."""

    cursor: str = strawberry.field(description="Pass as `after` to continue behind this item.")
    node: T = strawberry.field(description="The item.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[T]):
    """Relay's connection; `nodes` spares the detour over edges."""

    edges: list[Edge[T]] = strawberry.field(description="The items with their cursors.")
    nodes: list[T] = strawberry.field(description="The items.")
    page_info: PageInfo = strawberry.field(description="Where the page begins and ends.")
    counter: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="How many there are in all; counted only when asked for."
    )
    async def total_count(self) -> int:
        """Count on demand: a count costs as much as the list is long."""
        return await self.counter()


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The checked arguments of a list, and its order where it has several."""

    first: int
    after: Key | None
    order: str = ""


def page_request(
    first: int,
    after: str | None,
    kind: type[datetime | int | str],
    identity: type[int | str] = int,
    *,
    order: str = "",
) -> PageRequest:
    """Check `first` and `after`; the list is sorted by a `kind` and then by an `identity`.

    A cursor of a list with several orders is good for the `order` it was given in.
    """
    if not 1 <= first <= MAX_PAGE:
        raise BadUserInput(f'"first" must be 1 to {MAX_PAGE}, not {first}', argument="first")
    key = None if after is None else _read_cursor(after, kind, identity, order)
    return PageRequest(first, key, order)


def connect(
    nodes: Sequence[T],
    keys: Sequence[Key],
    *,
    page: PageRequest,
    has_next: bool,
    counter: Callable[[], Awaitable[int]],
) -> Connection[T]:
    """Put a page together; `keys` are the sort value and identity of each node."""
    cursors = [write_cursor(key, page.order) for key in keys]
    return Connection(
        edges=[Edge(cursor=cursor, node=node) for cursor, node in zip(cursors, nodes, strict=True)],
        nodes=list(nodes),
        page_info=PageInfo(
            has_next_page=has_next,
            has_previous_page=page.after is not None,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
        counter=counter,
    )


def write_cursor(key: Key, order: str = "") -> str:
    """Give the cursor behind what has this sort value and identity."""
    parts = [*key, *_named(order)]
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def _named(order: str) -> list[str]:
    return [order] if order else []


def _read_cursor(
    text: str, kind: type[datetime | int | str], identity: type[int | str], order: str
) -> Key:
    of_what = "this list in this order" if order else "this list"
    message = f'"after" must be a cursor of {of_what}, not {quoted(text)}'
    problem = BadUserInput(message, argument="after")
    if len(text) > MAX_CURSOR_CHARACTERS:
        raise problem
    try:
        padded = text + "=" * (-len(text) % 4)
        parts = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(parts, list) or parts[CURSOR_PARTS:] != _named(order):
            raise problem
        value, last = parts[:CURSOR_PARTS]
        if kind is datetime:
            value = datetime.fromisoformat(value)
            if value.tzinfo is None:
                raise problem
            value = value.astimezone(UTC)
    except (binascii.Error, ValueError, TypeError, OverflowError):
        raise problem from None
    if not isinstance(value, kind) or not isinstance(last, identity) or _unusable(value, last):
        raise problem
    return value, last


def _unusable(*values: object) -> bool:
    # No list is sorted by what a database column cannot hold.
    return any(
        unsendable(value) is not None
        if isinstance(value, str)
        else isinstance(value, bool) or (isinstance(value, int) and abs(value) >= 2**63)
        for value in values
    )
