"""Unsubscribed users and requests to undo that: what is seen of them (UNS-1 to UNS-3)."""

from collections.abc import Iterable
from datetime import datetime

import strawberry
from strawberry.dataloader import DataLoader

from db import unsubscription as unsubscriptions
from db import unsubscription_removal as removals
from db.listed import UNSIGNED
from db.review import ReviewKind
from db.unsubscription import UnsubscriptionRow
from db.unsubscription_removal import RemovalRow
from domain import unsubscription as rules
from domain.unsubscription import UnsubscriptionStatus
from graph.context import Context
from graph.enums import publish
from graph.node import Node, encode
from graph.region import SmsType
from graph.reviewed import Reviewable, expected_decision, histories
from graph.signature_content import Contents, load_contents

publish(
    UnsubscriptionStatus,
    name="UnsubscriptionStatus",
    description="Whether a number still gets a signature's messages of one type.",
    values={
        "UNSUBSCRIBED": "It gets none: they are refused and not sent.",
        "REMOVED": "It gets them again, since a request was approved.",
    },
)

Removals = DataLoader[int, "UnsubscriptionRemoval | None"]
Unsubscriptions = DataLoader[int, "Unsubscription"]


@strawberry.type(description="A number that asked for no more messages of a signature and type.")
class Unsubscription(Node):
    """What an account and reviewers see; a type that is not listed was never unsubscribed from."""

    phone: str = strawberry.field(description="The number, E.164.")
    signature_id: strawberry.ID | None = strawberry.field(
        description="The signature; null for messages without one."
    )
    sms_type: SmsType = strawberry.field(description="Which of its messages.")
    status: UnsubscriptionStatus = strawberry.field(description="Whether that holds.")
    reply: str = strawberry.field(description="The last reply that said so.")
    unsubscribed_at: datetime = strawberry.field(description="When that reply came.")
    opt_outs: int = strawberry.field(description="How many replies have said so.")
    removed_at: datetime | None = strawberry.field(
        description="When a request was approved; null while the number is unsubscribed."
    )
    key: strawberry.Private[int]
    signature_key: strawberry.Private[int]
    contents: strawberry.Private[Contents]
    removals: strawberry.Private[Removals]

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="What the signature says, without brackets; null for messages without one."
    )
    async def signature_content(self) -> str | None:
        """Load it together with those of the page's other numbers."""
        if self.signature_key == UNSIGNED:
            return None
        return await self.contents.load(self.signature_key)

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="The last request to let it get messages again; null when there was none."
    )
    async def removal(self) -> "UnsubscriptionRemoval | None":
        """Load it together with those of the page's other numbers."""
        return await self.removals.load(self.key)


@strawberry.type(description="A request to let a number that unsubscribed get messages again.")
class UnsubscriptionRemoval(Reviewable):
    """What an account and its reviewers see of a request."""

    justification: str = strawberry.field(description="Why it is to get messages again.")
    unsubscription_key: strawberry.Private[int]
    unsubscriptions: strawberry.Private[Unsubscriptions]

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="What it is about, as it stands now."
    )
    async def unsubscription(self) -> Unsubscription:
        """Load it together with those of the page's other requests."""
        return await self.unsubscriptions.load(self.unsubscription_key)


def show(context: Context, rows: Iterable[UnsubscriptionRow]) -> list[Unsubscription]:
    """Show rows the caller may see; what they refer to is loaded for all of them at once."""
    contents, last = load_contents(context), _load_removals(context)
    return [
        Unsubscription(
            id=encode("Unsubscription", row.id),
            phone=row.phone,
            signature_id=encode("Signature", row.signature_id) if row.signature_id else None,
            sms_type=row.sms_type,
            status=rules.status(row.removed_at),
            reply=row.reply,
            unsubscribed_at=row.unsubscribed_at,
            opt_outs=row.opt_outs,
            removed_at=row.removed_at,
            key=row.id,
            signature_key=row.signature_id,
            contents=contents,
            removals=last,
        )
        for row in rows
    ]


def show_removals(context: Context, rows: Iterable[RemovalRow]) -> list[UnsubscriptionRemoval]:
    """Show requests the caller may see; what they refer to is loaded for all of them at once."""
    history, about = histories(context, ReviewKind.UNSUBSCRIPTION), _load(context)
    return [
        UnsubscriptionRemoval(
            id=encode("UnsubscriptionRemoval", row.id),
            key=row.id,
            region=None,
            status=row.status,
            reason=row.reason,
            created_at=row.created_at,
            submitted_at=row.submitted_at,
            expected_decision_at=expected_decision(row, context.terms),
            decided_at=row.decided_at,
            justification=row.justification,
            unsubscription_key=row.unsubscription_id,
            unsubscriptions=about,
            histories=history,
        )
        for row in rows
    ]


def _load(context: Context) -> Unsubscriptions:
    async def load(keys: list[int]) -> list[Unsubscription]:
        async with context.database.read() as session:
            found = await unsubscriptions.among(session, keys)
        return show(context, (found[key] for key in keys))

    return DataLoader(load)


def _load_removals(context: Context) -> Removals:
    async def load(keys: list[int]) -> list[UnsubscriptionRemoval | None]:
        async with context.database.read() as session:
            found = await removals.latest(session, keys)
        shown = {each.unsubscription_key: each for each in show_removals(context, found.values())}
        return [shown.get(key) for key in keys]

    return DataLoader(load)
