"""Signing in and out, and who is signed in (ACC-4)."""

import asyncio
import re
import secrets
from datetime import datetime
from typing import Annotated

import strawberry

from db import sign_in, user
from db.user import UserKind, UserRow
from domain.account import check_password
from domain.errors import Code, Refused
from domain.password import hash_password, verify_password
from domain.text import unsendable
from graph.authority import Principal
from graph.context import Context, Info
from graph.guard import mutation, query
from graph.payload import Payload
from graph.viewer import Viewer
from policies import actions

ROOT_NAME = "root"
MAX_NAME = 64
MAX_PASSWORD = 128
UIN = re.compile(r"[1-9][0-9]{0,17}")


@strawberry.input(description="Who wants to sign in.")
class SignInInput:
    """Name the account for root and sub-accounts; leave it out for operators."""

    account_uin: str | None = strawberry.field(
        default=None, description="The root account's uin; null for operators."
    )
    name: str | None = strawberry.field(
        default=None, description="The sub-account's or operator's name; null for the root account."
    )
    password: str = strawberry.field(description="The password.")


@strawberry.type(description="The answer to `signIn`.")
class SignInPayload(Payload):
    """A token, shown once."""

    token: str | None = strawberry.field(
        default=None, description="Send as `Authorization: Bearer <token>`."
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="When the token ends by itself."
    )
    viewer: Viewer | None = strawberry.field(default=None, description="Who has signed in.")


@strawberry.type(description="The answer to `signOut`.")
class SignOutPayload(Payload):
    """Nothing but problems, if any."""

    signed_out: bool = strawberry.field(default=False, description="Whether the token has ended.")


@strawberry.input(description="A new password for the caller.")
class PasswordChangeInput:
    """Both passwords."""

    current: str = strawberry.field(description="The password in force.")
    new: str = strawberry.field(
        description="At least 8 characters: upper case, lower case, digit and special character."
    )


@strawberry.type(description="The answer to `passwordChange`.")
class PasswordChangePayload(Payload):
    """Nothing but problems, if any."""

    changed: bool = strawberry.field(
        default=False, description="Whether it changed; every session of the user has ended then."
    )


@strawberry.type
class SignInQuery:
    """Root fields about the caller."""

    @query(actions.DESCRIBE_VIEWER)
    async def viewer(self, info: Info) -> Viewer | None:
        """Who is signed in with the token of this request."""
        return Viewer.of(info.context.caller)


@strawberry.type
class SignInMutation:
    """Root fields about sessions and passwords."""

    @mutation(actions.SIGN_IN)
    async def sign_in(
        self,
        info: Info,
        input: Annotated[SignInInput, strawberry.argument(description="Who, and the password.")],  # noqa: A002 - the schema's name
    ) -> SignInPayload:
        """Sign in as the root account, a sub-account or an operator."""
        context = info.context
        await _count_tries(context, input)
        found = await _find(context, input)
        wrong = Refused.one(Code.BAD_CREDENTIALS, "the account, the name or the password is wrong")
        stored = found.password_hash if found else None
        if not await asyncio.to_thread(verify_password, input.password[:MAX_PASSWORD], stored):
            raise wrong
        if found is None or found.disabled:
            raise wrong
        token = secrets.token_urlsafe(32)
        lifetime = context.terms.session_lifetime
        async with context.change() as session:
            now_stored = await user.get(session, found.uin)
            if now_stored is None or now_stored.disabled or now_stored.password_hash != stored:
                raise wrong  # changed while it was being verified, which ends every session
            await sign_in.forget_attempts(session, _name_key(input))
            await sign_in.open_session(session, found.uin, token, context.now, lifetime)
            await user.signed_in(session, found.uin, context.now)
        return SignInPayload(
            token=token,
            expires_at=context.now + lifetime,
            viewer=Viewer.of(Principal.of(found)),
        )

    @mutation(actions.SIGN_OUT)
    async def sign_out(self, info: Info) -> SignOutPayload:
        """End the session of this request's token."""
        async with info.context.change() as session:
            await sign_in.close_session(session, info.context.token or "")
        return SignOutPayload(signed_out=True)

    @mutation(actions.CHANGE_PASSWORD)
    async def password_change(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            PasswordChangeInput, strawberry.argument(description="The old and the new password.")
        ],
    ) -> PasswordChangePayload:
        """Change the caller's password and end every session of theirs, this one included."""
        context = info.context
        await _count(
            context, f"password:{context.caller.uin}", context.terms.sign_in_tries_per_name
        )
        async with context.database.read() as session:
            row = await user.get(session, context.caller.uin)
        stored = row.password_hash if row else None
        if not await asyncio.to_thread(verify_password, input.current[:MAX_PASSWORD], stored):
            raise Refused.one(Code.BAD_CREDENTIALS, "the current password is wrong", "current")
        check_password(input.new, "new", "new password")
        if input.new == input.current:
            message = "new password is the one in force: choose another"
            raise Refused.one(Code.INVALID, message, "new")
        new_hash = await asyncio.to_thread(hash_password, input.new)
        async with context.change() as session:
            await user.set_password(session, context.caller.uin, new_hash)
            await sign_in.close_all(session, context.caller.uin)
        return PasswordChangePayload(changed=True)


def _name_key(given: SignInInput) -> str:
    return f"name:{given.account_uin or ''}/{given.name or ROOT_NAME}"


async def _count_tries(context: Context, given: SignInInput) -> None:
    terms = context.terms
    # The address first: it bounds how many names one address can make the table remember.
    await _count(context, f"address:{context.address}", terms.sign_in_tries_per_address)
    await _count(context, _name_key(given), terms.sign_in_tries_per_name)


async def _count(context: Context, key: str, limit: int) -> None:
    # Counted in a transaction of its own: a refused try must stay counted.
    async with context.database.write() as session:
        tries = await sign_in.attempt(session, key, context.now, context.terms.sign_in_window)
    if tries > limit:
        minutes = int(context.terms.sign_in_window.total_seconds() // 60)
        raise Refused.one(
            Code.TOO_MANY_ATTEMPTS, f"more than {limit} tries; wait {minutes} minutes and try again"
        )


async def _find(context: Context, given: SignInInput) -> UserRow | None:
    # One spelling for each user: tries are counted by what was typed, and every other spelling
    # that found the same user would have tries of its own.
    name = given.name or ROOT_NAME
    if len(name) > MAX_NAME or unsendable(name):
        return None
    async with context.database.read() as session:
        if given.account_uin is None:
            return await user.by_name(session, UserKind.OPERATOR, None, name)
        digits = given.account_uin
        if not UIN.fullmatch(digits):
            return None
        kind = UserKind.SUB if given.name else UserKind.ROOT
        return await user.by_name(session, kind, int(digits), name)
