"""How a rule says no: problems as values, carried by one exception."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Code(StrEnum):
    """Why an input or a step was refused. Stable: clients branch on these names."""

    REQUIRED = "REQUIRED"
    INVALID = "INVALID"
    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    TOO_LARGE = "TOO_LARGE"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    NOT_FOUND = "NOT_FOUND"
    TAKEN = "TAKEN"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    NOT_PERMITTED = "NOT_PERMITTED"
    WRONG_STATE = "WRONG_STATE"
    MISMATCH = "MISMATCH"
    CONSENT_REQUIRED = "CONSENT_REQUIRED"
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
    BAD_CREDENTIALS = "BAD_CREDENTIALS"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"
    CONFLICT = "CONFLICT"
    ESCALATION = "ESCALATION"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing a caller can mend.

    `field` is the snake_case path inside the input, empty for the whole.
    """

    code: Code
    message: str
    field: tuple[str, ...] = ()


class Refused(Exception):  # noqa: N818 - a refusal is an answer to the caller, not a fault
    """A rule refused the input or the step, for the reasons in `problems` (at least one)."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems

    @classmethod
    def one(cls, code: Code, message: str, *field: str) -> Self:
        """Build a refusal with a single problem."""
        return cls(Problem(code, message, field))
