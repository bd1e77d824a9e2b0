"""Versions of custom policies: a new one, an earlier one in force again, one less (CAM-3)."""

from typing import Annotated

import strawberry

from db import attachment
from db import policy as policies
from db import quota as quotas
from domain import quota
from domain.errors import Code, Refused
from graph.access import changing
from graph.context import Info
from graph.document import Draft, PolicyStatementInput
from graph.guard import mutation
from graph.policy import Id, show
from graph.policy_edit import PolicyPayload, add_version, custom_id, editor, known, text_of, whole
from policies import actions

Version = Annotated[int, strawberry.argument(description="The version's number.")]


@strawberry.input(description="A new version; give exactly one of its first three fields.")
class PolicyVersionCreateInput:
    """Where the document comes from, and whether it counts at once."""

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
    in_force: bool = strawberry.field(
        default=True, description="Whether decisions are taken by it from now on."
    )


@strawberry.type
class PolicyVersionMutation:
    """Root fields that change the versions of custom policies."""

    @mutation(actions.CREATE_POLICY_VERSION, quota=quota.POLICY_VERSIONS)
    async def policy_version_create(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            PolicyVersionCreateInput, strawberry.argument(description="The version.")
        ],
    ) -> PolicyPayload:
        """Add a version to a custom policy; there can be five, so delete one when there are."""
        context, policy_id = info.context, custom_id(id)
        copied = await text_of(context, input.copy_of)
        draft = Draft(input.document, input.statements, copied)
        document = draft.read(context.owner)
        draft_in_force = document.text if input.in_force else None
        actor = await editor(context, policy_id, draft_in_force, draft.field)
        scope = attachment.custom_policy(policy_id)
        async with changing(actor, amount=0, scope=scope) as change:
            row = await policies.changing(change.session, context.owner, policy_id)
            before = await whole(change.session, row)
            number = await add_version(change, row, document, in_force=input.in_force)
            after = {
                **(await whole(change.session, row)),
                "added": number,
                "addedDocument": document.text,
            }
            await change.record(
                actions.CREATE_POLICY_VERSION, scope, row.name, before=before, after=after
            )
        return PolicyPayload(policy=show(context, [row])[0])

    @mutation(actions.SET_DEFAULT_POLICY_VERSION)
    async def policy_version_activate(self, info: Info, id: Id, version: Version) -> PolicyPayload:  # noqa: A002 - the schema's name
        """Put a version of a custom policy in force, such as an earlier one to roll back."""
        context, policy_id = info.context, custom_id(id)
        scope = attachment.custom_policy(policy_id)
        async with context.database.read() as session:
            await known(session, context.owner, policy_id)
            stored = await policies.version(session, policy_id, version)
        actor = await editor(context, policy_id, stored.document, "version")
        async with changing(actor) as change:
            row = await policies.changing(change.session, context.owner, policy_id)
            await policies.version(change.session, policy_id, version)
            before = await whole(change.session, row)
            row.version, row.updated_at = version, context.now
            await change.record(
                actions.SET_DEFAULT_POLICY_VERSION,
                scope,
                row.name,
                before=before,
                after=await whole(change.session, row),
            )
        return PolicyPayload(policy=show(context, [row])[0])

    @mutation(actions.DELETE_POLICY_VERSION)
    async def policy_version_delete(self, info: Info, id: Id, version: Version) -> PolicyPayload:  # noqa: A002 - the schema's name
        """Delete a version that is not in force; its number is never used again."""
        context, policy_id = info.context, custom_id(id)
        actor = await editor(context, policy_id, None)
        scope = attachment.custom_policy(policy_id)
        async with changing(actor) as change:
            row = await policies.changing(change.session, context.owner, policy_id)
            found = await policies.version(change.session, policy_id, version)
            if found.number == row.version:
                message = f'version "{version}" is in force: put another in force first'
                raise Refused.one(Code.WRONG_STATE, message, "version")
            before = {"version": found.number, "document": found.document}
            await change.record(actions.DELETE_POLICY_VERSION, scope, row.name, before=before)
            await policies.remove_version(change.session, found)
            await quotas.give_back(
                change.session, context.owner, quota.POLICY_VERSIONS, scope=scope
            )
        return PolicyPayload(policy=show(context, [row])[0])
