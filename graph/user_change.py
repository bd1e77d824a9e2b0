"""Editing, disabling and deleting sub-accounts (CAM-1)."""

import asyncio
import secrets
from dataclasses import dataclass
from random import Random
from typing import Annotated, Final

import strawberry

from db import attachment, holding, sign_in, sub_account, user
from db.user import UserRow
from domain.account import check_password, generate_password
from domain.errors import Code, Refused
from domain.password import hash_password
from domain.user import contact
from graph.access import Actor, changing
from graph.context import Context, Info
from graph.guard import mutation
from graph.node import encode, key_of
from graph.payload import Payload
from graph.user import Id, UserPayload, show
from graph.user_creation import told
from policies import actions

_RANDOM: Final[Random] = secrets.SystemRandom()


@strawberry.input(description="What to change of a sub-account; what is left out stays.")
class UserUpdateInput:
    """Contact data, and how it signs in; the latter only by the root account."""

    remark: str | None = strawberry.field(default=None, description="At most 200 characters.")
    phone: str | None = strawberry.field(
        default=None, description="A mobile number of any country; empty for none."
    )
    email: str | None = strawberry.field(
        default=None, description="An e-mail address; empty for none."
    )
    console_login: bool | None = strawberry.field(
        default=None,
        description="False takes its password away and signs it out. True generates a password "
        "where it has none and none is given.",
    )
    password: str | None = strawberry.field(
        default=None, description="A new password, as in `userCreate`; it is signed out everywhere."
    )
    must_reset_password: bool | None = strawberry.field(
        default=None,
        description="Whether it has to choose a new password when it signs in next; true by "
        "default when this gives it a password.",
    )

    @property
    def touches_sign_in(self) -> bool:
        """Whether anything but contact data is to change."""
        return (self.console_login, self.password, self.must_reset_password) != (None, None, None)


@strawberry.type(description="The answer to `userUpdate`.")
class UserUpdatePayload(UserPayload):
    """The sub-account, and its password where one was generated."""

    password: str | None = strawberry.field(
        default=None, description="The generated password, shown this once; null when none was."
    )


@strawberry.type(description="The answer to `userDelete`.")
class UserDeletePayload(Payload):
    """The id of what is gone."""

    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted sub-account; null when none was."
    )


@dataclass(frozen=True, slots=True)
class _Password:
    """A new password, or none where the old one stays."""

    generated: str | None = None
    hashed: str | None = None


@strawberry.type
class UserChangeMutation:
    """Root fields that change sub-accounts."""

    @mutation(actions.UPDATE_USER)
    async def user_update(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            UserUpdateInput, strawberry.argument(description="What to change.")
        ],
    ) -> UserUpdatePayload:
        """Change contact data and, as the root account, how a sub-account signs in."""
        context, uin = info.context, key_of(id, "User")
        async with context.database.read() as session:
            actor = await Actor.of(context, session)
            found = await user.owned(session, context.owner, uin)
        if input.touches_sign_in:
            actor.must_be_root("change how others sign in", "id")
        password = await _new_password(input, found)
        async with changing(actor) as change:
            row = await user.changing(change.session, context.owner, uin)
            before = told(row)
            about = contact(
                row.remark if input.remark is None else input.remark,
                row.phone if input.phone is None else input.phone,
                row.email if input.email is None else input.email,
            )
            row.remark, row.phone, row.email = about.remark, about.phone, about.email
            if _change_sign_in(row, input, password):
                await sign_in.close_all(change.session, uin)
            after = {**told(row), "newPassword": password.hashed is not None}
            member = attachment.user_member(uin)
            await change.record(actions.UPDATE_USER, member, row.name, before=before, after=after)
        return UserUpdatePayload(user=show(context, [row])[0], password=password.generated)

    @mutation(actions.UPDATE_USER)
    async def user_disable(self, info: Info, id: Id) -> UserPayload:  # noqa: A002 - the schema's name
        """Lock a sub-account out at once: its sessions end and its access keys are refused."""
        context, uin = info.context, key_of(id, "User")
        async with context.database.read() as session:
            actor = await Actor.of(context, session)
        actor.must_not_be(uin, "disable itself", "id")
        return await _switch(actor, uin, disabled=True)

    @mutation(actions.UPDATE_USER)
    async def user_enable(self, info: Info, id: Id) -> UserPayload:  # noqa: A002 - the schema's name
        """Let a disabled sub-account in again, with what it held."""
        context, uin = info.context, key_of(id, "User")
        async with context.database.read() as session:
            actor = await Actor.of(context, session)
            held = await holding.if_enabled(session, context.owner, uin)
            brought = await actor.rules(session, {link.holder for link in held.links})
        await actor.must_hold(brought, "id")
        return await _switch(actor, uin, disabled=False)

    @mutation(actions.DELETE_USER)
    async def user_delete(self, info: Info, id: Id) -> UserDeletePayload:  # noqa: A002 - the schema's name
        """Delete a sub-account with its sessions, keys, memberships and attachments, for good."""
        context, uin = info.context, key_of(id, "User")
        async with context.database.read() as session:
            actor = await Actor.of(context, session)
        actor.must_not_be(uin, "delete itself", "id")
        async with changing(actor) as change:
            row = await user.changing(change.session, context.owner, uin)
            member = attachment.user_member(uin)
            await change.record(actions.DELETE_USER, member, row.name, before=told(row))
            await sub_account.remove(change.session, context.owner, row)
        return UserDeletePayload(deleted_id=encode("User", uin))


async def _new_password(given: UserUpdateInput, row: UserRow | None) -> _Password:
    if given.password is not None:
        if given.console_login is False:
            message = "a password is of no use without consoleLogin: leave one of them out"
            raise Refused.one(Code.MISMATCH, message, "password")
        check_password(given.password)
        return _Password(hashed=await asyncio.to_thread(hash_password, given.password))
    if given.console_login and row is not None and row.password_hash is None:
        generated = generate_password(_RANDOM)
        return _Password(generated, await asyncio.to_thread(hash_password, generated))
    return _Password()


def _change_sign_in(row: UserRow, given: UserUpdateInput, password: _Password) -> bool:
    """Say whether the user's sessions have to end."""
    if given.console_login is False:
        row.password_hash, row.must_reset = None, False
        return True
    if password.hashed is not None:
        row.password_hash = password.hashed
        row.must_reset = given.must_reset_password is not False
        return True
    if given.must_reset_password is not None and row.password_hash is not None:
        row.must_reset = given.must_reset_password
    return False


async def _switch(actor: Actor, uin: int, *, disabled: bool) -> UserPayload:
    context: Context = actor.context
    async with changing(actor) as change:
        row = await user.changing(change.session, context.owner, uin)
        before = told(row)
        row.disabled = disabled
        if disabled:
            await sign_in.close_all(change.session, uin)
        member = attachment.user_member(uin)
        await change.record(actions.UPDATE_USER, member, row.name, before=before, after=told(row))
    return UserPayload(user=show(context, [row])[0])
