"""One action of the server API: who may call it, what it takes, what it does, how it refuses."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from domain.errors import Code, Problem, Refused
from domain.quota import Quota
from graph.context import Context
from policies.actions import Action
from server.api.v3.fault import ApiFault
from server.api.v3.parameters import Parameters

Result = dict[str, Any]
"""What stands in `Response` beside the RequestId."""

ANY_FIELD: Final = "*"


@dataclass(frozen=True, slots=True)
class Refusals:
    """How refusals of rules are told: the API's names of fields, and codes for what went wrong.

    `codes` is asked for the problem's code and first field, then for its code and `ANY_FIELD`.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[tuple[Code, str], str] = field(default_factory=dict)

    def fault(self, refusal: Refused) -> ApiFault:
        """Give the first problem's code, and every problem's message after its field's name."""
        return ApiFault(self._code(refusal.problems[0]), self._message(refusal.problems))

    def _code(self, problem: Problem) -> str:
        place = problem.field[0] if problem.field else ""
        for key in ((problem.code, place), (problem.code, ANY_FIELD)):
            if key in self.codes:
                return self.codes[key]
        return "InvalidParameterValue" if place in self.fields else "FailedOperation"

    def _message(self, problems: Sequence[Problem]) -> str:
        said = []
        for problem in problems:
            name = self.fields.get(problem.field[0]) if problem.field else None
            said.append(f"{name}: {problem.message}" if name else problem.message)
        return "; ".join(said)


@dataclass(frozen=True, slots=True)
class Operation:
    """An action under its published name, decided as `sms:<name>` on `*` (CAM-7).

    `handle` takes the context and an instance of `parameters`. What it changes, it changes inside
    `context.change()`, which decides again and takes the quota.
    """

    action: Action
    parameters: type[Parameters]
    handle: Callable[[Context, Any], Awaitable[Result]]
    refusals: Refusals = field(default_factory=Refusals)
    quota: Quota | None = None

    @property
    def name(self) -> str:
        """The name in X-TC-Action."""
        return self.action.name.removeprefix("sms:")
