"""`node(id)`: any object through the field that shows its kind, and under that field's action."""

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry
from strawberry.types.base import StrawberryOptional, has_object_definition
from strawberry.types.field import StrawberryField

from graph.context import Info
from graph.guard import query
from graph.node import Node, decode
from policies import actions


def lookup(queries: Sequence[type]) -> type:
    """Give a query type whose `node` reaches whatever some field of `queries` shows by id alone."""
    fields = dict(found for query_type in queries for found in _by_id(query_type))

    @strawberry.type
    class NodeQuery:
        @query(actions.DESCRIBE_NODE)
        async def node(
            self,
            info: Info,
            id: Annotated[strawberry.ID, strawberry.argument(description="The object's id.")],  # noqa: A002 - the schema's name
        ) -> Node | None:
            """Any object by its id; asks for the action that the field of its kind asks for."""
            kind, _ = decode(id)
            field = fields.get(kind)
            if field is None or field.base_resolver is None:
                return None
            (guard,) = field.extensions
            resolver: Any = field.base_resolver.wrapped_func
            found: Node | None = await guard.resolve_async(resolver, None, info, id=id)
            return found

    return NodeQuery


def _by_id(query_type: Any) -> list[tuple[str, StrawberryField]]:
    found = []
    for field in query_type.__strawberry_definition__.fields:
        shown = field.type.of_type if isinstance(field.type, StrawberryOptional) else None
        by_id_alone = [argument.python_name for argument in field.arguments] == ["id"]
        if by_id_alone and has_object_definition(shown) and issubclass(shown, Node):
            found.append((shown.__strawberry_definition__.name, field))
    return found
