"""State machines as tables: one way to take a step, and one way to refuse it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from domain.errors import Code, Refused

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


def advance(
    what: str,
    transitions: Mapping[tuple[State, Event], State],
    current: State,
    event: Event,
    *field: str,
) -> State:
    """Return the state after an event.

    An illegal step raises Refused (WRONG_STATE), naming the state at hand, the one it would lead
    to, and the states it is possible in.
    """
    after = transitions.get((current, event))
    if after is not None:
        return after
    steps = [(origin, goal) for (origin, known), goal in transitions.items() if known is event]
    goals = " or ".join(sorted({goal.value for _, goal in steps}))
    origins = " or ".join(origin.value for origin, _ in steps)
    message = (
        f"{what} is {current} and cannot become {goals}: {event} is possible while it is {origins}"
    )
    raise Refused.one(Code.WRONG_STATE, message, *field)
