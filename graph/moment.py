"""Times that callers give to narrow a list: aware, and within what every database takes."""

from datetime import UTC, datetime

from graph.errors import BadUserInput


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
