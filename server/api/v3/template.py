"""Actions on body templates, by the rules of the console (API-2, TPL-1 to TPL-4)."""

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field

from db import review as reviews
from db import template as templates
from db.template import Listing, TemplateRow
from domain import quota
from domain import template as rules
from domain.errors import Code, Refused
from domain.region import IdentityKind, SmsType
from domain.review import STATUS_NUMBERS
from domain.template import Draft
from graph.context import Context
from policies import actions
from server.api.v3.fault import ApiFault
from server.api.v3.operation import ANY_FIELD, Operation, Refusals, Result
from server.api.v3.parameters import Id, International, Parameters, Text
from server.api.v3.region import NUMBER_OF, REGION_OF, same_region
from server.api.v3.signature import DELETED, NOT_ENTERPRISE, organizations_only

# 0 is the older number of regular templates, 2 and 3 are notifications and verification codes.
_SMS_TYPES: Final = {
    0: SmsType.REGULAR,
    1: SmsType.MARKETING,
    2: SmsType.REGULAR,
    3: SmsType.REGULAR,
}

_NO_OPT_OUT: Final = "InvalidParameterValue.MarketingTemplateWithoutUnsubscribe"


class TemplateParameters(Parameters):
    """The form of a template."""

    template_name: Text
    template_content: Text
    sms_type: Annotated[int, Field(ge=0, le=3)]
    international: International
    remark: Text

    def draft(self, kind: IdentityKind) -> Draft:
        """Check it; raises Refused, or ApiFault for a fault that has a code of its own."""
        sms_type, content = _SMS_TYPES[self.sms_type], self.template_content
        try:
            return rules.draft(self.template_name, sms_type, content, self.remark, kind)
        except Refused as refusal:
            of_content = all(problem.field == ("content",) for problem in refusal.problems)
            if of_content and sms_type is SmsType.MARKETING and not rules.offers_opt_out(content):
                raise ApiFault(_NO_OPT_OUT, f"TemplateContent: {refusal}") from None
            raise


class ModifyParameters(TemplateParameters):
    """The whole form again, and which template it is for."""

    template_id: Id


class DeleteParameters(Parameters):
    """Which template."""

    template_id: Id


class ListParameters(Parameters):
    """Templates by their ids, or a part of all of them."""

    international: International
    template_id_set: Annotated[list[Id], Field(max_length=100)] = Field(default_factory=list)
    limit: Annotated[int, Field(ge=0, le=100)] = 0
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0


async def add(context: Context, given: TemplateParameters) -> Result:
    """Apply for a template; its id is a text here and a number everywhere else."""
    await organizations_only(context)
    async with context.change() as session:
        kind = await reviews.identity(session, context.owner)
        row = await templates.add(
            session,
            context.owner,
            REGION_OF[given.international],
            given.draft(kind),
            context.now,
            context.terms,
        )
    return {"AddTemplateStatus": {"TemplateId": str(row.id)}}


async def modify(context: Context, given: ModifyParameters) -> Result:
    """Change a template that is not approved; it is submitted again."""
    await organizations_only(context)
    async with context.change() as session:
        kind = await reviews.identity(session, context.owner)
        row = await templates.editable(session, context.owner, given.template_id)
        same_region(row.region, given.international)
        await templates.revise(session, row, given.draft(kind), context.now, context.terms)
    return {"ModifyTemplateStatus": {"TemplateId": row.id}}


async def delete(context: Context, given: DeleteParameters) -> Result:
    """Delete a template in any state."""
    await organizations_only(context)
    async with context.change() as session:
        await templates.remove(session, context.owner, given.template_id, context.now)
    status = {"DeleteStatus": DELETED, "DeleteTime": int(context.now.timestamp())}
    return {"DeleteTemplateStatus": status}


async def listed(context: Context, given: ListParameters) -> Result:
    """Give the templates of a region, newest first."""
    await organizations_only(context)
    async with context.database.read() as session:
        rows = await templates.part(
            session,
            Listing(context.owner, REGION_OF[given.international]),
            ids=given.template_id_set,
            offset=0 if given.template_id_set else given.offset,
            limit=len(given.template_id_set) or given.limit,
        )
    if given.template_id_set and not rows:
        message = "TemplateIdSet names no template of this account and region"
        raise ApiFault("FailedOperation.MissingTemplateList", message)
    return {"DescribeTemplateStatusSet": _shown(rows)}


def _shown(rows: Sequence[TemplateRow]) -> list[Result]:
    return [
        {
            "TemplateId": row.id,
            "International": NUMBER_OF[row.region],
            "StatusCode": STATUS_NUMBERS[row.status],
            "ReviewReply": row.reason,
            "TemplateName": row.name,
            "CreateTime": int(row.created_at.timestamp()),
            "TemplateContent": row.content,
        }
        for row in rows
    ]


_REFUSALS: Final = Refusals(
    fields={
        "id": "TemplateId",
        "region": "International",
        "name": "TemplateName",
        "content": "TemplateContent",
        "sms_type": "SmsType",
        "remarks": "Remark",
    },
    codes={
        **NOT_ENTERPRISE,
        (Code.NOT_FOUND, "id"): "FailedOperation.MissingTemplateToModify",
        (Code.WRONG_STATE, "id"): "FailedOperation.TemplateAlreadyPassedCheck",
        (Code.WRONG_STATE, "region"): "FailedOperation.MissingSignature",
        (Code.MISMATCH, "region"): "InvalidParameterValue.InvalidInternational",
        (Code.INVALID, "content"): "InvalidParameterValue.InvalidTemplateFormat",
        (Code.TOO_LONG, "content"): "InvalidParameterValue.InvalidTemplateFormat",
        (Code.REQUIRED, "content"): "InvalidParameterValue.InvalidTemplateFormat",
        (Code.LIMIT_EXCEEDED, ANY_FIELD): "FailedOperation.TemplateNumberLimit",
    },
)
_ON_DELETE: Final = Refusals(
    fields=_REFUSALS.fields,
    codes={**NOT_ENTERPRISE, (Code.NOT_FOUND, "id"): "FailedOperation.TemplateIdNotExist"},
)
OPERATIONS: Final = (
    Operation(
        actions.ADD_SMS_TEMPLATE,
        TemplateParameters,
        add,
        _REFUSALS,
        quota.TEMPLATES,
    ),
    Operation(actions.MODIFY_SMS_TEMPLATE, ModifyParameters, modify, _REFUSALS),
    Operation(actions.DELETE_SMS_TEMPLATE, DeleteParameters, delete, _ON_DELETE),
    Operation(actions.DESCRIBE_SMS_TEMPLATE_LIST, ListParameters, listed, _REFUSALS),
)
