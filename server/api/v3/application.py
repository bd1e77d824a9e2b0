"""The application an action names: one of the caller's account, or none at all (API-2)."""

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import Field

from db import application
from db.session import AsyncSession
from domain.text import quoted
from graph.context import Context
from server.api.v3.fault import ApiFault

UNKNOWN: Final = "InvalidParameterValue.SdkAppIdNotExist"

AppId = Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]


async def owned(session: AsyncSession, context: Context, app_id: str) -> int:
    """Give the SDK AppID as a number; raises ApiFault for one that is not the account's."""
    found = await application.app_of(session, context.owner, int(app_id))
    if found is None:
        message = f"SmsSdkAppId {quoted(app_id)} is no application of this account"
        raise ApiFault(UNKNOWN, message)
    return found


def moment(seconds: int) -> datetime:
    """Read Unix seconds."""
    return datetime.fromtimestamp(seconds, UTC)
