"""Sending: one text to many numbers, or each number its own (API-2)."""

from collections.abc import Iterable
from typing import Annotated, Final

from pydantic import Field

from db import send
from db.send import GlobalSendRequest, SendRefused, SendRequest, SendResult
from domain import send_code
from domain.send import RECIPIENTS_MOST, GlobalMessage
from graph.context import Context
from policies import actions
from server.api.v3.application import AppId
from server.api.v3.fault import ApiFault
from server.api.v3.operation import Operation, Result
from server.api.v3.parameters import Parameters, Text

_VARIABLES_MOST: Final = 500

TemplateId = Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]
Variables = Annotated[list[Text], Field(max_length=_VARIABLES_MOST)]


class SendParameters(Parameters):
    """One template, filled once, for up to 200 numbers of one region."""

    phone_number_set: Annotated[list[Text], Field(min_length=1, max_length=RECIPIENTS_MOST)]
    sms_sdk_app_id: AppId
    template_id: TemplateId
    sign_name: Text = ""
    template_param_set: Variables = Field(default_factory=list)
    extend_code: Text = ""
    session_context: Text = ""
    sender_id: Text = ""


class GlobalParameters(Parameters):
    """One number outside Mainland China and what it gets."""

    phone_number: Text
    template_id: TemplateId
    template_param_set: Variables = Field(default_factory=list)
    sender_id: Text = ""
    session_context: Text = ""


class MultiGlobalParameters(Parameters):
    """Up to 200 numbers, each with a template of its own."""

    sms_sdk_app_id: AppId
    multi_sms_info_set: Annotated[
        list[GlobalParameters], Field(min_length=1, max_length=RECIPIENTS_MOST)
    ]


async def send_one_text(context: Context, given: SendParameters) -> Result:
    """Queue a message for each number that may be sent to, and tell what became of each."""
    request = SendRequest(
        account_uin=context.owner,
        app_id=int(given.sms_sdk_app_id),
        template_id=int(given.template_id),
        signature=given.sign_name or None,
        params=given.template_param_set,
        recipients=given.phone_number_set,
        session_context=given.session_context,
        extend=given.extend_code,
        sender_id=given.sender_id,
    )
    try:
        async with context.change() as session:
            results = await send.send(session, request, context.now, context.terms)
    except SendRefused as refusal:
        raise _fault(refusal) from refusal
    return {"SendStatusSet": _shown(results)}


async def send_own_texts(context: Context, given: MultiGlobalParameters) -> Result:
    """Do the same with a template of its own for each number."""
    request = GlobalSendRequest(
        account_uin=context.owner,
        app_id=int(given.sms_sdk_app_id),
        messages=[
            GlobalMessage(
                phone=one.phone_number,
                template_id=int(one.template_id),
                params=one.template_param_set,
                session_context=one.session_context,
                sender_id=one.sender_id,
            )
            for one in given.multi_sms_info_set
        ],
    )
    try:
        async with context.change() as session:
            results = await send.send_global(session, request, context.now, context.terms)
    except SendRefused as refusal:
        raise _fault(refusal) from refusal
    return {"SendMultiStatusSet": _shown(results)}


def _fault(refusal: SendRefused) -> ApiFault:
    return ApiFault(send_code.lookup(refusal.code).code, str(refusal))


def _shown(results: Iterable[SendResult]) -> list[Result]:
    return [
        {
            "SerialNo": result.serial_no,
            "PhoneNumber": result.phone,
            "Fee": result.segments,
            "SessionContext": result.session_context,
            "Code": send_code.lookup(result.code).code,
            "Message": result.message,
            "IsoCode": result.iso_code,
        }
        for result in results
    ]


OPERATIONS: Final = (
    Operation(actions.SEND_SMS, SendParameters, send_one_text),
    Operation(actions.SEND_MULTI_GLOBAL_SMS, MultiGlobalParameters, send_own_texts),
)
