"""Top-level errors: a fixed list of codes for what a caller cannot mend in a form."""

import re
from typing import ClassVar, Final

from graphql import GraphQLError

CODES = (
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "BAD_USER_INPUT",
    "QUERY_TOO_COSTLY",
    "THROTTLED",
    "PERSISTED_QUERY_NOT_FOUND",
    "INTERNAL_SERVER_ERROR",
)


class ApiError(Exception):
    """Reaches the client as `errors[]` with `extensions.code`; the message is meant for it."""

    code: ClassVar[str]

    def __init__(self, message: str, **details: object) -> None:
        """Take the message and whatever else helps the client, under `extensions`."""
        super().__init__(message)
        self.extensions = {"code": self.code, **details}


class Unauthenticated(ApiError):  # noqa: N818 - named after the code
    """Nobody is signed in, or the session has ended."""

    code = "UNAUTHENTICATED"


class Forbidden(ApiError):  # noqa: N818 - named after the code
    """No policy allows the action, or one denies it; `action` and `resource` say which."""

    code = "FORBIDDEN"


class BadUserInput(ApiError):  # noqa: N818 - named after the code
    """An argument cannot be read: a malformed id or cursor, a page that is too large."""

    code = "BAD_USER_INPUT"


class WrongId(BadUserInput):
    """`identity` is not an id of this schema, or names another kind of object."""

    def __init__(self, message: str, identity: str) -> None:
        """Take the message and the id as it was given."""
        super().__init__(message)
        self.identity = identity


def is_masked(error: GraphQLError) -> bool:
    """Say whether the client must not see this error's text: a fault of ours, not of the query."""
    original = error.original_error
    return original is not None and not isinstance(original, ApiError | GraphQLError)


# What graphql-core says of a whole object, and of what should have been text.
_ECHO: Final = re.compile(r",? [Ff]ound: .*|(?<=non string value): .*", re.DOTALL)


def hide_input(error: GraphQLError) -> None:
    """Cut off the input that graphql-core quotes in an error: a password may stand in it."""
    if not isinstance(error.original_error, ApiError):
        error.message = _ECHO.sub("", error.message)
