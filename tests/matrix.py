"""Every root field of the schema with an operation that calls it, generated from the types."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    is_required_argument,
    is_required_input_field,
)
from starlette.datastructures import UploadFile

from graph.node import encode
from graph.schema import schema
from graph.target import EachApplication, Target
from policies.actions import Action, Level

SCALARS: Mapping[str, Any] = {
    "String": "x",
    "Int": 1,
    "Long": 1,
    "Float": 1.0,
    "Boolean": True,
    "DateTime": "2026-03-02T03:00:00+00:00",
    "Date": "2026-03-02",
    "JSON": {},
}


@dataclass(frozen=True, slots=True)
class RootField:
    """One root field, what it asks for, and an operation that calls it alone."""

    name: str
    action: Action
    target: Target | EachApplication | None
    document: str
    arguments: Mapping[str, GraphQLInputType]
    python_names: Mapping[str, str]

    @property
    def kind(self) -> str | None:
        """The kind of the object it acts upon, where it acts upon one of an application."""
        return self.target.kind if isinstance(self.target, Target) else None

    @property
    def is_per_application(self) -> bool:
        """Whether it can be granted for one application."""
        return self.action.level is Level.RESOURCE and self.kind is not None

    def variables(self, objects: Mapping[str, str]) -> dict[str, Any]:
        """Fill in what must be given; `objects` has the id of an object of each kind."""
        path = self.target.path if isinstance(self.target, Target) else ()
        return {
            name: _value(kind, (self.python_names[name],), path, objects.get(self.kind or "", ""))
            for name, kind in self.arguments.items()
        }


def root_fields() -> Iterator[RootField]:
    """Give every field of Query and Mutation."""
    types = schema._schema  # noqa: SLF001 - the graphql-core schema has no public name
    roots: tuple[tuple[str, Any, Any], ...] = (
        ("query", schema.query, types.query_type),
        ("mutation", schema.mutation, types.mutation_type),
    )
    for operation, root, shown in roots:
        for field in root.__strawberry_definition__.fields:
            name = schema.config.name_converter.get_graphql_name(field)
            (guard,) = field.extensions
            described = shown.fields[name]
            path = guard.target.path if isinstance(guard.target, Target) else ()
            python_names = {
                schema.config.name_converter.get_graphql_name(argument): argument.python_name
                for argument in field.arguments
            }
            arguments = {
                key: argument.type
                for key, argument in described.args.items()
                if is_required_argument(argument) or python_names[key] in path[:1]
            }
            yield RootField(
                name=name,
                action=guard.action,
                target=guard.target,
                document=_document(operation, name, arguments, described.type),
                arguments=arguments,
                python_names=python_names,
            )


def _document(
    operation: str, name: str, arguments: Mapping[str, GraphQLInputType], answer: Any
) -> str:
    declared = ", ".join(f"${key}: {kind}" for key, kind in arguments.items())
    passed = ", ".join(f"{key}: ${key}" for key in arguments)
    kind = get_named_type(answer)
    selected = ""
    if operation == "mutation":
        selected = " { userErrors { code field message } }"
    elif isinstance(kind, GraphQLObjectType) or hasattr(kind, "fields"):
        selected = " { __typename }"
    head = f"{operation} ({declared})" if declared else operation
    return f"{head} {{ {name}{f'({passed})' if passed else ''}{selected} }}"


def _value(kind: GraphQLInputType, at: tuple[str, ...], path: tuple[str, ...], target: str) -> Any:
    if isinstance(kind, GraphQLNonNull):
        return _value(kind.of_type, at, path, target)
    if isinstance(kind, GraphQLList):
        return [_value(kind.of_type, at, path, target)]
    if isinstance(kind, GraphQLInputObjectType):
        return {
            name: _value(field.type, (*at, field.out_name or name), path, target)
            for name, field in kind.fields.items()
            if is_required_input_field(field) or (*at, field.out_name or name) == path
        }
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    return target if at == path else _leaf(kind)


def _leaf(kind: GraphQLScalarType) -> Any:
    if kind.name == "ID":
        return encode("Nothing", 1)
    if kind.name == "Upload":
        return UploadFile(BytesIO(b"x"), filename="x.png")
    return SCALARS[kind.name]
