"""Writing custom policies: new ones, new versions, and going back to an old one (CAM-3)."""

from typing import Annotated

import strawberry

from db import attachment
from db import policy as policies
from db import quota as quotas
from db.policy import PolicyRow
from domain import policy as rules
from domain import quota
from domain.errors import Code, Refused
from graph.access import Actor, changing
from graph.context import Info
from graph.document import Draft, PolicyStatementInput
from graph.guard import mutation
from graph.node import encode
from graph.payload import Payload
from graph.policy import Id, show
from graph.policy_edit import (
    PolicyPayload,
    add_version,
    custom_id,
    editor,
    text_of,
    told,
    whole,
)
from policies import actions


@strawberry.input(description="A new custom policy; give exactly one of its last three fields.")
class PolicyCreateInput:
    """Name, description, and where the document comes from."""

    name: str | None = strawberry.field(
        default=None,
        description="1 to 128 letters, digits or any of + = , . @ _ - ; left out, "
        "`policygen-` and the time.",
    )
    description: str = strawberry.field(default="", description="At most 300 bytes.")
    document: str | None = strawberry.field(
        default=None,
        description="The policy syntax, version 2.0: at most 6,144 characters without white space.",
    )
    statements: list[PolicyStatementInput] | None = strawberry.field(
        default=None,
        description="The choices of the policy generator; the document they make has that bound.",
    )
    copy_of: strawberry.ID | None = strawberry.field(
        default=None, description="The id of a preset or custom policy to copy as it stands."
    )


@strawberry.input(description="What to change of a custom policy; what is left out stays.")
class PolicyUpdateInput:
    """Description and document."""

    description: str | None = strawberry.field(default=None, description="At most 300 bytes.")
    document: str | None = strawberry.field(
        default=None, description="A new document: added as a version and in force at once."
    )


@strawberry.type(description="The answer to `policyDelete`.")
class PolicyDeletePayload(Payload):
    """The id of what is gone."""

    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted policy; null when none was."
    )


@strawberry.type
class PolicyMutation:
    """Root fields that create, edit and delete custom policies."""

    @mutation(actions.CREATE_POLICY, quota=quota.POLICIES)
    async def policy_create(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            PolicyCreateInput, strawberry.argument(description="The policy.")
        ],
    ) -> PolicyPayload:
        """Create a custom policy from syntax, from the generator or as a copy; nobody holds it."""
        context = info.context
        name = rules.check_name(input.name, context.now)
        description = rules.check_description(input.description)
        copied = await text_of(context, input.copy_of)
        document = Draft(input.document, input.statements, copied).read(context.owner)
        async with context.database.read() as session:
            actor = await Actor.of(context, session)
        async with changing(actor) as change:
            row = PolicyRow(
                account_uin=context.owner,
                name=name,
                description=description,
                created_at=context.now,
                created_by=context.caller.uin,
                updated_at=context.now,
            )
            await policies.add(change.session, row, document.text)
            scope = attachment.custom_policy(row.id)
            await change.take(quota.POLICY_VERSIONS, 1, scope)
            after = {**told(row), "document": document.text}
            await change.record(actions.CREATE_POLICY, scope, row.name, after=after)
        return PolicyPayload(policy=show(context, [row])[0])

    @mutation(actions.UPDATE_POLICY, quota=quota.POLICY_VERSIONS)
    async def policy_update(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            PolicyUpdateInput, strawberry.argument(description="What to change.")
        ],
    ) -> PolicyPayload:
        """Change the description of a custom policy, its document, or both."""
        context, policy_id = info.context, custom_id(id)
        document = None
        if input.document is not None:
            document = Draft(input.document, None, None).read(context.owner)
        actor = await editor(context, policy_id, input.document, "document")
        scope = attachment.custom_policy(policy_id)
        async with changing(actor, amount=0, scope=scope) as change:
            row = await policies.changing(change.session, context.owner, policy_id)
            before = await whole(change.session, row)
            if input.description is not None:
                row.description = rules.check_description(input.description)
                row.updated_at = context.now
            if document is not None:
                await add_version(change, row, document, in_force=True)
            after = await whole(change.session, row)
            await change.record(actions.UPDATE_POLICY, scope, row.name, before=before, after=after)
        return PolicyPayload(policy=show(context, [row])[0])

    @mutation(actions.DELETE_POLICY)
    async def policy_delete(self, info: Info, id: Id) -> PolicyDeletePayload:  # noqa: A002 - the schema's name
        """Delete a custom policy that is attached to nobody any more, with all its versions."""
        context, policy_id = info.context, custom_id(id)
        async with context.database.read() as session:
            actor = await Actor.of(context, session)
        name = attachment.custom_policy(policy_id)
        async with changing(actor) as change:
            session, owner = change.session, context.owner
            row = await policies.changing(session, owner, policy_id)
            held = (await attachment.holder_counts(session, owner, [name])).get(name, 0)
            if held:
                message = f'policy "{row.name}" is attached {held} times: detach it first'
                raise Refused.one(Code.WRONG_STATE, message, "id")
            before = await whole(session, row)
            await change.record(actions.DELETE_POLICY, name, row.name, before=before)
            await quotas.forget(session, owner, name)
            await quotas.give_back(session, owner, quota.POLICIES)
            await policies.remove(session, row)
        return PolicyDeletePayload(deleted_id=encode("Policy", policy_id))
