"""Publishing enumerations of the rules, each value with its description."""

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any, TypeVar

import strawberry

Published = TypeVar("Published", bound=type[Enum])


def publish(
    enum: Published,
    *,
    name: str,
    description: str,
    values: Mapping[str, str],
    hidden: Collection[str] = (),
) -> Published:
    """Make `enum` a GraphQL enum; fails at import when a value lacks a description.

    `hidden` are values that no answer has: they are left out.
    """
    if {*values, *hidden} != set(enum.__members__):
        differing = sorted({*values, *hidden} ^ set(enum.__members__))
        raise TypeError(f"describe each value of {name}, no more: {differing}")
    published: Any = strawberry.enum(enum, name=name, description=description)
    definition = published.__strawberry_definition__
    definition.values = [value for value in definition.values if value.name in values]
    for value in definition.values:
        value.description = values[value.name]
    return enum
