"""The only two ways to publish a root field: with the action a caller must be allowed."""

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from typing import Any, TypeVar

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.schema_directive import Location

from domain.errors import Code, Problem, Refused
from domain.quota import Quota
from graph.context import Info
from graph.errors import BadUserInput, WrongId
from graph.grant import Grant
from graph.metric import DECISION
from graph.payload import Payload, shown, user_error
from graph.target import EachApplication, Target
from policies.actions import Action, Level

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="requires",
    description="The CAM action a caller must be allowed, and the quota the field takes.",
)
class Requires:
    """Shown in the SDL beside every root field."""

    action: str
    quota: str | None = None


class _Guard(FieldExtension):
    def __init__(
        self, action: Action, target: Target | EachApplication | None, quota: Quota | None = None
    ) -> None:
        self.action = action
        self.target = target
        self.quota = quota

    async def decide(self, info: Info, arguments: Mapping[str, Any]) -> Grant:
        """Decide before anything of the resolver runs."""
        context = info.context
        grant = Grant(self.action, self.target, self.quota, arguments)
        with DECISION.time():
            async with context.database.read() as session:
                await grant.decide(session, await context.authority(session), context)
        return grant


class _QueryGuard(_Guard):
    async def resolve_async(
        self, next_: Callable[..., Any], source: Any, info: Info, **arguments: Any
    ) -> Any:
        """Answer null for what is not there, and a top-level error for what cannot be read."""
        try:
            await self.decide(info, arguments)
            return await next_(source, info, **arguments)
        except Refused as refusal:
            if all(problem.code is Code.NOT_FOUND for problem in refusal.problems):
                return None
            places = [
                ".".join(shown((*_prefix(problem.field, arguments), *problem.field)))
                for problem in refusal.problems
                if problem.field
            ]
            details = {"argument": places[0], "arguments": places} if places else {}
            raise BadUserInput(str(refusal), **details) from refusal
        except WrongId as error:
            if place := _place(error.identity, arguments):
                error.extensions["argument"] = ".".join(shown(place))
            raise


class _MutationGuard(_Guard):
    payload: type[Payload]

    async def resolve_async(
        self, next_: Callable[..., Any], source: Any, info: Info, **arguments: Any
    ) -> Any:
        """Answer refusals as userErrors; the transaction they left has rolled back."""
        context = info.context
        try:
            context.grant = await self.decide(info, arguments)
            answer = await next_(source, info, **arguments)
            if self.quota and not context.grant.used:
                raise RuntimeError(f"{self.action.name} succeeded without taking its quota")
        except Refused as refusal:
            return self.payload(
                user_errors=[
                    user_error(problem, _prefix(problem.field, arguments))
                    for problem in refusal.problems
                ]
            )
        except WrongId as error:
            place = _place(error.identity, arguments)
            return self.payload(
                user_errors=[user_error(Problem(Code.INVALID, str(error), place), ())]
            )
        finally:
            context.grant = None
        return answer


def _prefix(field: tuple[str, ...], arguments: Mapping[str, Any]) -> tuple[str, ...]:
    # Rules name what they check relative to the input object; targets name whole arguments.
    return () if not field or field[0] in arguments or "input" not in arguments else ("input",)


def _place(value: object, given: object) -> tuple[str, ...]:
    """Find where a value stands in the arguments, empty for nowhere."""
    if isinstance(given, Mapping):
        parts = list(given.items())
    elif isinstance(given, list):
        parts = [(str(place), part) for place, part in enumerate(given)]
    else:
        # Inputs are dataclasses; enumerations lead into their class, and round and round in it.
        parts = list(vars(given).items()) if is_dataclass(given) else []
    for name, part in parts:
        if part == value:
            return (name,)
        if inner := _place(value, part):
            return (name, *inner)
    return ()


def query(action: Action, *, on: Target | EachApplication | None = None) -> Callable[..., Any]:
    """Publish a query field; `on` names the application it shows, for resource-level actions."""

    def publish(resolver: Resolver) -> Any:
        _check(resolver, action, on)
        return _field(resolver, _QueryGuard(action, on))

    return publish


def mutation(
    action: Action, *, on: Target | None = None, quota: Quota | None = None
) -> Callable[..., Any]:
    """Publish a mutation field; its resolver changes things inside `context.change()` only."""

    def publish(resolver: Resolver) -> Any:
        _check(resolver, action, on)
        answer = typing.get_type_hints(resolver)["return"]
        if not (inspect.isclass(answer) and issubclass(answer, Payload)):
            raise TypeError(f"{resolver.__qualname__} must answer a Payload")
        guard = _MutationGuard(action, on, quota)
        guard.payload = answer
        return _field(resolver, guard)

    return publish


def _check(resolver: Callable[..., Any], action: Action, on: object) -> None:
    name = resolver.__qualname__
    if action.level is Level.RESOURCE and on is None:
        raise TypeError(f"{name}: {action.name} is granted per application; say which with on=")
    if action.level is Level.OPERATION and isinstance(on, EachApplication):
        raise TypeError(f"{name}: {action.name} is not granted per application")
    if isinstance(on, Target) and on.path[0] not in inspect.signature(resolver).parameters:
        raise TypeError(f'{name} has no argument "{on.path[0]}" to name its target')
    if not inspect.getdoc(resolver):
        raise TypeError(f"{name} needs a docstring: it is the field's description")


def _field(resolver: Callable[..., Any], guard: _Guard) -> Any:
    needed = f"Requires `name/{guard.action.name}`"
    quota = guard.quota
    limit = f"; takes the quota `{quota.name}` ({quota.limit})" if quota else ""
    return strawberry.field(
        resolver=resolver,
        description=f"{inspect.getdoc(resolver)}\n\n{needed}{limit}.",
        directives=[Requires(action=guard.action.name, quota=quota.name if quota else None)],
        extensions=[guard],
    )
