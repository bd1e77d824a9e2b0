"""Hours as the server API writes them: `2026112209`, in the account's time zone (domain.md 1.1)."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import Field

from db import account
from db.session import AsyncSession
from domain.text import quoted
from graph.context import Context
from server.api.v3.fault import ApiFault

HOUR: Final = timedelta(hours=1)
_EARLIEST: Final = 2000
_LATEST: Final = 2999

HourText = Annotated[str, Field(pattern=r"^[0-9]{10}$")]
Nothing = Annotated[int, Field(ge=0, le=0)]
"""Limit and Offset of actions that give one result: they are always 0."""


async def span(
    session: AsyncSession, context: Context, begin: str, end: str
) -> tuple[datetime, datetime]:
    """Give the starts of both hours in UTC; raises ApiFault unless the end is not the earlier."""
    zone = ZoneInfo((await account.existing(session, context.owner)).time_zone)
    first, last = _hour(begin, "BeginTime", zone), _hour(end, "EndTime", zone)
    if last < first:
        message = f"EndTime {quoted(end)} lies before BeginTime {quoted(begin)}"
        raise ApiFault("InvalidParameterValue.InvalidStartTime", message)
    return first, last


def _hour(text: str, field: str, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.strptime(text, "%Y%m%d%H").replace(tzinfo=zone)
    except ValueError:
        found = None
    if found is None or not _EARLIEST <= found.year <= _LATEST:
        message = f"{field} {quoted(text)} is no hour such as 2026112209, year to hour"
        raise ApiFault(f"InvalidParameterValue.{field}VerifyFail", message)
    return found.astimezone(UTC)
