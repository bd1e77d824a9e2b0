"""Creating sub-accounts and handing their credentials over, once (CAM-1)."""

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Annotated, Final

import strawberry

from db import access_key, attachment, user
from db import credential as files
from db.user import UserRow
from domain import credential, quota
from domain.account import check_password, generate_password
from domain.credential import Credentials
from domain.errors import Code, Problem, Refused
from domain.password import hash_password
from domain.user import Contact, contact, new_name, new_names
from graph.access import Actor, Change, changing
from graph.context import Context, Info
from graph.guard import mutation
from graph.payload import Payload
from graph.user import User, show
from policies import actions

_RANDOM: Final[Random] = secrets.SystemRandom()


@strawberry.input(description="A new sub-account.")
class UserCreateInput:
    """Who it is, and what it may sign in with."""

    name: str = strawberry.field(
        description="1 to 64 letters, digits or any of + = , . @ _ - ; cannot be changed."
    )
    remark: str = strawberry.field(default="", description="At most 200 characters.")
    phone: str = strawberry.field(default="", description="A mobile number of any country.")
    email: str = strawberry.field(default="", description="An e-mail address.")
    console_login: bool = strawberry.field(
        default=True, description="Whether it can sign in with a password."
    )
    password: str | None = strawberry.field(
        default=None,
        description="8 to 128 characters with upper case, lower case, digit and special "
        "character; left out, one is generated and shown once.",
    )
    must_reset_password: bool = strawberry.field(
        default=True, description="Whether it has to choose a new password when it signs in first."
    )
    api_access: bool = strawberry.field(
        default=False, description="Whether it gets an access key, shown once."
    )


@strawberry.input(description="Up to ten new sub-accounts with generated passwords.")
class UserQuickCreateInput:
    """Names, and what all of them may sign in with."""

    names: list[str] = strawberry.field(description="1 to 10 names, as in `userCreate`.")
    console_login: bool = strawberry.field(
        default=True, description="Whether they can sign in with a password."
    )
    must_reset_password: bool = strawberry.field(
        default=True, description="Whether they have to choose a new password at first."
    )
    api_access: bool = strawberry.field(
        default=False, description="Whether each gets an access key, shown once."
    )


@strawberry.type(description="A new sub-account with its secrets, which are shown this once.")
class NewUser:
    """One sub-account and what to hand over to it."""

    user: User = strawberry.field(description="The sub-account.")
    password: str | None = strawberry.field(
        description="The generated password; null when none was generated."
    )
    secret_id: str | None = strawberry.field(
        description="The SecretId of its access key; null without API access."
    )
    secret_key: str | None = strawberry.field(
        description="The SecretKey of its access key; null without API access."
    )


@strawberry.type(description="The answer to a mutation that creates sub-accounts.")
class UserCreatePayload(Payload):
    """Who was created, and the file with their credentials."""

    created: list[NewUser] = strawberry.field(
        default_factory=list, description="The new sub-accounts; empty when none was created."
    )
    sign_in_url: str | None = strawberry.field(
        default=None, description="The link that spares them from typing the root account's uin."
    )
    credentials_url: str | None = strawberry.field(
        default=None,
        description="A CSV file with their credentials. It can be downloaded once and soon, by "
        "whoever has this link. A cell that a spreadsheet would take for a formula begins with '.",
    )
    credentials_expire_at: datetime | None = strawberry.field(
        default=None, description="When the file is gone even if nobody downloads it."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    name: str
    place: tuple[str, ...]
    contact: Contact
    password: str | None
    generated: bool
    password_hash: str | None
    must_reset: bool
    pair: tuple[str, str] | None


@strawberry.type
class UserCreationMutation:
    """Root fields that create sub-accounts."""

    @mutation(actions.ADD_USER, quota=quota.SUB_ACCOUNTS)
    async def user_create(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            UserCreateInput, strawberry.argument(description="The sub-account.")
        ],
    ) -> UserCreatePayload:
        """Create a sub-account; it holds nothing until a policy is attached or it joins a group."""
        name, about = _check(input)
        password = input.password
        if password is None and input.console_login:
            password = generate_password(_RANDOM)
        draft = _Draft(
            name=name,
            place=("name",),
            contact=about,
            password=password,
            generated=input.password is None,
            password_hash=await asyncio.to_thread(hash_password, password) if password else None,
            must_reset=input.must_reset_password and password is not None,
            pair=access_key.new_pair() if input.api_access else None,
        )
        return await _create(info.context, [draft])

    @mutation(actions.ADD_USER, quota=quota.SUB_ACCOUNTS)
    async def user_quick_create(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            UserQuickCreateInput, strawberry.argument(description="The sub-accounts.")
        ],
    ) -> UserCreatePayload:
        """Create up to ten sub-accounts at once, all of them or none."""
        names = new_names(input.names, quota.QUICK_USERS.limit)
        passwords = [generate_password(_RANDOM) if input.console_login else None for _ in names]
        drafts = [
            _Draft(
                name=name,
                place=("names", str(position)),
                contact=Contact("", "", ""),
                password=password,
                generated=True,
                password_hash=await asyncio.to_thread(hash_password, password)
                if password
                else None,
                must_reset=input.must_reset_password and password is not None,
                pair=access_key.new_pair() if input.api_access else None,
            )
            for position, (name, password) in enumerate(zip(names, passwords, strict=True))
        ]
        return await _create(info.context, drafts)


def _check(given: UserCreateInput) -> tuple[str, Contact]:
    problems: list[Problem] = []
    name, about = "", Contact("", "", "")
    try:
        name = new_name(given.name)
    except Refused as refusal:
        problems += refusal.problems
    try:
        about = contact(given.remark, given.phone, given.email)
    except Refused as refusal:
        problems += refusal.problems
    if given.password is not None:
        try:
            check_password(given.password)
        except Refused as refusal:
            problems += refusal.problems
        if not given.console_login:
            message = "a password is of no use without consoleLogin: leave one of them out"
            problems.append(Problem(Code.MISMATCH, message, ("password",)))
    if problems:
        raise Refused(*problems)
    return name, about


async def _create(context: Context, drafts: Sequence[_Draft]) -> UserCreatePayload:
    token = secrets.token_urlsafe(32)
    lifetime = context.terms.credential_lifetime
    link = credential.sign_in_url(context.base_url, context.owner)
    async with context.database.read() as session:
        actor = await Actor.of(context, session)
    async with changing(actor, amount=len(drafts)) as change:
        rows = [await _add(change, draft) for draft in drafts]
        content = credential.as_csv(_credentials(rows, drafts, link))
        await files.add(
            change.session,
            context.owner,
            token,
            content,
            context.vault,
            now=context.now,
            lifetime=lifetime,
        )
    shown = show(context, rows)
    return UserCreatePayload(
        created=[_created(*each) for each in zip(shown, drafts, strict=True)],
        sign_in_url=link,
        credentials_url=f"{context.base_url}/credentials/{token}.csv",
        credentials_expire_at=context.now + lifetime,
    )


async def _add(change: Change, draft: _Draft) -> UserRow:
    session, context = change.session, change.context
    row = await user.add_sub(
        session,
        context.owner,
        draft.name,
        draft.contact,
        *draft.place,
        password_hash=draft.password_hash,
        must_reset=draft.must_reset,
        now=context.now,
    )
    member = attachment.user_member(row.uin)
    if draft.pair:
        await change.take(quota.ACCESS_KEYS, 1, member)
        await access_key.add(session, row.uin, draft.pair, context.vault, now=context.now)
    secret_id = draft.pair[0] if draft.pair else None
    await change.record(
        actions.ADD_USER, member, row.name, after={**told(row), "secretId": secret_id}
    )
    return row


def told(row: UserRow) -> dict[str, str | bool]:
    """Give what an audit record says about a sub-account."""
    return {
        "name": row.name,
        "remark": row.remark,
        "phone": row.phone,
        "email": row.email,
        "consoleLogin": row.password_hash is not None,
        "mustResetPassword": row.must_reset,
        "disabled": row.disabled,
    }


def _credentials(
    rows: Iterable[UserRow], drafts: Iterable[_Draft], link: str
) -> Iterable[Credentials]:
    for row, draft in zip(rows, drafts, strict=True):
        secret_id, secret_key = draft.pair or ("", "")
        yield Credentials(
            name=row.name,
            uin=row.uin,
            password=draft.password or "",
            secret_id=secret_id,
            secret_key=secret_key,
            sign_in_url=link,
        )


def _created(shown: User, draft: _Draft) -> NewUser:
    secret_id, secret_key = draft.pair or (None, None)
    return NewUser(
        user=shown,
        password=draft.password if draft.generated else None,
        secret_id=secret_id,
        secret_key=secret_key,
    )
