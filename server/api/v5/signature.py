"""Signatures with the AppKey, by the rules of the console (API-1, SIG).

The older interface has no type, purpose or certificate type: a signature is a company's own, proven
by its business licence. Whoever needs another uses the console or the newer interface.
"""

from typing import Final

from db import signature as signatures
from db.signature import Listing, SignatureRow
from domain import quota
from domain.region import Region
from domain.review import LEGACY_STATUS_NUMBERS, ReviewStatus
from policies import actions
from server.api.v3.operation import Result
from server.api.v3.signature import (
    OPERATIONS,
    ImageText,
    ModifyParameters,
    SignParameters,
    add,
    modify,
    organizations_only,
)
from server.api.v5.body import WITH_IMAGE, Body, Id, Ids, International, Text
from server.api.v5.call import Answer, Call, Caller

_COMPANY: Final = 0
_BUSINESS_LICENCE: Final = 1
_SELF_USE: Final = 0
_REFUSALS: Final = {operation.action: operation.refusals for operation in OPERATIONS}


class SignBody(Body):
    """The content and the image that proves it."""

    text: Text
    pic: ImageText
    remark: Text = ""
    international: International = 0

    @property
    def form(self) -> Result:
        """Fill the newer interface's form."""
        return {
            "SignName": self.text,
            "SignType": _COMPANY,
            "DocumentType": _BUSINESS_LICENCE,
            "International": self.international,
            "SignPurpose": _SELF_USE,
            "ProofImage": self.pic,
            "Remark": self.remark,
        }


class ModifySignBody(SignBody):
    """The whole form again, and which signature it is for."""

    sign_id: Id


class SignsBody(Body):
    """Which signatures."""

    sign_id: Ids | Id

    @property
    def ids(self) -> list[int]:
        """Give the ids, each once, whether one or a list was sent."""
        return list(
            dict.fromkeys([self.sign_id] if isinstance(self.sign_id, int) else self.sign_id)
        )


async def added(caller: Caller, body: SignBody) -> Answer:
    """Apply for a signature."""
    found = await add(caller.context, SignParameters.read(body.form, from_text=False))
    return _submitted(found["AddSignStatus"]["SignId"], body)


async def modified(caller: Caller, body: ModifySignBody) -> Answer:
    """Change a signature that is not approved; it is submitted again."""
    form = {**body.form, "SignId": body.sign_id}
    found = await modify(caller.context, ModifyParameters.read(form, from_text=False))
    return _submitted(found["ModifySignStatus"]["SignId"], body)


async def deleted(caller: Caller, body: SignsBody) -> Answer:
    """Delete signatures in any state: all of them, or none."""
    context = caller.context
    await organizations_only(context)
    async with caller.context.change() as session:
        for sign_id in body.ids:
            await signatures.remove(session, context.owner, sign_id, context.now)
    return {}


async def listed(caller: Caller, body: SignsBody) -> Answer:
    """Give signatures, newest first in each region; those that are not there are left out."""
    context = caller.context
    await organizations_only(context)
    async with context.database.read() as session:
        rows = [
            row
            for region in Region
            for row in await signatures.part(
                session,
                Listing(context.owner, region),
                ids=body.ids,
                offset=0,
                limit=len(body.ids),
            )
        ]
    return {"count": len(rows), "data": [_shown(row) for row in rows]}


def _submitted(sign_id: int, body: SignBody) -> Answer:
    status = LEGACY_STATUS_NUMBERS[ReviewStatus.PENDING]
    return {"data": {"id": sign_id, "status": status, "text": body.text}}


def _shown(row: SignatureRow) -> Answer:
    return {
        "id": row.id,
        "text": row.content,
        "status": LEGACY_STATUS_NUMBERS[row.status],
        "reply": row.reason,
    }


CALLS: Final = {
    "add_sign": Call(
        actions.ADD_SMS_SIGN,
        SignBody,
        added,
        once=True,
        quota=quota.SIGNATURES,
        refusals=_REFUSALS[actions.ADD_SMS_SIGN],
        most=WITH_IMAGE,
    ),
    "mod_sign": Call(
        actions.MODIFY_SMS_SIGN,
        ModifySignBody,
        modified,
        once=True,
        refusals=_REFUSALS[actions.MODIFY_SMS_SIGN],
        most=WITH_IMAGE,
    ),
    "del_sign": Call(
        actions.DELETE_SMS_SIGN,
        SignsBody,
        deleted,
        once=True,
        refusals=_REFUSALS[actions.DELETE_SMS_SIGN],
    ),
    "get_sign": Call(actions.DESCRIBE_SMS_SIGN_LIST, SignsBody, listed),
}
