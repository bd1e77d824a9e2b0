"""What became of the messages to one number in the last three days (API-2, STA-2)."""

from datetime import datetime, timedelta
from typing import Annotated, Final

import orjson
from pydantic import Field

from db import record as records
from db.record import Listing, Record
from domain import send_code
from domain.message import MessageStatus
from domain.serial_no import serial_no
from domain.text import quoted
from graph.context import Context
from policies import actions
from server.api.v3 import application
from server.api.v3.application import AppId
from server.api.v3.fault import ApiFault
from server.api.v3.operation import Operation, Result
from server.api.v3.parameters import Parameters, Seconds, Text
from server.api.v3.phone import e164
from server.api.v3.tc3 import SKEW

KEPT: Final = timedelta(hours=72)
SHOWN_MOST: Final = 1_000
_SUBMIT_FAILED, _DELIVERED, _IN_FLIGHT, _FAILED = 1, 2, 3, 4
_STATUSES: Final = {
    MessageStatus.REFUSED: _SUBMIT_FAILED,
    MessageStatus.DELIVERED: _DELIVERED,
    MessageStatus.FAILED: _FAILED,
    MessageStatus.EXPIRED: _FAILED,
}


class RecordParameters(Parameters):
    """Which messages, and a part of the newest thousand; EndTime is now when it is left out."""

    phone_number: Text
    sms_sdk_app_id: AppId
    begin_time: Seconds
    end_time: Seconds | None = None
    limit: Annotated[int, Field(ge=1, le=50)] = 20
    offset: Annotated[int, Field(ge=0, le=SHOWN_MOST)] = 0


async def listed(context: Context, given: RecordParameters) -> Result:
    """Give records of one number, newest first, the values of variables starred out."""
    phone, end = e164(given.phone_number), _end(context, given)
    async with context.database.read() as session:
        listing = Listing(
            owner=context.owner,
            region=None,
            start=application.moment(given.begin_time),
            end=end,
            phone=phone,
            app_id=await application.owned(session, context, given.sms_sdk_app_id),
        )
        total = min((await records.count(session, listing)).number, SHOWN_MOST)
        until = min(given.offset + given.limit, total)
        found = await records.batch(session, listing, None, until)
        shown = found[given.offset :]
        texts = await records.contents(session, [_starred(record) for record in shown])
    each = [_shown(record, text) for record, text in zip(shown, texts, strict=True)]
    return {"TotalCount": total, "SendRecordSet": each}


def _end(context: Context, given: RecordParameters) -> datetime:
    if application.moment(given.begin_time) < context.now - KEPT:
        message = f'BeginTime "{given.begin_time}" is more than 72 hours ago: give a later time'
        raise ApiFault("InvalidParameterValue.BeginTimeVerifyFail", message)
    if given.end_time is None:
        return context.now + timedelta(seconds=1)
    reason = ""
    if application.moment(given.end_time) > context.now + SKEW:
        reason = "in the future"
    elif given.end_time < given.begin_time:
        reason = "before BeginTime"
    if reason:
        message = f"EndTime {quoted(str(given.end_time))} is {reason}"
        raise ApiFault("InvalidParameterValue.EndTimeVerifyFail", message)
    return application.moment(given.end_time)


def _starred(record: Record) -> Record:
    values = ["*" * len(value) for value in orjson.loads(record.params)]
    return record._replace(params=orjson.dumps(values).decode())


def _shown(record: Record, text: str) -> Result:
    status = _STATUSES.get(record.state, _IN_FLIGHT)
    told = record.code or ""
    refused = status == _SUBMIT_FAILED
    received = record.done_at if status == _DELIVERED else None
    return {
        "PhoneNumber": record.phone,
        "SerialNo": serial_no(record.message_id, record.created_at),
        "SendStatus": status,
        "RequestCode": send_code.lookup(told).code if refused else send_code.OK,
        "StatusCode": told if status in {_DELIVERED, _FAILED} else "",
        "IsoCode": record.country,
        "Content": text,
        "SendTime": int(record.at.timestamp()),
        "UserReceiveTime": int(received.timestamp()) if received else 0,
    }


OPERATIONS: Final = (Operation(actions.DESCRIBE_SEND_RECORD_LIST, RecordParameters, listed),)
