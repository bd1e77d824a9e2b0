"""Asking back what was deleted (APP-6, SIG-6, TPL-4)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.dataloader import DataLoader

from db import application as applications
from db import restorable as restorables
from db import restore as restores
from db import signature as signatures
from db import template as templates
from db.restorable import Listing, RestorableRow
from db.restore import RestoreRow
from db.review import ReviewKind
from domain import restore as rules
from domain.restore import RestoreKind
from graph import signature, template
from graph.application import Application
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.enums import publish
from graph.guard import mutation, query
from graph.limits import PAGE
from graph.node import Node, encode, key_of
from graph.payload import Payload
from graph.reviewed import Reviewable, expected_decision, histories
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The request's id.")]

publish(
    RestoreKind,
    name="RestoreKind",
    description="What can be restored.",
    values={
        "APPLICATION": "An application; it comes back disabled.",
        "SIGNATURE": "A signature; it comes back as it was, or into review.",
        "TEMPLATE": "A body template; it comes back as it was, or into review.",
    },
)
_NODES = {
    RestoreKind.APPLICATION: "Application",
    RestoreKind.SIGNATURE: "Signature",
    RestoreKind.TEMPLATE: "Template",
}

Deletions = DataLoader[int, RestorableRow]
Objects = DataLoader[tuple[RestoreKind, int], Node | None]


@strawberry.type(description="A request to restore something the account deleted.")
class RestoreRequest(Reviewable):
    """What an account and its reviewers see of a request."""

    justification: str = strawberry.field(description="Why the account wants it back.")
    restorable_key: strawberry.Private[int]
    deletions: strawberry.Private[Deletions]
    objects: strawberry.Private[Objects]

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="What it is."
    )
    async def kind(self) -> RestoreKind:
        """Load it together with those of the page's other requests."""
        return (await self.deletions.load(self.restorable_key)).kind

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="What it was called."
    )
    async def name(self) -> str:
        """Load it together with those of the page's other requests."""
        return (await self.deletions.load(self.restorable_key)).name

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="When it was deleted."
    )
    async def deleted_at(self) -> datetime:
        """Load it together with those of the page's other requests."""
        return (await self.deletions.load(self.restorable_key)).deleted_at

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="The object itself, for operators; null for the account, and when it is gone."
    )
    async def object(self, info: Info) -> Node | None:
        """Load it together with those of the page's other requests."""
        if info.context.caller.account_uin is not None:
            return None
        deleted = await self.deletions.load(self.restorable_key)
        return await self.objects.load((deleted.kind, deleted.object_id))


@strawberry.type(description="Something the account deleted and can still ask back.")
class Restorable:
    """What an account sees of what it deleted."""

    id: strawberry.ID = strawberry.field(description="Name it with this in `restoreRequest`.")
    kind: RestoreKind = strawberry.field(description="What it is.")
    object_id: strawberry.ID = strawberry.field(
        description="The id it had, and has again when it is back."
    )
    name: str = strawberry.field(description="What it was called.")
    deleted_at: datetime = strawberry.field(description="When it was deleted.")
    restorable_until: datetime = strawberry.field(
        description="When it is gone for good, unless a request waits."
    )
    request: RestoreRequest | None = strawberry.field(
        description="The last request for it; null when there was none."
    )


def _load_deletions(context: Context) -> Deletions:
    async def load(keys: list[int]) -> list[RestorableRow]:
        async with context.database.read() as session:
            found = await restorables.among(session, keys)
        return [found[key] for key in keys]

    return DataLoader(load)


def _load_objects(context: Context) -> Objects:
    async def load(keys: list[tuple[RestoreKind, int]]) -> list[Node | None]:
        ids = {kind: {key for each, key in keys if each is kind} for kind in RestoreKind}
        found: dict[tuple[RestoreKind, int], Node] = {}
        async with context.database.read() as session:
            rows = await applications.among(session, ids[RestoreKind.APPLICATION])
            signed = await signatures.among(session, ids[RestoreKind.SIGNATURE])
            texts = await templates.among(session, ids[RestoreKind.TEMPLATE])
        for key, row in rows.items():
            found[RestoreKind.APPLICATION, key] = Application.of(row, context)
        for shown in signature.show(context, signed.values()):
            found[RestoreKind.SIGNATURE, shown.key] = shown
        for body in template.show(context, texts.values()):
            found[RestoreKind.TEMPLATE, body.key] = body
        return [found.get(key) for key in keys]

    return DataLoader(load)


def show(context: Context, rows: Iterable[RestoreRow]) -> list[RestoreRequest]:
    """Show rows the caller may see; what they refer to is loaded for all of them at once."""
    history = histories(context, ReviewKind.RESTORE)
    deletions, objects = _load_deletions(context), _load_objects(context)
    return [
        RestoreRequest(
            id=encode("RestoreRequest", row.id),
            key=row.id,
            region=None,
            status=row.status,
            reason=row.reason,
            created_at=row.created_at,
            submitted_at=row.submitted_at,
            expected_decision_at=expected_decision(row, context.terms),
            decided_at=row.decided_at,
            justification=row.justification,
            restorable_key=row.restorable_id,
            deletions=deletions,
            objects=objects,
            histories=history,
        )
        for row in rows
    ]


def _list(
    context: Context, rows: Sequence[RestorableRow], requests: dict[int, RestoreRequest]
) -> list[Restorable]:
    return [
        Restorable(
            id=encode("Restorable", row.id),
            kind=row.kind,
            object_id=encode(_NODES[row.kind], row.object_id),
            name=row.name,
            deleted_at=row.deleted_at,
            restorable_until=rules.until(row.deleted_at, context.terms),
            request=requests.get(row.id),
        )
        for row in rows
    ]


@strawberry.input(description="What to ask back, and why.")
class RestoreRequestInput:
    """A reviewer reads the reason."""

    id: strawberry.ID = strawberry.field(description="Its id in `restorables`.")
    reason: str = strawberry.field(description="Why it is wanted back: 1 to 500 characters.")


@strawberry.type(description="The answer to `restoreRequest`.")
class RestoreRequestPayload(Payload):
    """The request as it stands."""

    restore_request: RestoreRequest | None = strawberry.field(
        default=None, description="The request; null when none was made."
    )


@strawberry.type
class RestoreQuery:
    """Root fields that read what was deleted."""

    @query(actions.DESCRIBE_RESTORABLES)
    async def restore_request(self, info: Info, id: Id) -> RestoreRequest | None:  # noqa: A002 - the schema's name
        """One request of the caller's account."""
        key = key_of(id, "RestoreRequest")
        async with info.context.database.read() as session:
            row = await restores.owned(session, info.context.owner, key)
        return show(info.context, [row])[0] if row else None

    @query(actions.DESCRIBE_RESTORABLES)
    async def restorables(
        self, info: Info, first: First = PAGE, after: After = None
    ) -> Connection[Restorable] | None:
        """What the caller's account deleted and can still ask back, last deleted first."""
        context = info.context
        page = page_request(first, after, datetime)
        listing = Listing(context.owner, context.now - context.terms.restore_for)
        async with context.database.read() as session:
            found = await restorables.page(session, listing, first=page.first, after=page.after)
            asked = await restores.latest(session, [row.id for row in found.rows])
        requests = {shown.restorable_key: shown for shown in show(context, asked.values())}
        return connect(
            _list(context, found.rows, requests),
            [(row.deleted_at, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, restorables.count, listing),
        )


@strawberry.type
class RestoreMutation:
    """The root field that asks something back."""

    @mutation(actions.APPLY_RESTORE)
    async def restore_request(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            RestoreRequestInput, strawberry.argument(description="What to ask back, and why.")
        ],
    ) -> RestoreRequestPayload:
        """Ask for something the account deleted, within 30 days; an operator decides."""
        context = info.context
        key, reason = key_of(input.id, "Restorable"), rules.justification(input.reason)
        async with context.change() as session:
            row = await restores.request(
                session, context.owner, key, reason, context.now, context.terms
            )
        return RestoreRequestPayload(restore_request=show(context, [row])[0])
