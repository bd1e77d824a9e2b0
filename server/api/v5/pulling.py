"""Pulling statuses and replies with the AppKey: off the queue, or by number (API-3)."""

from collections.abc import Sequence
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import Field

from db import account, pull, pull_number
from db.session import AsyncSession
from domain import number, outcome
from domain import pull as rules
from domain.errors import Problem
from domain.pull import PulledReply, PulledStatus
from graph.context import Context
from policies import actions
from policies.actions import Action
from server.api.v3.application import moment
from server.api.v5.body import Body, Text
from server.api.v5.call import Answer, Call, Caller
from server.api.v5.fault import Fault

STATUS: Final = 0
_TIME: Final = "%Y-%m-%d %H:%M:%S"
_BAD_NUMBER: Final = "InvalidParameterValue.IncorrectPhoneNumber"

Kind = Annotated[int, Field(ge=0, le=1)]
Most = Annotated[int, Field(ge=1, le=rules.AT_ONCE)]
Seconds = Annotated[int, Field(ge=0, le=253_402_300_799)]


class PullBody(Body):
    """Statuses (0) or replies (1), and how many."""

    type: Kind = STATUS
    max: Most


class NumberBody(PullBody):
    """Of which number and time."""

    begin_time: Seconds
    end_time: Seconds
    nationcode: Annotated[Text, Field(max_length=8)] = "86"
    mobile: Annotated[Text, Field(max_length=64)]


async def queued(caller: Caller, body: PullBody) -> Answer:
    """Take records off a queue, each once."""
    context = caller.context
    async with caller.context.change() as session:
        await caller.proof.use_up(session, context.now)
        if body.type != STATUS:
            replies = await pull.replies(session, context.owner, caller.app_id, body.max)
            return _told([_reply(each) for each in replies])
        statuses = await pull.statuses(session, caller.app_id, body.max)
        zone = await _zone(session, context)
    return _told([_status(each, zone) for each in statuses])


async def of_number(caller: Caller, body: NumberBody) -> Answer:
    """Give what became of messages to one number, or what it replied, of the last 7 days."""
    context = caller.context
    found = number.anywhere(f"+{body.nationcode.lstrip('+')}{body.mobile}")
    if isinstance(found, Problem):
        raise Fault(_BAD_NUMBER)
    start, end = rules.window(moment(body.begin_time), moment(body.end_time), context.now)
    asked = (context.owner, caller.app_id, found.e164, start, end, body.max)
    async with context.database.read() as session:
        if body.type != STATUS:
            return _told([_reply(each) for each in await pull_number.replies(session, *asked)])
        statuses = await pull_number.statuses(session, *asked)
        zone = await _zone(session, context)
    return _told([_status(each, zone) for each in statuses])


async def _zone(session: AsyncSession, context: Context) -> ZoneInfo:
    return ZoneInfo((await account.existing(session, context.owner)).time_zone)


def _told(records: Sequence[Answer]) -> Answer:
    return {"count": len(records), "data": records}


def _status(status: PulledStatus, zone: ZoneInfo) -> Answer:
    nationcode, mobile = status.number
    return {
        "user_receive_time": status.at.astimezone(zone).strftime(_TIME),
        "nationcode": nationcode,
        "mobile": mobile,
        "report_status": "SUCCESS" if status.delivered else "FAIL",
        "errmsg": status.code,
        "description": outcome.lookup(status.code).reason,
        "sid": status.serial_no,
    }


def _reply(reply: PulledReply) -> Answer:
    nationcode, mobile = reply.number
    return {
        "nationcode": nationcode,
        "mobile": mobile,
        "text": reply.text,
        "sign": reply.sign,
        "time": int(reply.at.timestamp()),
        "extend": reply.extend,
    }


def _by_number(body: NumberBody) -> Action:
    if body.type == STATUS:
        return actions.PULL_SMS_SEND_STATUS_BY_PHONE_NUMBER
    return actions.PULL_SMS_REPLY_STATUS_BY_PHONE_NUMBER


def _by_queue(body: PullBody) -> Action:
    return actions.PULL_SMS_SEND_STATUS if body.type == STATUS else actions.PULL_SMS_REPLY_STATUS


CALLS: Final = {
    "pullstatus": Call(_by_queue, PullBody, queued),
    "pullstatus4mobile": Call(_by_number, NumberBody, of_number),
}
