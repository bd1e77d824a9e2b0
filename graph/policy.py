"""Policies (CAM-2, CAM-3): presets and custom ones, as written and as they are understood."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import strawberry

from db import attachment
from db import page as pages
from db import policy as policies
from db.policy import PolicyRow
from domain import policy as rules
from domain.text import unsendable
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.document import PolicyFinding, findings, written
from graph.enums import publish
from graph.errors import BadUserInput
from graph.guard import query
from graph.limits import PAGE
from graph.node import Node, decode, encode, key_of
from graph.policy_version import PolicyVersion, Versions
from graph.search import wanted
from policies import actions
from policies.document import DocumentError, parse

Id = Annotated[strawberry.ID, strawberry.argument(description="The policy's id.")]


class PolicyKind(StrEnum):
    """Who writes a policy."""

    PRESET = "preset"
    CUSTOM = "custom"


publish(
    PolicyKind,
    name="PolicyKind",
    description="Who writes a policy.",
    values={
        "PRESET": "It comes with the product and cannot be edited.",
        "CUSTOM": "The account has written it.",
    },
)


@strawberry.type(description="A policy: statements that allow or deny actions on resources.")
class Policy(Node):
    """What an account sees of a preset or of a custom policy of its own."""

    name: str = strawberry.field(description="Its name, unique in the account.")
    kind: PolicyKind = strawberry.field(description="Preset or custom.")
    description: str = strawberry.field(description="What it is for.")
    version: int | None = strawberry.field(
        description="The number of the version in force; null for presets."
    )
    created_at: datetime | None = strawberry.field(
        description="When it was created; null for presets."
    )
    updated_at: datetime | None = strawberry.field(
        description="When its description or the version in force last changed; null for presets."
    )
    created_by: str | None = strawberry.field(
        description="The uin of who created it; null for presets."
    )
    key: strawberry.Private[int | None]
    loaded: strawberry.Private[Versions]

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="The document in force, exactly as its author wrote it."
    )
    async def document(self, info: Info) -> str:
        """Read the version in force, or write a preset's rules down."""
        return await self._document(info.context)

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="The document in canonical spelling; it means the same. Null when it names "
        "what this version of the product does not know: such a policy denies everything."
    )
    async def normalised(self, info: Info) -> str | None:
        """Show how the document is understood."""
        text = await self._document(info.context)
        try:
            return parse(text, str(info.context.owner)).normalised()
        except DocumentError:
            return None

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="What was put right while reading the document, and what has no effect in it."
    )
    async def warnings(self, info: Info) -> list[PolicyFinding]:
        """Lint the document."""
        return await findings(await self._document(info.context), info.context.owner)

    @query(actions.LIST_POLICY_VERSIONS)
    async def versions(self, info: Info) -> list[PolicyVersion] | None:
        """Every version that is kept, newest first; empty for presets."""
        del info
        if self.key is None:
            return []
        rows = await self.loaded.every.load(self.key)
        return [PolicyVersion.of(row, self.version or 0) for row in rows]

    async def _document(self, context: Context) -> str:
        if self.key is None:
            return await preset_text(context, self.name)
        row = await self.loaded.in_force.load(self.key)
        return row.document if row else ""


async def preset_text(context: Context, name: str) -> str:
    """Write the rules of a preset as a document."""
    async with context.database.read() as session:
        snapshot = (await context.authority(session)).snapshot
    held = snapshot.held((attachment.preset_policy(name),))
    return written(rule for rule, _ in held)


def show(context: Context, rows: Iterable[PolicyRow | str]) -> list[Policy]:
    """Show custom policies and, by name, presets; what they refer to is loaded for all at once."""
    loaded = Versions(context)
    return [_preset(row, loaded) if isinstance(row, str) else _custom(row, loaded) for row in rows]


def _preset(name: str, loaded: Versions) -> Policy:
    return Policy(
        id=encode("Policy", name),
        name=name,
        kind=PolicyKind.PRESET,
        description=rules.PRESETS[name],
        version=None,
        created_at=None,
        updated_at=None,
        created_by=None,
        key=None,
        loaded=loaded,
    )


def _custom(row: PolicyRow, loaded: Versions) -> Policy:
    return Policy(
        id=encode("Policy", row.id),
        name=row.name,
        kind=PolicyKind.CUSTOM,
        description=row.description,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        created_by=str(row.created_by),
        key=row.id,
        loaded=loaded,
    )


def policy_name(identity: str) -> str:
    """Give the name that policy lines use for the policy with this id; raises BadUserInput."""
    kind, key = decode(identity)
    if kind == "Policy" and rules.preset(key):
        return attachment.preset_policy(key)
    if kind == "Policy" and not key.isdecimal():
        raise BadUserInput(f'"{identity}" is not the id of a policy')
    return attachment.custom_policy(key_of(identity, "Policy"))


@strawberry.type
class PolicyQuery:
    """Root fields that read policies."""

    @query(actions.GET_POLICY)
    async def policy(self, info: Info, id: Id) -> Policy | None:  # noqa: A002 - the schema's name
        """One preset, or one custom policy of the caller's account."""
        name = policy_name(id)
        policy_id = attachment.custom_id(name)
        if policy_id is None:
            return show(info.context, [name.removeprefix("policy:")])[0]
        async with info.context.database.read() as session:
            row = await policies.owned(session, info.context.owner, policy_id)
        return show(info.context, [row])[0] if row else None

    @query(actions.GET_POLICY)
    async def policy_by_name(
        self,
        info: Info,
        name: Annotated[
            str,
            strawberry.argument(
                description="The name of a custom policy, or any published name of a preset."
            ),
        ],
    ) -> Policy | None:
        """The policy of that name, as a user would pick it from a list."""
        preset = rules.preset(name)
        if preset:
            return show(info.context, [preset])[0]
        if unsendable(name):
            return None  # no policy is called so, and PostgreSQL cannot even look for it
        async with info.context.database.read() as session:
            row = await policies.by_name(session, info.context.owner, name)
        return show(info.context, [row])[0] if row else None

    @query(actions.LIST_POLICIES)
    async def policy_presets(self, info: Info) -> list[Policy] | None:
        """The policies that come with the product and can be attached as they are."""
        return show(info.context, rules.PRESETS)

    @query(actions.LIST_POLICIES)
    async def policies(
        self,
        info: Info,
        search: Annotated[
            str | None, strawberry.argument(description="A part of the name.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[Policy] | None:
        """The custom policies of the caller's account, by name."""
        context = info.context
        page = page_request(first, after, str)
        listing = policies.listing(context.owner, wanted(search))
        async with context.database.read() as session:
            found = await policies.page(session, listing, first=page.first, after=page.after)
        return connect(
            show(context, found.rows),
            [(row.name, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, pages.count, listing),
        )
