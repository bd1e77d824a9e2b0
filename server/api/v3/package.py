"""Packages of the account and what is used of them (API-2, PKG-1)."""

from typing import Annotated, Final

from pydantic import Field

from db import package_list as packages
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

_KINDS: Final = {PackageKind.GIFT: 0, PackageKind.PURCHASED: 1}


class PackageParameters(Parameters):
    """Which packages: those that came between two hours, the last included, and a part of these."""

    sms_sdk_app_id: AppId
    limit: Annotated[int, Field(ge=0, le=500)]
    offset: Annotated[int, Field(ge=0, le=1_000_000)]
    begin_time: HourText
    end_time: HourText


async def used(context: Context, given: PackageParameters) -> Result:
    """Give packages, newest first; what has expired counts as used."""
    async with context.database.read() as session:
        await application.owned(session, context, given.sms_sdk_app_id)
        start, end = await hours.span(session, context, given.begin_time, given.end_time)
        if end == start or end > context.now:
            reason = "the same as BeginTime" if end == start else "in the future"
            message = f"EndTime {quoted(given.end_time)} is {reason}"
            raise ApiFault("InvalidParameterValue.EndTimeVerifyFail", message)
        rows = await packages.granted(
            session, context.owner, start, end + HOUR, offset=given.offset, limit=given.limit
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


OPERATIONS: Final = (Operation(actions.SMS_PACKAGES_STATISTICS, PackageParameters, used),)
