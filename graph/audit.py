"""What was changed about who may do what (CAM): listed, never edited."""

from datetime import datetime
from typing import Annotated, Any

import orjson
import strawberry
from strawberry.scalars import JSON

from db import attachment, audit
from db import page as pages
from db.audit import AuditRow
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Info
from graph.counter import counter
from graph.errors import BadUserInput
from graph.guard import query
from graph.limits import PAGE
from graph.node import decode, encode, key_of
from graph.policy import policy_name
from policies import actions


@strawberry.type(description="One change of who may do what.")
class AuditRecord:
    """Who did it, when, to what, and what was before and after."""

    id: strawberry.ID = strawberry.field(description="The record's id.")
    at: datetime = strawberry.field(description="When it was done.")
    actor_uin: str = strawberry.field(description="The uin of who did it.")
    actor_name: str = strawberry.field(description="The name of who did it, at that time.")
    action: str = strawberry.field(description="The action it needed, such as `cam:AddUser`.")
    subject: str = strawberry.field(
        description="What was changed, as policies name it: `user:`, `group:` or `policy:custom:` "
        "and a number."
    )
    subject_name: str = strawberry.field(description="The subject's name at that time.")
    before: JSON | None = strawberry.field(description="What was; null when it is new.")
    after: JSON | None = strawberry.field(description="What is; null when it was deleted.")

    @classmethod
    def of(cls, row: AuditRow) -> "AuditRecord":
        """Show a row."""
        return cls(
            id=encode("AuditRecord", row.id),
            at=row.at,
            actor_uin=str(row.actor_uin),
            actor_name=row.actor_name,
            action=row.action,
            subject=row.subject,
            subject_name=row.subject_name,
            before=_read(row.before),
            after=_read(row.after),
        )


def _read(stored: str | None) -> Any:
    return None if stored is None else orjson.loads(stored)


def _subject(identity: str) -> str:
    kind, _ = decode(identity)
    if kind == "User":
        return attachment.user_member(key_of(identity, kind))
    if kind == "Group":
        return attachment.group_member(key_of(identity, kind))
    if kind == "Policy":
        return policy_name(identity)
    raise BadUserInput(f'"{identity}" is not the id of a sub-account, a group or a policy')


@strawberry.type
class AuditQuery:
    """Root fields that read the record of changes."""

    @query(actions.LIST_AUDIT_RECORDS)
    async def audit_records(
        self,
        info: Info,
        subject_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Only changes of this sub-account, group or policy."),
        ] = None,
        actor_uin: Annotated[
            str | None, strawberry.argument(description="Only changes that this uin has made.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[AuditRecord] | None:
        """Who changed what about sub-accounts, groups, keys and policies, newest first."""
        context = info.context
        page = page_request(first, after, datetime)
        listing = audit.listing(
            context.owner,
            subject=None if subject_id is None else _subject(subject_id),
            actor_uin=None if actor_uin is None else key_of(encode("User", actor_uin), "User"),
        )
        async with context.database.read() as session:
            found = await audit.page(session, listing, first=page.first, after=page.after)
        return connect(
            [AuditRecord.of(row) for row in found.rows],
            [(row.at, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, pages.count, listing),
        )
