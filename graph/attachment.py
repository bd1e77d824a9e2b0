"""Binding policies to sub-accounts and groups, and who holds a policy (CAM-1, CAM-2)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from db import attachment, user
from db import group as groups
from db import page as pages
from db import policy as policies
from db import quota as quotas
from db.attachment import AttachmentRow
from db.session import AsyncSession
from domain import quota
from domain.errors import Code, Problem, Refused
from graph.access import Actor, Change, changing, lifted
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.group import Group
from graph.group import show as show_groups
from graph.group_change import GroupPayload
from graph.guard import mutation, query
from graph.limits import PAGE
from graph.node import key_of
from graph.policy import policy_name
from graph.user import User, UserPayload
from graph.user import show as show_users
from policies import actions
from policies.actions import Action


@strawberry.input(description="A sub-account, and the policies it gets or loses.")
class UserPoliciesInput:
    """One sub-account and some policies."""

    user_id: strawberry.ID = strawberry.field(description="The sub-account's id.")
    policy_ids: list[strawberry.ID] = strawberry.field(
        description="1 to 200 ids of presets and custom policies; what holds already stays."
    )


@strawberry.input(description="A group, and the policies it gets or loses.")
class GroupPoliciesInput:
    """One group and some policies."""

    group_id: strawberry.ID = strawberry.field(description="The group's id.")
    policy_ids: list[strawberry.ID] = strawberry.field(
        description="1 to 200 ids of presets and custom policies; what holds already stays."
    )


@strawberry.type(description="A sub-account or a group that holds a policy directly.")
class PolicyHolder:
    """Either of the two, and since when."""

    attached_at: datetime = strawberry.field(description="When the policy was attached.")
    user: User | None = strawberry.field(description="The sub-account; null for a group.")
    group: Group | None = strawberry.field(description="The group; null for a sub-account.")


@strawberry.type
class AttachmentQuery:
    """Root fields that read attachments."""

    @query(actions.LIST_ENTITIES_FOR_POLICY)
    async def policy_holders(
        self,
        info: Info,
        policy_id: Annotated[strawberry.ID, strawberry.argument(description="The policy's id.")],
        first: First = PAGE,
        after: After = None,
    ) -> Connection[PolicyHolder] | None:
        """The sub-accounts and groups that a policy is attached to, longest ago first."""
        context = info.context
        page = page_request(first, after, datetime, str)
        listing = attachment.holders(context.owner, policy_name(policy_id))
        async with context.database.read() as session:
            found = await attachment.page(session, listing, first=page.first, after=page.after)
        return connect(
            await _holders(context, found.rows),
            [(row.created_at, row.member) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, pages.count, listing),
        )


@strawberry.type
class AttachmentMutation:
    """Root fields that change attachments."""

    @mutation(actions.ATTACH_USER_POLICY, quota=quota.ATTACHMENTS)
    async def user_policy_attach(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            UserPoliciesInput, strawberry.argument(description="Who gets which policies.")
        ],
    ) -> UserPayload:
        """Attach policies to a sub-account; in force on its next request."""
        context, uin = info.context, key_of(input.user_id, "User")
        names = _names(input.policy_ids)
        actor = await _prepared(context, names, attach=True)
        actor.must_not_be(uin, "attach policies to itself", "user_id")
        member = attachment.user_member(uin)
        async with changing(actor, amount=0, scope=member) as change:
            row = await user.changing(change.session, context.owner, uin, "user_id")
            await _attach(change, actions.ATTACH_USER_POLICY, member, row.name, names)
        return UserPayload(user=show_users(context, [row])[0])

    @mutation(actions.DETACH_USER_POLICY)
    async def user_policy_detach(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            UserPoliciesInput, strawberry.argument(description="Who loses which policies.")
        ],
    ) -> UserPayload:
        """Detach policies from a sub-account; in force on its next request."""
        context, uin = info.context, key_of(input.user_id, "User")
        names = _names(input.policy_ids)
        actor = await _prepared(context, names, attach=False)
        actor.must_not_be(uin, "detach policies from itself", "user_id")
        async with changing(actor) as change:
            row = await user.changing(change.session, context.owner, uin, "user_id")
            member = attachment.user_member(uin)
            await _detach(change, actions.DETACH_USER_POLICY, member, row.name, names)
        return UserPayload(user=show_users(context, [row])[0])

    @mutation(actions.ATTACH_GROUP_POLICY, quota=quota.ATTACHMENTS)
    async def group_policy_attach(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            GroupPoliciesInput, strawberry.argument(description="Which group gets which policies.")
        ],
    ) -> GroupPayload:
        """Attach policies to a group; in force for its members on their next request."""
        context, group_id = info.context, key_of(input.group_id, "Group")
        names, member = _names(input.policy_ids), attachment.group_member(group_id)
        actor = await _prepared(context, names, attach=True)
        actor.must_not_be_in(group_id, "group_id")
        async with changing(actor, amount=0, scope=member) as change:
            row = await groups.changing(change.session, context.owner, group_id, "group_id")
            await _attach(change, actions.ATTACH_GROUP_POLICY, member, row.name, names)
        return GroupPayload(group=show_groups(context, [row])[0])

    @mutation(actions.DETACH_GROUP_POLICY)
    async def group_policy_detach(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            GroupPoliciesInput, strawberry.argument(description="Which group loses which policies.")
        ],
    ) -> GroupPayload:
        """Detach policies from a group; in force for its members on their next request."""
        context, group_id = info.context, key_of(input.group_id, "Group")
        names, member = _names(input.policy_ids), attachment.group_member(group_id)
        actor = await _prepared(context, names, attach=False)
        actor.must_not_be_in(group_id, "group_id")
        async with changing(actor) as change:
            row = await groups.changing(change.session, context.owner, group_id, "group_id")
            await _detach(change, actions.DETACH_GROUP_POLICY, member, row.name, names)
        return GroupPayload(group=show_groups(context, [row])[0])


async def _holders(context: Context, rows: Sequence[AttachmentRow]) -> list[PolicyHolder]:
    kinds = [row.member.partition(":") for row in rows]
    async with context.database.read() as session:
        uins = [int(number) for kind, _, number in kinds if kind == "user"]
        people = await user.by_uins(session, context.owner, uins)
        ids = [int(number) for kind, _, number in kinds if kind == "group"]
        found = await groups.by_ids(session, context.owner, ids)
    shown_users = {int(each.uin): each for each in show_users(context, people.values())}
    shown_groups = {each.key: each for each in show_groups(context, found)}
    return [
        PolicyHolder(
            attached_at=row.created_at,
            user=shown_users.get(int(number)) if kind == "user" else None,
            group=shown_groups.get(int(number)) if kind == "group" else None,
        )
        for row, (kind, _, number) in zip(rows, kinds, strict=True)
    ]


def _names(policy_ids: Sequence[str]) -> list[str]:
    most = quota.ATTACHMENTS.limit
    if not 1 <= len(policy_ids) <= most:
        message = f"policy_ids has {len(policy_ids)} entries: give 1 to {most}"
        raise Refused.one(Code.OUT_OF_RANGE, message, "policy_ids")
    return [policy_name(identity) for identity in policy_ids]


async def _prepared(context: Context, names: Sequence[str], *, attach: bool) -> Actor:
    """Check what the change would give away."""
    async with context.database.read() as session:
        actor = await Actor.of(context, session)
        await _check_known(session, context.owner, names)
        rules = await actor.rules(session, set(names))
    await actor.must_hold(rules if attach else lifted(rules), "policy_ids")
    return actor


async def _check_known(session: AsyncSession, owner: int, names: Sequence[str]) -> None:
    ids = {name: attachment.custom_id(name) for name in names}
    known = await policies.by_ids(session, owner, filter(None, ids.values()))
    problems = [
        Problem(Code.NOT_FOUND, "there is no such policy", ("policy_ids", str(position)))
        for position, name in enumerate(names)
        if (policy_id := ids[name]) is not None and policy_id not in known
    ]
    if problems:
        raise Refused(*problems)


async def _attach(
    change: Change, action: Action, member: str, name: str, names: Sequence[str]
) -> None:
    session, context = change.session, change.context
    await _check_known(session, context.owner, names)
    held = await attachment.of_members(session, context.owner, [member])
    before = {row.policy for row in held}
    fresh = sorted(set(names) - before)
    await change.take(quota.ATTACHMENTS, len(fresh), member, "policy_ids")
    await attachment.attach(session, context.owner, member, fresh, context.now)
    await change.record(
        action,
        member,
        name,
        before={"policies": sorted(before)},
        after={"policies": sorted(before.union(fresh))},
    )


async def _detach(
    change: Change, action: Action, member: str, name: str, names: Sequence[str]
) -> None:
    session, owner = change.session, change.context.owner
    held = await attachment.of_members(session, owner, [member])
    before = {row.policy for row in held}
    lost = before.intersection(names)
    await attachment.detach(session, owner, member, lost)
    await quotas.give_back(session, owner, quota.ATTACHMENTS, len(lost), member)
    await change.record(
        action,
        member,
        name,
        before={"policies": sorted(before)},
        after={"policies": sorted(before - lost)},
    )
