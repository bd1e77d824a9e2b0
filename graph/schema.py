"""The schema: one line a resource, and what holds for every operation."""

import logging
from collections.abc import Iterator
from typing import Final

import strawberry
from graphql import GraphQLError
from strawberry.extensions import (
    AddValidationRules,
    MaxTokensLimiter,
    ParserCache,
    SchemaExtension,
    ValidationCache,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types
from strawberry.types.execution import ExecutionContext

from graph.application import ApplicationMutation, ApplicationQuery
from graph.errors import is_masked
from graph.limits import MAX_TOKENS, QueryBounds
from graph.sign_in import SignInMutation, SignInQuery

log = logging.getLogger(__name__)

QUERIES: Final = (SignInQuery, ApplicationQuery)
MUTATIONS: Final = (SignInMutation, ApplicationMutation)
CACHED_DOCUMENTS: Final = 256


class Errors(SchemaExtension):
    """Gives every error a code, and hides the text of those that are our fault."""

    def on_operation(self) -> Iterator[None]:
        """Rewrite the errors of the finished operation."""
        yield
        result = self.execution_context.result
        errors = getattr(result, "errors", None)
        if errors:
            result.errors = [self._shown(error) for error in errors]  # type: ignore[union-attr] - checked above

    def _shown(self, error: GraphQLError) -> GraphQLError:
        if not is_masked(error):
            error.extensions = {"code": "BAD_USER_INPUT", **(error.extensions or {})}
            return error
        request_id = self.execution_context.context.request_id
        log.error("request %s failed", request_id, exc_info=error.original_error)
        return GraphQLError(
            "something went wrong on our side; quote the request id when you report it",
            nodes=error.nodes,
            path=error.path,
            extensions={"code": "INTERNAL_SERVER_ERROR", "requestId": request_id},
        )


class ConsoleSchema(strawberry.Schema):
    """A schema that logs faults only: a refusal is an answer, and queries hold people's data."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Leave logging to Errors, which knows faults from refusals."""


schema: Final = ConsoleSchema(
    query=merge_types("Query", QUERIES),
    mutation=merge_types("Mutation", MUTATIONS),
    config=StrawberryConfig(disable_field_suggestions=True),
    extensions=[
        Errors,
        lambda: MaxTokensLimiter(MAX_TOKENS),
        # One constant list: rules made anew for each request would never hit the validation cache.
        lambda: AddValidationRules([QueryBounds]),
        lambda: ParserCache(CACHED_DOCUMENTS),
        lambda: ValidationCache(CACHED_DOCUMENTS),
    ],
)
