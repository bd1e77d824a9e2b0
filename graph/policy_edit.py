"""What every change of a custom policy needs: where the text is from, and who may make it."""

import strawberry

from db import attachment, holding
from db import policy as policies
from db.policy import PolicyRow
from db.session import AsyncSession
from domain import quota
from domain.errors import Code, Refused
from graph.access import Actor, Change
from graph.context import Context
from graph.payload import Payload
from graph.policy import Policy, policy_name, preset_text
from policies.document import Document


@strawberry.type(description="The answer to a mutation of one policy.")
class PolicyPayload(Payload):
    """The policy as it stands after the mutation."""

    policy: Policy | None = strawberry.field(
        default=None, description="The policy; null when it was not changed."
    )


def custom_id(identity: str) -> int:
    """Read the id of a custom policy; presets cannot be edited. Raises Refused or BadUserInput."""
    found = attachment.custom_id(policy_name(identity))
    if found is None:
        message = "a preset policy cannot be changed: copy it to a custom policy"
        raise Refused.one(Code.WRONG_STATE, message, "id")
    return found


async def text_of(context: Context, identity: str | None) -> str | None:
    """Give the document of the policy that is to be copied; raises Refused."""
    if identity is None:
        return None
    name = policy_name(identity)
    policy_id = attachment.custom_id(name)
    if policy_id is None:
        return await preset_text(context, name.removeprefix("policy:"))
    async with context.database.read() as session:
        found = await policies.documents(session, context.owner, [policy_id])
    if not found:
        raise Refused.one(Code.NOT_FOUND, "there is no such policy", "copy_of")
    return found[policy_id].document


async def known(session: AsyncSession, owner: int, policy_id: int) -> PolicyRow:
    """Find a custom policy of the account; raises Refused."""
    row = await policies.owned(session, owner, policy_id)
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such custom policy", "id")
    return row


async def editor(context: Context, policy_id: int, draft: str | None, *field: str) -> Actor:
    """Check what putting `draft` in force would give away; None when nothing else comes in force.

    A policy that nobody holds gives nothing; attaching it is checked when it is attached.
    """
    name = attachment.custom_policy(policy_id)
    async with context.database.read() as session:
        actor = await Actor.of(context, session)
        await known(session, context.owner, policy_id)
        held = await attachment.holder_counts(session, context.owner, [name])
        before = await holding.rules_of(session, context.owner, [name])
    actor.must_not_have(name, "id")
    if draft is not None and held:
        after = holding.compile_document(context.owner, policy_id, draft)
        await actor.must_hold_or_keep(before, after, *field)
    return actor


async def add_version(change: Change, row: PolicyRow, document: Document, *, in_force: bool) -> int:
    """Add a version to a policy held by this transaction; give its number. Raises Refused."""
    context = change.context
    scope = attachment.custom_policy(row.id)
    await change.take(quota.POLICY_VERSIONS, 1, scope, "id")
    added = await policies.add_version(
        change.session, row, document.text, context.caller.uin, context.now
    )
    if in_force:
        row.version, row.updated_at = added.number, context.now
    return added.number


def told(row: PolicyRow) -> dict[str, str | int]:
    """Give what an audit record says about a policy."""
    return {"name": row.name, "description": row.description, "version": row.version}


async def whole(session: AsyncSession, row: PolicyRow) -> dict[str, str | int]:
    """Give what an audit record says about a policy and its document in force."""
    version = await policies.version(session, row.id, row.version)
    return {**told(row), "document": version.document}
