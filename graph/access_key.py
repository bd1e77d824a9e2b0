"""Access keys (ACC-5): SecretId and SecretKey of sub-accounts, for programs."""

from collections import defaultdict
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.dataloader import DataLoader

from db import access_key as keys
from db import attachment, user
from db import quota as quotas
from db.access_key import AccessKeyRow, KeyStatus
from domain import quota
from domain.errors import Code, Refused
from domain.text import check, tidy
from graph.access import Actor, Change, changing
from graph.context import Context, Info
from graph.enums import publish
from graph.guard import mutation
from graph.node import another_kind, decode, encode, key_of
from graph.payload import Payload
from policies import actions
from policies.actions import Action

MAX_DESCRIPTION = 1_024

Id = Annotated[strawberry.ID, strawberry.argument(description="The access key's id.")]
publish(
    KeyStatus,
    name="AccessKeyStatus",
    description="Whether requests signed with a key are accepted.",
    values={"ACTIVE": "They are.", "INACTIVE": "They are refused; the key can be deleted."},
)


@strawberry.type(description="An access key: what a program signs its requests with.")
class AccessKey:
    """What is shown of a key; the SecretKey only where it is made."""

    id: strawberry.ID = strawberry.field(description="Opaque and stable.")
    secret_id: str = strawberry.field(description="The public half, which requests name.")
    status: KeyStatus = strawberry.field(description="Whether it is accepted.")
    description: str = strawberry.field(description="What it is for.")
    created_at: datetime = strawberry.field(description="When it was created.")

    @classmethod
    def of(cls, row: AccessKeyRow) -> "AccessKey":
        """Show a row."""
        return cls(
            id=encode("AccessKey", row.secret_id),
            secret_id=row.secret_id,
            status=row.status,
            description=row.description,
            created_at=row.created_at,
        )


@strawberry.input(description="Whose access key to create.")
class AccessKeyCreateInput:
    """A sub-account and a note."""

    user_id: strawberry.ID = strawberry.field(description="The sub-account's id.")
    description: str = strawberry.field(default="", description="At most 1,024 characters.")


@strawberry.type(description="The answer to `accessKeyCreate`.")
class AccessKeyCreatePayload(Payload):
    """The new key and its secret."""

    access_key: AccessKey | None = strawberry.field(
        default=None, description="The key; null when none was made."
    )
    secret_key: str | None = strawberry.field(
        default=None, description="The SecretKey: shown this once, kept sealed, to be kept secret."
    )


@strawberry.type(description="The answer to a mutation of one access key.")
class AccessKeyPayload(Payload):
    """The key as it stands after the mutation."""

    access_key: AccessKey | None = strawberry.field(
        default=None, description="The key; null when it was not changed."
    )


@strawberry.type(description="The answer to `accessKeyDelete`.")
class AccessKeyDeletePayload(Payload):
    """The id of what is gone."""

    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted key; null when none was."
    )


def load_keys(context: Context) -> DataLoader[int, list[AccessKey]]:
    """Load the keys of every user of a page in one statement."""

    async def load(user_uins: list[int]) -> list[list[AccessKey]]:
        async with context.database.read() as session:
            rows = await keys.of_users(session, user_uins)
        found: dict[int, list[AccessKey]] = defaultdict(list)
        for row in rows:
            found[row.user_uin].append(AccessKey.of(row))
        return [found[uin] for uin in user_uins]

    return DataLoader(load)


@strawberry.type
class AccessKeyMutation:
    """Root fields that change access keys."""

    @mutation(actions.CREATE_ACCESS_KEY, quota=quota.ACCESS_KEYS)
    async def access_key_create(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            AccessKeyCreateInput, strawberry.argument(description="Whose key.")
        ],
    ) -> AccessKeyCreatePayload:
        """Create an access key of a sub-account; a sub-account can do so for itself only."""
        context, uin = info.context, key_of(input.user_id, "User")
        description = tidy(input.description)
        problems = check(description, "description", least=0, most=MAX_DESCRIPTION)
        if problems:
            raise Refused(*problems)
        actor = await _actor(context)
        _check_own(actor, uin, "user_id")
        pair = keys.new_pair()
        async with changing(actor, scope=attachment.user_member(uin)) as change:
            holder = await user.changing(change.session, context.owner, uin, "user_id")
            row = await keys.add(
                change.session,
                uin,
                pair,
                context.vault,
                description=description,
                now=context.now,
            )
            await change.record(
                actions.CREATE_ACCESS_KEY,
                attachment.user_member(uin),
                holder.name,
                after=_told(row),
            )
        return AccessKeyCreatePayload(access_key=AccessKey.of(row), secret_key=pair[1])

    @mutation(actions.UPDATE_ACCESS_KEY)
    async def access_key_disable(self, info: Info, id: Id) -> AccessKeyPayload:  # noqa: A002 - the schema's name
        """Refuse requests signed with a key from now on; it can then be deleted."""
        return await _switch(info.context, id, KeyStatus.INACTIVE)

    @mutation(actions.UPDATE_ACCESS_KEY)
    async def access_key_enable(self, info: Info, id: Id) -> AccessKeyPayload:  # noqa: A002 - the schema's name
        """Accept requests signed with a disabled key again."""
        return await _switch(info.context, id, KeyStatus.ACTIVE)

    @mutation(actions.DELETE_ACCESS_KEY)
    async def access_key_delete(self, info: Info, id: Id) -> AccessKeyDeletePayload:  # noqa: A002 - the schema's name
        """Delete a disabled key for good."""
        context = info.context
        actor = await _actor(context)
        async with changing(actor) as change:
            row = await _owned(actor, change, id)
            if row.status is KeyStatus.ACTIVE:
                message = f'access key "{row.secret_id}" is in use: disable it first'
                raise Refused.one(Code.WRONG_STATE, message, "id")
            await keys.remove(change.session, row.secret_id)
            member = attachment.user_member(row.user_uin)
            await quotas.give_back(change.session, context.owner, quota.ACCESS_KEYS, scope=member)
            await _record(change, actions.DELETE_ACCESS_KEY, row, before=_told(row))
        return AccessKeyDeletePayload(deleted_id=strawberry.ID(id))


async def _switch(context: Context, id: str, status: KeyStatus) -> AccessKeyPayload:  # noqa: A002 - the schema's name
    actor = await _actor(context)
    async with changing(actor) as change:
        row = await _owned(actor, change, id)
        before = _told(row)
        row.status = status
        await _record(change, actions.UPDATE_ACCESS_KEY, row, before=before, after=_told(row))
    return AccessKeyPayload(access_key=AccessKey.of(row))


async def _actor(context: Context) -> Actor:
    async with context.database.read() as session:
        return await Actor.of(context, session)


async def _owned(actor: Actor, change: Change, identity: str) -> AccessKeyRow:
    kind, secret_id = decode(identity)
    if kind != "AccessKey":
        raise another_kind(identity, kind, "AccessKey")
    row = await keys.changing(change.session, actor.context.owner, secret_id)
    _check_own(actor, row.user_uin, "id")
    return row


def _check_own(actor: Actor, user_uin: int, field: str) -> None:
    # Whoever makes a key for somebody, or enables one they saw, acts with that user's rights.
    if user_uin != actor.context.caller.uin:
        actor.must_be_root("change the access keys of others", field)


async def _record(
    change: Change,
    action: Action,
    row: AccessKeyRow,
    *,
    before: dict[str, str],
    after: dict[str, str] | None = None,
) -> None:
    holder = await user.owned(change.session, change.context.owner, row.user_uin)
    await change.record(
        action,
        attachment.user_member(row.user_uin),
        holder.name if holder else "",
        before=before,
        after=after,
    )


def _told(row: AccessKeyRow) -> dict[str, str]:
    return {"secretId": row.secret_id, "status": row.status, "description": row.description}
