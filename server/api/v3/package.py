"""Packages of the account and what is used of them (API-2, PKG-1)."""

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import Field

from db import package_list as packages
from db.session import AsyncSession
from domain.package import PackageKind
from domain.text import quoted
from graph.context import Context
from policies import actions
from server.api.v3 import application, hours
from server.api.v3.application import AppId
from server.api.v3.fault import ApiFault
from server.api.v3.hours import HOUR, HourText
from server.api.v3.operation import Operation, Result
from server.api.v3.parameters import Parameters

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_KINDS: Final = {PackageKind.GIFT: 0, PackageKind.PURCHASED: 1}


class PackageParameters(Parameters):
    """Which packages, and a part of these; without hours, as 2019 knew none, all of them."""

    sms_sdk_app_id: AppId
    limit: Annotated[int, Field(ge=0, le=500)]
    offset: Annotated[int, Field(ge=0, le=1_000_000)]
    begin_time: HourText | None = None
    end_time: HourText | None = None


async def used(context: Context, given: PackageParameters) -> Result:
    """Give packages, newest first; what has expired counts as used."""
    async with context.database.read() as session:
        await application.owned(session, context, given.sms_sdk_app_id)
        start, end = await _span(session, context, given)
        rows = await packages.granted(
            session, context.owner, start, end, offset=given.offset, limit=given.limit
        )
    shown = [
        {
            "PackageId": row.id,
            "PackageType": _KINDS[row.kind],
            "PackageAmount": row.units,
            "CurrentUsage": row.units - row.remaining,
            "PackageCreateTime": int(row.granted_at.timestamp()),
            "PackageEffectiveTime": int(row.effective_at.timestamp()),
            "PackageExpiredTime": int(row.expires_at.timestamp()),
        }
        for row in rows
    ]
    return {"SmsPackagesStatisticsSet": shown}


async def _span(
    session: AsyncSession, context: Context, given: PackageParameters
) -> tuple[datetime, datetime]:
    """Lay out the hours, the last one included, or all the time until now."""
    if given.begin_time is None and given.end_time is None:
        return EARLIEST, context.now + HOUR
    if given.begin_time is None or given.end_time is None:
        name = "BeginTime" if given.begin_time is None else "EndTime"
        raise ApiFault("MissingParameter", f"{name} is missing: give both hours or none")
    start, end = await hours.span(session, context, given.begin_time, given.end_time)
    if end == start or end > context.now:
        reason = "the same as BeginTime" if end == start else "in the future"
        message = f"EndTime {quoted(given.end_time)} is {reason}"
        raise ApiFault("InvalidParameterValue.EndTimeVerifyFail", message)
    return start, end + HOUR


OPERATIONS: Final = (Operation(actions.SMS_PACKAGES_STATISTICS, PackageParameters, used),)
