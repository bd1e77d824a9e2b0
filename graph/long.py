"""Whole numbers beyond GraphQL's Int, which ends at 2,147,483,647: money and balances."""

from typing import Final, NewType

import strawberry
from graphql import GraphQLError

MOST: Final = 2**53 - 1  # what a JSON number holds exactly everywhere

Long = NewType("Long", int)


def _parse(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MOST:
        raise GraphQLError(f"Long cannot represent a value that is no whole number to {MOST}")
    return value


LONG: Final = strawberry.scalar(
    name="Long",
    description=f"A whole number from -{MOST} to {MOST}, written as a JSON number.",
    serialize=int,
    parse_value=_parse,
)
