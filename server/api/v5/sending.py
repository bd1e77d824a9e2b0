"""Sending with the AppKey: one number or up to 200, one text (API-1)."""

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field

from db import send
from db.send import SendRefused, SendRequest, SendResult
from domain import send_code
from policies import actions
from server.api.v5.body import Body, Id, Telephone, Text
from server.api.v5.call import Answer, Call, Caller
from server.api.v5.fault import Fault

_OK: Final = "OK"
_VARIABLES_MOST: Final = 500
_TELEPHONES_MOST: Final = 1_000


class _Content(Body):
    """What is sent: a template and its values. `msg` is the older way, which is not taken."""

    sign: Text = ""
    tpl_id: Id | None = None
    params: Annotated[list[Text], Field(max_length=_VARIABLES_MOST)] = Field(default_factory=list)
    extend: Text = ""
    msg: Text | None = None


class SendBody(_Content):
    """One number."""

    tel: Telephone


class MultiSendBody(_Content):
    """Many numbers; more than 200 are told by a code of their own."""

    tel: Annotated[list[Telephone], Field(max_length=_TELEPHONES_MOST)]


async def one(caller: Caller, body: SendBody) -> Answer:
    """Send to one number: what became of it is the answer as a whole."""
    (result,) = await _send(caller, body, [body.tel])
    if not result.ok:
        raise Fault(result.code)
    return {"fee": result.segments, "sid": result.serial_no}


async def many(caller: Caller, body: MultiSendBody) -> Answer:
    """Send to each number, and tell what became of each; the request itself is well."""
    results = await _send(caller, body, body.tel)
    return {
        "detail": [
            {
                "result": send_code.lookup(result.code).legacy,
                "errmsg": _OK if result.ok else result.message,
                "fee": result.segments,
                "mobile": tel.mobile,
                "nationcode": tel.nationcode,
                **({"sid": result.serial_no} if result.ok else {}),
            }
            for tel, result in zip(body.tel, results, strict=True)
        ]
    }


async def _send(caller: Caller, body: _Content, tel: Sequence[Telephone]) -> Sequence[SendResult]:
    if body.tpl_id is None:
        way_out = "send tpl_id and params instead"
        fault = "type and msg are not taken" if body.msg is not None else "tpl_id is missing"
        raise Fault("UnsupportedOperation", f"{fault}: {way_out}")
    context = caller.context
    request = SendRequest(
        account_uin=context.owner,
        app_id=caller.app_id,
        template_id=body.tpl_id,
        signature=body.sign or None,
        params=body.params,
        recipients=[each.written for each in tel],
        extend=body.extend,
    )
    try:
        async with caller.context.change() as session:
            await caller.proof.use_up(session, context.now)
            return await send.send(session, request, context.now, context.terms)
    except SendRefused as refusal:
        raise Fault(refusal.code, str(refusal)) from refusal


CALLS: Final = {
    "sendsms": Call(actions.SEND_SMS, SendBody, one, signs_mobiles=True),
    "sendmultisms2": Call(actions.SEND_SMS, MultiSendBody, many, signs_mobiles=True),
}
