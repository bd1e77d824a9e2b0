"""What a query may cost, checked before anything of it runs; constant, so validation is cached."""

from typing import Any, Final

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)

MAX_TOKENS: Final = 2_000
MAX_DEPTH: Final = 12
MAX_ALIASES: Final = 30
MAX_DIRECTIVES: Final = 30
MAX_ROOT_MUTATIONS: Final = 10
MAX_COST: Final = 10_000
MAX_SCHEMA_ALIASES: Final = 5
PAGE: Final = 20
MAX_PAGE: Final = 100
LISTS: Final = ("first", "last")
SCHEMA_FIELDS: Final = ("__schema", "__type")


class QueryBounds(ValidationRule):
    """Bounds depth, aliases, directives, root mutations and the number of objects asked for.

    One pass over each operation with fragments followed in place. The work is bounded too: every
    selection that is followed counts, whatever it selects, because fragments that each spread
    the next one twice double with every line; the walk stops at the first bound that is passed,
    and a fragment that names itself is left to the rule that forbids it.
    """

    def __init__(self, context: ValidationContext) -> None:
        """Count anew for each document."""
        super().__init__(context)
        self._start(is_mutation=False)

    def _start(self, *, is_mutation: bool) -> None:
        self.visited = self.aliases = self.schema_aliases = self.directives = self.mutations = 0
        self.is_mutation = is_mutation

    def enter_operation_definition(self, node: OperationDefinitionNode, *_args: Any) -> None:
        """Measure one operation and report the first bound it passes."""
        self._start(is_mutation=node.operation is OperationType.MUTATION)
        try:
            cost = self._measure(node.selection_set, depth=1, rows=1, path=())
        except _Bound as bound:
            self._report(str(bound), node)
            return
        if cost > MAX_COST:
            self._report(f"the query asks for up to {cost} objects, more than {MAX_COST}", node)

    def _report(self, message: str, node: OperationDefinitionNode) -> None:
        extensions = {"code": "QUERY_TOO_COSTLY"}
        self.context.report_error(GraphQLError(message, node, extensions=extensions))

    def _measure(
        self, selections: SelectionSetNode, depth: int, rows: int, path: tuple[str, ...]
    ) -> int:
        if depth > MAX_DEPTH:
            raise _Bound(f"the query is nested deeper than {MAX_DEPTH} levels")
        cost = 0
        for selection in selections.selections:
            self._visit(selection)
            if isinstance(selection, FieldNode):
                cost += self._field(selection, depth, rows, path)
            elif isinstance(selection, InlineFragmentNode):
                cost += self._measure(selection.selection_set, depth, rows, path)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in path:
                fragment = self.context.get_fragment(selection.name.value)
                if fragment is not None:
                    inside = (*path, selection.name.value)
                    cost += self._measure(fragment.selection_set, depth, rows, inside)
        return cost

    def _field(self, field: FieldNode, depth: int, rows: int, path: tuple[str, ...]) -> int:
        self._alias(field, introspection=field.name.value in SCHEMA_FIELDS)
        if self.is_mutation and depth == 1:
            self.mutations += 1
            if self.mutations > MAX_ROOT_MUTATIONS:
                raise _Bound(f"at most {MAX_ROOT_MUTATIONS} mutations in one request")
        if field.selection_set is None:
            return 0
        if field.name.value.startswith("__"):
            self._introspect(field.selection_set, ())
            return 0
        inner = rows * _page(field)
        return inner + self._measure(field.selection_set, depth + 1, inner, path)

    def _introspect(self, selections: SelectionSetNode, path: tuple[str, ...]) -> None:
        # How deep it may go is MaxIntrospectionDepthRule's; an alias repeats all of it.
        for selection in selections.selections:
            self._visit(selection)
            if isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                fragment = self.context.get_fragment(name)
                if fragment is not None and name not in path:
                    self._introspect(fragment.selection_set, (*path, name))
            elif isinstance(selection, FieldNode):
                self._alias(selection, introspection=True)
                if selection.selection_set is not None:
                    self._introspect(selection.selection_set, path)
            elif isinstance(selection, InlineFragmentNode):
                self._introspect(selection.selection_set, path)

    def _alias(self, field: FieldNode, *, introspection: bool) -> None:
        if field.alias is None:
            return
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            raise _Bound(f"the query uses more than {MAX_ALIASES} aliases")
        self.schema_aliases += introspection
        if self.schema_aliases > MAX_SCHEMA_ALIASES:
            raise _Bound(f"introspection uses more than {MAX_SCHEMA_ALIASES} aliases")

    def _visit(self, selection: SelectionNode) -> None:
        self.visited += 1
        if self.visited > MAX_COST:
            raise _Bound(f"the query selects more than {MAX_COST} fields")
        self.directives += len(selection.directives or ())
        if self.directives > MAX_DIRECTIVES:
            raise _Bound(f"the query uses more than {MAX_DIRECTIVES} directives")


class _Bound(Exception):  # noqa: N818 - internal signal, never shown
    pass


def _page(field: FieldNode) -> int:
    for argument in field.arguments or ():
        if argument.name.value in LISTS:
            # A variable's value is not known here; the list itself allows a hundred at most.
            given = argument.value
            return max(1, int(given.value)) if isinstance(given, IntValueNode) else MAX_PAGE
    return PAGE if _is_list(field) else 1


def _is_list(field: FieldNode) -> bool:
    selections = field.selection_set.selections if field.selection_set else ()
    return any(isinstance(s, FieldNode) and s.name.value in {"nodes", "edges"} for s in selections)
