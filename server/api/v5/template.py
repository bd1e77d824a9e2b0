"""Body templates with the AppKey, by the rules of the console (API-1, TPL)."""

from typing import Annotated, Final

from pydantic import Field

from db import template as templates
from db.template import Listing, TemplateRow
from domain import quota
from domain.region import SmsType
from domain.review import LEGACY_STATUS_NUMBERS, ReviewStatus
from policies import actions
from server.api.v3.operation import Result
from server.api.v3.region import NUMBER_OF
from server.api.v3.signature import organizations_only
from server.api.v3.template import OPERATIONS, ModifyParameters, TemplateParameters, add, modify
from server.api.v5.body import Body, Id, Ids, International, Text
from server.api.v5.call import Answer, Call, Caller
from server.api.v5.fault import UNPARSABLE, Fault

_PAGE_MOST: Final = 50
_NUMBERS: Final = {SmsType.REGULAR: 0, SmsType.MARKETING: 1}
_REFUSALS: Final = {operation.action: operation.refusals for operation in OPERATIONS}


class TemplateBody(Body):
    """Name, type and text."""

    title: Text
    text: Text
    type: Annotated[int, Field(ge=0, le=1)]
    remark: Text = ""
    international: International = 0

    @property
    def form(self) -> Result:
        """Fill the newer interface's form."""
        return {
            "TemplateName": self.title,
            "TemplateContent": self.text,
            "SmsType": self.type,
            "International": self.international,
            "Remark": self.remark,
        }


class ModifyTemplateBody(TemplateBody):
    """The whole form again, and which template it is for."""

    tpl_id: Id


class TemplatesBody(Body):
    """Which templates."""

    tpl_id: Ids


class Page(Body):
    """A part of all templates."""

    max: Annotated[int, Field(ge=1, le=_PAGE_MOST)]
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class ListBody(Body):
    """Templates by their ids, or a part of all of them."""

    tpl_id: Ids | None = None
    tpl_page: Page | None = None


async def added(caller: Caller, body: TemplateBody) -> Answer:
    """Apply for a template."""
    found = await add(caller.context, TemplateParameters.read(body.form, from_text=False))
    return _submitted(int(found["AddTemplateStatus"]["TemplateId"]), body)


async def modified(caller: Caller, body: ModifyTemplateBody) -> Answer:
    """Change a template that is not approved; it is submitted again."""
    form = {**body.form, "TemplateId": body.tpl_id}
    found = await modify(caller.context, ModifyParameters.read(form, from_text=False))
    return _submitted(found["ModifyTemplateStatus"]["TemplateId"], body)


async def deleted(caller: Caller, body: TemplatesBody) -> Answer:
    """Delete templates in any state: all of them, or none."""
    context = caller.context
    await organizations_only(context)
    async with caller.context.change() as session:
        for template_id in dict.fromkeys(body.tpl_id):
            await templates.remove(session, context.owner, template_id, context.now)
    return {}


async def listed(caller: Caller, body: ListBody) -> Answer:
    """Give templates, newest first."""
    if body.tpl_page is None and body.tpl_id is None:
        raise Fault(UNPARSABLE, "tpl_id is missing: send it, or tpl_page with max and offset")
    context = caller.context
    await organizations_only(context)
    ids = body.tpl_id or ()
    page = body.tpl_page if body.tpl_page and not ids else Page(max=_PAGE_MOST)
    async with context.database.read() as session:
        everything = Listing(context.owner)
        rows = await templates.part(
            session, everything, ids=ids, offset=page.offset, limit=len(ids) or page.max
        )
        total = await templates.count(session, everything)
    return {"total": total, "count": len(rows), "data": [_shown(row) for row in rows]}


def _submitted(template_id: int, body: TemplateBody) -> Answer:
    return {
        "data": {
            "id": template_id,
            "international": body.international,
            "status": LEGACY_STATUS_NUMBERS[ReviewStatus.PENDING],
            "text": body.text,
            "type": body.type,
        }
    }


def _shown(row: TemplateRow) -> Answer:
    return {
        "id": row.id,
        "international": NUMBER_OF[row.region],
        "reply": row.reason,
        "status": LEGACY_STATUS_NUMBERS[row.status],
        "text": row.content,
        "type": _NUMBERS[row.sms_type],
    }


CALLS: Final = {
    "add_template": Call(
        actions.ADD_SMS_TEMPLATE,
        TemplateBody,
        added,
        once=True,
        quota=quota.TEMPLATES,
        refusals=_REFUSALS[actions.ADD_SMS_TEMPLATE],
    ),
    "mod_template": Call(
        actions.MODIFY_SMS_TEMPLATE,
        ModifyTemplateBody,
        modified,
        once=True,
        refusals=_REFUSALS[actions.MODIFY_SMS_TEMPLATE],
    ),
    "del_template": Call(
        actions.DELETE_SMS_TEMPLATE,
        TemplatesBody,
        deleted,
        once=True,
        refusals=_REFUSALS[actions.DELETE_SMS_TEMPLATE],
    ),
    "get_template": Call(actions.DESCRIBE_SMS_TEMPLATE_LIST, ListBody, listed),
}
