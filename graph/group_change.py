"""Creating, editing and deleting groups, and who is in them (CAM-1)."""

from typing import Annotated

import strawberry

from db import attachment, user
from db import group as groups
from db import quota as quotas
from db.group import GroupRow
from domain import group as rules
from domain import quota
from domain.errors import Code, Refused
from graph.access import Actor, Change, changing, lifted
from graph.context import Context, Info
from graph.group import Group, Id, show
from graph.guard import mutation
from graph.node import encode, key_of
from graph.payload import Payload
from policies import actions


@strawberry.input(description="A new group.")
class GroupCreateInput:
    """Name and remark."""

    name: str = strawberry.field(description="1 to 64 characters, unique in the account.")
    remark: str = strawberry.field(default="", description="At most 200 characters.")


@strawberry.input(description="What to change of a group; what is left out stays.")
class GroupUpdateInput:
    """Name and remark."""

    name: str | None = strawberry.field(default=None, description="1 to 64 characters.")
    remark: str | None = strawberry.field(default=None, description="At most 200 characters.")


@strawberry.input(description="A group, and who joins or leaves it.")
class GroupUsersInput:
    """One group and some sub-accounts."""

    group_id: strawberry.ID = strawberry.field(description="The group's id.")
    user_ids: list[strawberry.ID] = strawberry.field(
        description="1 to 100 ids of sub-accounts; those already where they should be stay there."
    )


@strawberry.type(description="The answer to a mutation of one group.")
class GroupPayload(Payload):
    """The group as it stands after the mutation."""

    group: Group | None = strawberry.field(
        default=None, description="The group; null when it was not changed."
    )


@strawberry.type(description="The answer to `groupDelete`.")
class GroupDeletePayload(Payload):
    """The id of what is gone."""

    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted group; null when none was."
    )


@strawberry.type
class GroupMutation:
    """Root fields that change groups."""

    @mutation(actions.CREATE_GROUP, quota=quota.GROUPS)
    async def group_create(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            GroupCreateInput, strawberry.argument(description="Name and remark.")
        ],
    ) -> GroupPayload:
        """Create a group that nobody is in and that holds nothing."""
        context = info.context
        draft = rules.draft(input.name, input.remark)
        async with context.database.read() as session:
            actor = await Actor.of(context, session)
        async with changing(actor) as change:
            row = await groups.add(change.session, context.owner, draft, context.now)
            member = attachment.group_member(row.id)
            await change.record(actions.CREATE_GROUP, member, row.name, after=_told(row))
        return GroupPayload(group=show(context, [row])[0])

    @mutation(actions.UPDATE_GROUP)
    async def group_update(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            GroupUpdateInput, strawberry.argument(description="What to change.")
        ],
    ) -> GroupPayload:
        """Change a group's name and remark."""
        context, group_id = info.context, key_of(id, "Group")
        async with context.database.read() as session:
            actor = await Actor.of(context, session)
        async with changing(actor) as change:
            row = await groups.changing(change.session, context.owner, group_id)
            draft = rules.draft(
                row.name if input.name is None else input.name,
                row.remark if input.remark is None else input.remark,
            )
            await groups.check_name(change.session, context.owner, draft.name, but=row.id)
            before = _told(row)
            row.name, row.remark = draft.name, draft.remark
            member = attachment.group_member(row.id)
            await change.record(
                actions.UPDATE_GROUP, member, row.name, before=before, after=_told(row)
            )
        return GroupPayload(group=show(context, [row])[0])

    @mutation(actions.DELETE_GROUP)
    async def group_delete(self, info: Info, id: Id) -> GroupDeletePayload:  # noqa: A002 - the schema's name
        """Delete a group; its members stay and lose what they held through it."""
        context, group_id = info.context, key_of(id, "Group")
        actor = await _prepared(context, group_id, joins=False, field="id")
        async with changing(actor) as change:
            session, owner = change.session, context.owner
            row = await groups.changing(session, owner, group_id)
            member = attachment.group_member(group_id)
            members = sorted(await groups.members(session, group_id))
            held = await attachment.of_members(session, owner, [member])
            before = {**_told(row), "users": members, "policies": [each.policy for each in held]}
            await change.record(actions.DELETE_GROUP, member, row.name, before=before)
            await _take_out(change, group_id, members)
            await attachment.detach_all(session, owner, member)
            await quotas.forget(session, owner, member)
            await quotas.give_back(session, owner, quota.GROUPS)
            await groups.remove(session, row)
        return GroupDeletePayload(deleted_id=encode("Group", group_id))


@strawberry.type
class MembershipMutation:
    """Root fields that change who is in a group."""

    @mutation(actions.ADD_USER_TO_GROUP, quota=quota.USERS_PER_GROUP)
    async def group_user_add(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            GroupUsersInput, strawberry.argument(description="The group and who joins it.")
        ],
    ) -> GroupPayload:
        """Put sub-accounts into a group: at most 100 in a group, and one in at most 10 groups."""
        context, group_id, uins = info.context, key_of(input.group_id, "Group"), _uins(input)
        actor = await _prepared(context, group_id, joins=True, field="group_id")
        for uin in uins:
            actor.must_not_be(uin, "join a group by itself", "user_ids")
        member = attachment.group_member(group_id)
        async with changing(actor, amount=0, scope=member) as change:
            session, owner = change.session, context.owner
            row = await groups.changing(session, owner, group_id, "group_id")
            there = await groups.members(session, group_id)
            known = await user.by_uins(session, owner, uins)
            for position, uin in enumerate(uins):
                if uin not in known:
                    message = "there is no such sub-account"
                    raise Refused.one(Code.NOT_FOUND, message, "user_ids", str(position))
            joining = sorted(set(uins) - there)
            await change.take(quota.USERS_PER_GROUP, len(joining), member, "user_ids")
            for uin in joining:
                scope = attachment.user_member(uin)
                await change.take(quota.GROUPS_PER_USER, 1, scope, "user_ids")
                await groups.join(session, group_id, uin, context.now)
            await change.record(
                actions.ADD_USER_TO_GROUP,
                member,
                row.name,
                before={"users": sorted(there)},
                after={"users": sorted(there.union(joining))},
            )
        return GroupPayload(group=show(context, [row])[0])

    @mutation(actions.REMOVE_USER_FROM_GROUP)
    async def group_user_remove(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            GroupUsersInput, strawberry.argument(description="The group and who leaves it.")
        ],
    ) -> GroupPayload:
        """Take sub-accounts out of a group; they lose what they held through it."""
        context, group_id, uins = info.context, key_of(input.group_id, "Group"), _uins(input)
        actor = await _prepared(context, group_id, joins=False, field="group_id")
        async with changing(actor) as change:
            row = await groups.changing(change.session, context.owner, group_id, "group_id")
            there = await groups.members(change.session, group_id)
            leaving = sorted(there.intersection(uins))
            await _take_out(change, group_id, leaving)
            await change.record(
                actions.REMOVE_USER_FROM_GROUP,
                attachment.group_member(group_id),
                row.name,
                before={"users": sorted(there)},
                after={"users": sorted(there.difference(leaving))},
            )
        return GroupPayload(group=show(context, [row])[0])


async def _prepared(context: Context, group_id: int, *, joins: bool, field: str) -> Actor:
    """Check what a change of members would give away."""
    async with context.database.read() as session:
        actor = await Actor.of(context, session)
        if await groups.owned(session, context.owner, group_id) is None:
            raise Refused.one(Code.NOT_FOUND, "there is no such group", field)
        member = attachment.group_member(group_id)
        held = await attachment.of_members(session, context.owner, [member])
        brought = await actor.rules(session, {row.policy for row in held})
    actor.must_not_be_in(group_id, field)
    await actor.must_hold(brought if joins else lifted(brought), field)
    return actor


async def _take_out(change: Change, group_id: int, uins: list[int]) -> None:
    session, owner = change.session, change.context.owner
    await groups.leave(session, group_id, uins)
    member = attachment.group_member(group_id)
    await quotas.give_back(session, owner, quota.USERS_PER_GROUP, len(uins), member)
    for uin in uins:
        scope = attachment.user_member(uin)
        await quotas.give_back(session, owner, quota.GROUPS_PER_USER, scope=scope)


def _uins(given: GroupUsersInput) -> list[int]:
    most = quota.USERS_PER_GROUP.limit
    if not 1 <= len(given.user_ids) <= most:
        message = f"user_ids has {len(given.user_ids)} entries: give 1 to {most}"
        raise Refused.one(Code.OUT_OF_RANGE, message, "user_ids")
    return list(dict.fromkeys(key_of(identity, "User") for identity in given.user_ids))


def _told(row: GroupRow) -> dict[str, str]:
    return {"name": row.name, "remark": row.remark}
