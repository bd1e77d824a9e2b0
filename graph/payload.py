"""What a mutation answers: its result, or the problems a caller can mend."""

from collections.abc import Sequence

import strawberry

from domain.errors import Code, Problem
from graph.enums import publish

publish(
    Code,
    name="UserErrorCode",
    description="Why an input or a step was refused. Treat an unknown value as INVALID.",
    values={
        "REQUIRED": "The field must be given.",
        "INVALID": "The value has the wrong form.",
        "TOO_SHORT": "The value is shorter than allowed.",
        "TOO_LONG": "The value is longer than allowed.",
        "TOO_LARGE": "The file or list is larger than allowed.",
        "OUT_OF_RANGE": "The number or time lies outside the allowed range.",
        "NOT_FOUND": "There is no such object, or none that the caller may see.",
        "TAKEN": "The value is in use already.",
        "LIMIT_EXCEEDED": "A quota of the account is used up.",
        "NOT_PERMITTED": "The account's identity does not permit this; the message says why.",
        "WRONG_STATE": "The object's state does not permit this step.",
        "MISMATCH": "Two values do not fit each other.",
        "CONSENT_REQUIRED": "The fee has to be consented to first.",
        "INSUFFICIENT_BALANCE": "The packages hold fewer units than needed.",
        "BAD_CREDENTIALS": "The name or the password is wrong.",
        "TOO_MANY_ATTEMPTS": "Too many tries; wait before the next.",
        "CONFLICT": "Somebody else changed the object meanwhile; read it again.",
        "ESCALATION": "It would give a right the caller does not hold, or edit their own access.",
    },
)


@strawberry.type(description="One thing to mend in the input.")
class UserError:
    """A problem as data."""

    field: list[str] | None = strawberry.field(
        description="Path to the offending value from the arguments, or null for the whole."
    )
    message: str = strawberry.field(description="What is wrong, for people; quotes the value.")
    code: Code = strawberry.field(description="What is wrong, for programs.")


@strawberry.type
class Payload:
    """The part every mutation's answer has."""

    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="What to mend; empty when the mutation succeeded."
    )


def user_error(problem: Problem, prefix: tuple[str, ...]) -> UserError:
    """Show a problem under the names the schema gives its fields."""
    path = shown((*prefix, *problem.field)) if problem.field else None
    return UserError(field=path, message=problem.message, code=problem.code)


def shown(path: Sequence[str]) -> list[str]:
    """Give a path the names the schema has."""
    return [_camel(part) for part in path]


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
