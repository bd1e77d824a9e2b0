"""Pulling receipts and replies: off a queue, each once, or by number as often as wanted (API-3)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from db import pull, pull_number
from domain import pull as rules
from domain.errors import Code
from domain.pull import PulledReply, PulledStatus
from graph.context import Context
from policies import actions
from server.api.v3 import application
from server.api.v3.application import AppId
from server.api.v3.hours import Nothing
from server.api.v3.operation import Operation, Refusals, Result
from server.api.v3.parameters import Parameters, Seconds, Text
from server.api.v3.phone import e164

Limit = Annotated[int, Field(ge=1, le=rules.AT_ONCE)]


class PullParameters(Parameters):
    """How many, and of which application."""

    limit: Limit
    sms_sdk_app_id: AppId


class NumberParameters(Parameters):
    """Of which number and time; EndTime is now when it is left out."""

    begin_time: Seconds
    offset: Nothing
    limit: Limit
    phone_number: Text
    sms_sdk_app_id: AppId
    end_time: Seconds | None = None

    def window(self, now: datetime) -> tuple[datetime, datetime]:
        """Give the time that is looked through; raises Refused."""
        end = None if self.end_time is None else application.moment(self.end_time)
        return rules.window(application.moment(self.begin_time), end, now)


async def statuses(context: Context, given: PullParameters) -> Result:
    """Take statuses off an application's queue; who asks again gets the next ones."""
    async with context.change() as session:
        app_id = await application.owned(session, context, given.sms_sdk_app_id)
        found = await pull.statuses(session, app_id, given.limit)
    return {"PullSmsSendStatusSet": _statuses(found)}


async def replies(context: Context, given: PullParameters) -> Result:
    """Take replies to an application's messages off the account's queue."""
    async with context.change() as session:
        app_id = await application.owned(session, context, given.sms_sdk_app_id)
        found = await pull.replies(session, context.owner, app_id, given.limit)
    return {"PullSmsReplyStatusSet": _replies(found)}


async def statuses_of_number(context: Context, given: NumberParameters) -> Result:
    """Give what became of the messages to one number; nothing is taken off any queue."""
    phone, (start, end) = e164(given.phone_number), given.window(context.now)
    async with context.database.read() as session:
        app_id = await application.owned(session, context, given.sms_sdk_app_id)
        found = await pull_number.statuses(
            session, context.owner, app_id, phone, start, end, given.limit
        )
    return {"PullSmsSendStatusSet": _statuses(found)}


async def replies_of_number(context: Context, given: NumberParameters) -> Result:
    """Give what one number replied; nothing is taken off any queue."""
    phone, (start, end) = e164(given.phone_number), given.window(context.now)
    async with context.database.read() as session:
        app_id = await application.owned(session, context, given.sms_sdk_app_id)
        found = await pull_number.replies(
            session, context.owner, app_id, phone, start, end, given.limit
        )
    return {"PullSmsReplyStatusSet": _replies(found)}


def _statuses(found: Iterable[PulledStatus]) -> list[Result]:
    return [
        {
            "UserReceiveTime": int(status.at.timestamp()),
            "CountryCode": status.number[0],
            "SubscriberNumber": status.number[1],
            "PhoneNumber": status.phone,
            "SerialNo": status.serial_no,
            "ReportStatus": "SUCCESS" if status.delivered else "FAIL",
            "Description": status.code,
            "SessionContext": status.session_context,
        }
        for status in found
    ]


def _replies(found: Iterable[PulledReply]) -> list[Result]:
    return [
        {
            "ExtendCode": reply.extend,
            "CountryCode": reply.number[0],
            "PhoneNumber": reply.phone,
            "SubscriberNumber": reply.number[1],
            "SignName": reply.sign,
            "ReplyContent": reply.text,
            "ReplyTime": int(reply.at.timestamp()),
        }
        for reply in found
    ]


_REFUSALS: Final = Refusals(
    fields={"start": "BeginTime", "end": "EndTime", "limit": "Limit"},
    codes={(Code.OUT_OF_RANGE, "end"): "InvalidParameterValue.EndTimeVerifyFail"},
)
OPERATIONS: Final = (
    Operation(actions.PULL_SMS_SEND_STATUS, PullParameters, statuses, _REFUSALS),
    Operation(actions.PULL_SMS_REPLY_STATUS, PullParameters, replies, _REFUSALS),
    Operation(
        actions.PULL_SMS_SEND_STATUS_BY_PHONE_NUMBER,
        NumberParameters,
        statuses_of_number,
        _REFUSALS,
    ),
    Operation(
        actions.PULL_SMS_REPLY_STATUS_BY_PHONE_NUMBER,
        NumberParameters,
        replies_of_number,
        _REFUSALS,
    ),
)
