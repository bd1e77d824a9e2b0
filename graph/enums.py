"""Publishing enumerations of the rules, each value with its description."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

import strawberry

Published = TypeVar("Published", bound=type[Enum])


def publish(
    enum: Published, *, name: str, description: str, values: Mapping[str, str]
) -> Published:
    """Make `enum` a GraphQL enum; fails at import when a value lacks a description."""
    if set(values) != set(enum.__members__):
        differing = sorted(set(values) ^ set(enum.__members__))
        raise TypeError(f"describe each value of {name}, no more: {differing}")
    published: Any = strawberry.enum(enum, name=name, description=description)
    for value in published.__strawberry_definition__.values:
        value.description = values[value.name]
    return enum
