"""Body templates (TPL-1 to TPL-5)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import strawberry

from db import review as reviews
from db import template as templates
from db.review import ReviewKind
from db.template import TemplateRow
from domain import quota
from domain import template as rules
from domain.region import IdentityKind
from domain.template import Draft
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.guard import mutation, query
from graph.limits import PAGE
from graph.node import encode, key_of
from graph.payload import Payload
from graph.region import Region, SmsType
from graph.reviewed import Reviewable, ReviewStatus, expected_decision, histories
from graph.search import wanted
from graph.segment import Params, SegmentPreview, SignatureText, preview
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The template's id.")]
_CONTENT = (
    "Fewer than 500 characters. Variables are {1}, {2} and so on without gaps, and not all of it; "
    "marketing offers a way to unsubscribe, such as: Reply T to unsubscribe."
)


@strawberry.type(description="A body template: the text of messages, with variables.")
class Template(Reviewable):
    """What an account and its reviewers see of a template."""

    region: Region = strawberry.field(description="Where it is for.")
    template_id: str = strawberry.field(description="Its number: `tpl_id` in send requests.")
    name: str = strawberry.field(description="Its name, for the account's own use.")
    sms_type: SmsType = strawberry.field(description="What its messages are for.")
    content: str = strawberry.field(description="The body, variables as {1}, {2} and so on.")
    remarks: str = strawberry.field(description="When and to whom it is sent, for reviewers.")
    variables: int = strawberry.field(description="How many variables it has.")


def show(context: Context, rows: Iterable[TemplateRow]) -> list[Template]:
    """Show rows the caller may see; what they refer to is loaded for all of them at once."""
    history = histories(context, ReviewKind.TEMPLATE)
    return [
        Template(
            id=encode("Template", row.id),
            key=row.id,
            template_id=str(row.id),
            region=row.region,
            status=row.status,
            reason=row.reason,
            created_at=row.created_at,
            submitted_at=row.submitted_at,
            expected_decision_at=expected_decision(row, context.terms),
            decided_at=row.decided_at,
            name=row.name,
            sms_type=row.sms_type,
            content=row.content,
            remarks=row.remarks,
            variables=row.variables,
            histories=history,
        )
        for row in rows
    ]


@strawberry.input(description="A template to apply for.")
class TemplateCreateInput:
    """The form of the guide."""

    region: Region = strawberry.field(
        description="Where it is for; one for Mainland China needs a signature there first."
    )
    name: str = strawberry.field(description="1 to 60 characters.")
    sms_type: SmsType = strawberry.field(description="What its messages are for.")
    content: str = strawberry.field(description=_CONTENT)
    remarks: str = strawberry.field(
        default="", description="When and to whom it is sent; at most 500 characters."
    )


@strawberry.input(description="What to change of a template; what is left out stays.")
class TemplateUpdateInput:
    """The form of the guide, without the region."""

    name: str | None = strawberry.field(default=None, description="1 to 60 characters.")
    sms_type: SmsType | None = strawberry.field(
        default=None, description="What its messages are for."
    )
    content: str | None = strawberry.field(default=None, description=_CONTENT)
    remarks: str | None = strawberry.field(default=None, description="At most 500 characters.")

    def applied_to(self, row: TemplateRow, kind: IdentityKind) -> Draft:
        """Check the whole template as it would be; raises Refused."""
        return rules.draft(
            row.name if self.name is None else self.name,
            self.sms_type or row.sms_type,
            row.content if self.content is None else self.content,
            row.remarks if self.remarks is None else self.remarks,
            kind,
        )


@strawberry.type(description="The answer to a mutation of one template.")
class TemplatePayload(Payload):
    """The template as it stands after the mutation."""

    template: Template | None = strawberry.field(
        default=None, description="The template; null when it was not changed."
    )


@strawberry.type(description="The answer to `templateDelete`.")
class TemplateDeletePayload(Payload):
    """The id of what is gone."""

    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted template; null when none was."
    )


@strawberry.type
class TemplateQuery:
    """Root fields that read templates."""

    @query(actions.DESCRIBE_TPL_SIGN_INFO)
    async def template(self, info: Info, id: Id) -> Template | None:  # noqa: A002 - the schema's name
        """One body template of the caller's account."""
        key = key_of(id, "Template")
        async with info.context.database.read() as session:
            row = await templates.owned(session, info.context.owner, key)
        return show(info.context, [row])[0] if row else None

    @query(actions.DESCRIBE_TPL_SIGN_INFO)
    async def template_preview(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        signature: SignatureText = None,
        params: Params = None,
    ) -> SegmentPreview | None:
        """What one recipient would get of a template, and what it would be billed as."""
        key = key_of(id, "Template")
        async with info.context.database.read() as session:
            kind = await reviews.identity(session, info.context.owner)
            row = await templates.owned(session, info.context.owner, key)
        return preview(row.region, kind, row.content, signature, params) if row else None

    @query(actions.DESCRIBE_TPL_SIGN_LIST)
    async def templates(  # noqa: PLR0913, PLR0917 - one argument each in the schema
        self,
        info: Info,
        region: Annotated[
            Region | None, strawberry.argument(description="Only those for this region.")
        ] = None,
        status: Annotated[
            ReviewStatus | None, strawberry.argument(description="Only those in this state.")
        ] = None,
        sms_type: Annotated[
            SmsType | None, strawberry.argument(description="Only those of this type.")
        ] = None,
        search: Annotated[
            str | None,
            strawberry.argument(
                description="A part of the name or content, or the beginning of a number."
            ),
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[Template] | None:
        """The body templates of the caller's account, newest first."""
        context = info.context
        page = page_request(first, after, datetime)
        listing = templates.Listing(context.owner, region, status, sms_type, wanted(search))
        async with context.database.read() as session:
            found = await templates.page(session, listing, first=page.first, after=page.after)
        return connect(
            show(context, found.rows),
            [(row.created_at, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, templates.count, listing),
        )


@strawberry.type
class TemplateMutation:
    """Root fields that change templates."""

    @mutation(actions.ADD_SMS_TEMPLATE, quota=quota.TEMPLATES)
    async def template_create(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            TemplateCreateInput, strawberry.argument(description="The template.")
        ],
    ) -> TemplatePayload:
        """Apply for a body template; an operator decides."""
        context = info.context
        async with context.change() as session:
            kind = await reviews.identity(session, context.owner)
            row = await templates.add(
                session,
                context.owner,
                input.region,
                rules.draft(input.name, input.sms_type, input.content, input.remarks, kind),
                context.now,
                context.terms,
            )
        return TemplatePayload(template=show(context, [row])[0])

    @mutation(actions.MODIFY_SMS_TEMPLATE)
    async def template_update(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            TemplateUpdateInput, strawberry.argument(description="What to change.")
        ],
    ) -> TemplatePayload:
        """Edit a template that is pending or rejected; it is submitted for review again."""
        context, key = info.context, key_of(id, "Template")
        async with context.change() as session:
            kind = await reviews.identity(session, context.owner)
            row = await templates.editable(session, context.owner, key)
            draft = input.applied_to(row, kind)
            await templates.revise(session, row, draft, context.now, context.terms)
        return TemplatePayload(template=show(context, [row])[0])

    @mutation(actions.DELETE_SMS_TEMPLATE)
    async def template_delete(self, info: Info, id: Id) -> TemplateDeletePayload:  # noqa: A002 - the schema's name
        """Delete a template in any state; the account cannot restore it, only apply anew."""
        context, key = info.context, key_of(id, "Template")
        async with context.change() as session:
            await templates.remove(session, context.owner, key, context.now)
        return TemplateDeletePayload(deleted_id=encode("Template", key))
