"""Counts and packages with the AppKey, told in the older interface's words (API-1)."""

from datetime import UTC, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import Field

from db import account
from db import package_list as packages
from domain.package import PackageKind
from policies import actions
from server.api.v3 import statistic
from server.api.v3.fault import ApiFault
from server.api.v3.statistic import StatisticParameters
from server.api.v5.body import Body
from server.api.v5.call import Answer, Call, Caller
from server.api.v5.fault import Fault

_PACKAGES_MOST: Final = 500
_KINDS: Final = {PackageKind.GIFT: 0, PackageKind.PURCHASED: 1}
_TIME: Final = "%Y-%m-%d %H:%M:%S"
_EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)

Hour = Annotated[int, Field(ge=0, le=9_999_999_999)]


class HoursBody(Body):
    """The hours that are counted, `yyyymmddhh` in the account's time zone, the last included."""

    begin_date: Hour
    end_date: Hour

    def asked(self, app_id: int) -> StatisticParameters:
        """Ask the newer interface; raises Fault for what is no hour."""
        hours = {"BeginTime": f"{self.begin_date:010d}", "EndTime": f"{self.end_date:010d}"}
        rest = {"SmsSdkAppId": str(app_id), "Limit": 0, "Offset": 0}
        return StatisticParameters.read({**hours, **rest}, from_text=False)


class PackagesBody(Body):
    """Which part of the packages."""

    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    length: Annotated[int, Field(ge=1, le=_PACKAGES_MOST)] = _PACKAGES_MOST


async def sent(caller: Caller, body: HoursBody) -> Answer:
    """Count what was submitted, what of it was accepted, and the segments that are billed."""
    try:
        found = await statistic.sent(caller.context, body.asked(caller.app_id))
    except ApiFault as fault:
        raise _fault(fault) from fault
    counts = found["SendStatusStatistics"]
    return {
        "data": {
            "request": counts["RequestCount"],
            "success": counts["RequestSuccessCount"],
            "bill_number": counts["FeeCount"],
        }
    }


async def received(caller: Caller, body: HoursBody) -> Answer:
    """Count the receipts of accepted messages, and what the failed ones came down to."""
    try:
        found = await statistic.received(caller.context, body.asked(caller.app_id))
    except ApiFault as fault:
        raise _fault(fault) from fault
    counts = found["CallbackStatusStatistics"]
    return {
        "data": {
            "success": counts["RequestSuccessCount"],
            "status": counts["CallbackCount"],
            "status_success": counts["CallbackSuccessCount"],
            "status_fail": counts["CallbackFailCount"],
            "status_fail_0": counts["InternalErrorCount"],
            "status_fail_1": counts["InvalidNumberCount"],
            "status_fail_2": counts["ShutdownErrorCount"],
            "status_fail_3": counts["BlackListCount"],
            "status_fail_4": counts["FrequencyLimitCount"],
        }
    }


def _fault(fault: ApiFault) -> Fault:
    message = str(fault).replace("BeginTime", "begin_date").replace("EndTime", "end_date")
    return Fault(fault.code, message)


async def bought(caller: Caller, body: PackagesBody) -> Answer:
    """Give packages, newest first; what has expired counts as used."""
    context = caller.context
    async with context.database.read() as session:
        zone = ZoneInfo((await account.existing(session, context.owner)).time_zone)
        total = await packages.count(session, packages.Listing(context.owner))
        rows = await packages.granted(
            session, context.owner, _EVER, context.now, offset=body.offset, limit=body.length
        )

    def shown(at: datetime) -> str:
        return at.astimezone(zone).strftime(_TIME)

    return {
        "total": total,
        "data": [
            {
                "package_id": row.id,
                "type": _KINDS[row.kind],
                "amount": row.units,
                "used": row.units - row.remaining,
                "create_time": shown(row.granted_at),
                "from_time": shown(row.effective_at),
                "to_time": shown(row.expires_at),
            }
            for row in rows
        ],
    }


CALLS: Final = {
    "pullsendstatus": Call(actions.SEND_STATUS_STATISTICS, HoursBody, sent),
    "pullcallbackstatus": Call(actions.CALLBACK_STATUS_STATISTICS, HoursBody, received),
    "getsmspackages": Call(actions.SMS_PACKAGES_STATISTICS, PackagesBody, bought),
}
