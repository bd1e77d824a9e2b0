"""Version 2019-07-11: the same actions, with older names and forms of fields (domain.md 1.4)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from db import account
from domain.text import quoted
from graph.context import Context
from server.api.v3.fault import ApiFault
from server.api.v3.operation import Result

VERSION: Final = "2019-07-11"
NEWER_ACTIONS: Final = frozenset(
    {"SendMultiGlobalSms", "DescribePhoneNumberInfo", "DescribeSendRecordList"}
)
_TIME: Final = "%Y-%m-%d %H:%M:%S"

# A name means the same in every action that has it.
_PARAMETERS: Final[Mapping[str, str]] = {
    "EndDataTime": "EndTime",
    "EndDateTime": "EndTime",
    "SendDateTime": "BeginTime",
    "Sign": "SignName",
    "SmsSdkAppid": "SmsSdkAppId",
    "StartDateTime": "BeginTime",
    "TemplateID": "TemplateId",
    "UsedMethod": "SignPurpose",
}
_HOURS: Final = frozenset({"StartDateTime", "EndDataTime"})
"""Hours, which were numbers once."""

# For each field its name now, or how it is made of all that is known of the one it stands in.
_Made = str | Callable[[Result, ZoneInfo], Any]


def _time(name: str) -> Callable[[Result, ZoneInfo], str]:
    return lambda part, zone: (
        datetime.fromtimestamp(part[name], UTC).astimezone(zone).strftime(_TIME)
    )


_SIGN: Final[Mapping[str, _Made]] = {
    "SignId": "SignId",
    "SignApplyId": lambda part, _: str(part["SignId"]),
}
_RESULTS: Final[Mapping[str, Mapping[str, _Made]]] = {
    "AddSignStatus": _SIGN,
    "ModifySignStatus": _SIGN,
    "DescribeTemplateStatusSet": {
        name: name
        for name in (
            "TemplateId",
            "International",
            "StatusCode",
            "ReviewReply",
            "TemplateName",
            "CreateTime",
        )
    },
    "PullSmsSendStatusSet": {
        "UserReceiveTime": _time("UserReceiveTime"),
        "UserReceiveUnixTime": "UserReceiveTime",
        "NationCode": "CountryCode",
        "PurePhoneNumber": "PhoneNumber",
        "PhoneNumber": "SubscriberNumber",
        "SerialNo": "SerialNo",
        "ReportStatus": "ReportStatus",
        "Description": "Description",
    },
    "PullSmsReplyStatusSet": {
        "ExtendCode": "ExtendCode",
        "NationCode": "CountryCode",
        "PhoneNumber": "PhoneNumber",
        "Sign": "SignName",
        "ReplyContent": "ReplyContent",
        "ReplyTime": _time("ReplyTime"),
        "ReplyUnixTime": "ReplyTime",
    },
    "SmsPackagesStatisticsSet": {
        "PackageCreateTime": _time("PackageCreateTime"),
        "PackageCreateUnixTime": "PackageCreateTime",
        "PackageEffectiveTime": _time("PackageEffectiveTime"),
        "PackageEffectiveUnixTime": "PackageEffectiveTime",
        "PackageExpiredTime": _time("PackageExpiredTime"),
        "PackageExpiredUnixTime": "PackageExpiredTime",
        "AmountOfPackage": "PackageAmount",
        "TypeOfPackage": "PackageType",
        "PackageId": "PackageId",
        "CurrentUsage": "CurrentUsage",
    },
}


def parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """Give parameters the names of today; raises ApiFault where one is there under both."""
    renamed: dict[str, Any] = {}
    for name, value in given.items():
        today = _PARAMETERS.get(name, name)
        if today in renamed:
            message = f"{quoted(name)} is given under two names: leave {quoted(today)} out"
            raise ApiFault("UnknownParameter", message)
        is_hour = name in _HOURS and isinstance(value, int)
        renamed[today] = str(value) if is_hour else value
    return renamed


async def result(context: Context, given: Result) -> Result:
    """Give a result the names and forms it had; times are those of the account's zone."""
    if not given.keys() & _RESULTS.keys():
        return given
    async with context.database.read() as session:
        zone = ZoneInfo((await account.existing(session, context.owner)).time_zone)
    return {name: _part(_RESULTS.get(name), value, zone) for name, value in given.items()}


def _part(fields: Mapping[str, _Made] | None, value: Any, zone: ZoneInfo) -> Any:
    if fields is None:
        return value
    if isinstance(value, list):
        return [_part(fields, one, zone) for one in value]
    return {
        name: value[made] if isinstance(made, str) else made(value, zone)
        for name, made in fields.items()
    }
