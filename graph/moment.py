"""Times in the schema: how they are written, and those that callers give to narrow a list."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

from strawberry.schema.types.scalar import DEFAULT_SCALAR_REGISTRY

from graph.errors import BadUserInput

DATE: Final = replace(
    DEFAULT_SCALAR_REGISTRY[date],
    description="A calendar day of the account's time zone, ISO 8601, such as `2026-03-02`.",
)
DATE_TIME: Final = replace(
    DEFAULT_SCALAR_REGISTRY[datetime],
    description="A moment, ISO 8601. Answers are in UTC; what is given names its time zone, such "
    "as `2026-03-02T10:00:00+08:00`.",
)


def moment(given: datetime | None, argument: str) -> datetime | None:
    """Give a time in UTC; raises BadUserInput without a zone, or outside the calendar."""
    if given is None:
        return None
    try:
        if given.tzinfo is not None:
            return given.astimezone(UTC)
    except OverflowError:
        pass  # a year 1 or 9999 whose offset leads out of the calendar
    message = f'"{argument}" must name its time zone and lie within years 2 to 9998'
    raise BadUserInput(f'{message}, unlike "{given.isoformat()}"', argument=argument)
