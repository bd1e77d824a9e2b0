"""Applications (APP-1 to APP-6)."""

from datetime import datetime
from typing import Annotated

import strawberry

from db import account
from db import application as applications
from db.application import ApplicationRow, SortKey
from domain import application as rules
from domain import quota
from domain.account import Capability
from graph.connection import (
    After,
    Connection,
    Direction,
    First,
    connect,
    page_request,
)
from graph.context import Context, Info
from graph.counter import counter
from graph.enums import publish
from graph.guard import mutation, query
from graph.limits import PAGE
from graph.node import Node, encode, key_of
from graph.payload import Payload
from graph.search import wanted
from graph.target import EACH, on_application
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The application's id.")]

publish(
    rules.Status,
    name="ApplicationStatus",
    description="Whether an application sends; a change takes about five minutes to have effect.",
    values={
        "ENABLED": "It sends.",
        "DISABLING": "It has been disabled and stops sending shortly.",
        "DISABLED": "It sends nothing; it can be enabled or deleted.",
        "ENABLING": "It has been enabled and sends shortly.",
    },
)
publish(
    SortKey,
    name="ApplicationSort",
    description="What a list of applications is sorted by.",
    values={"CREATED_AT": "When it was created.", "NAME": "Its name."},
)


@strawberry.input(description="How to sort a list of applications.")
class ApplicationOrder:
    """Sort key and direction."""

    field: SortKey = strawberry.field(default=SortKey.CREATED_AT, description="What to sort by.")
    direction: Direction = strawberry.field(
        default=Direction.DESC, description="Which end comes first."
    )


@strawberry.type(description="An application: what permissions are granted on and tasks send from.")
class Application(Node):
    """What users see of an application; the AppKey is shown only where it is made."""

    sdk_app_id: str = strawberry.field(description="The SDK AppID, 1400000000 upwards.")
    name: str = strawberry.field(description="Its name.")
    overview: str = strawberry.field(description="What it is for.")
    status: rules.Status = strawberry.field(description="Whether it sends now.")
    effective_at: datetime | None = strawberry.field(
        description="When a change of status under way has effect; null when none is."
    )
    created_at: datetime = strawberry.field(description="When it was created.")

    @classmethod
    def of(cls, row: ApplicationRow, context: Context) -> "Application":
        """Show a row as it stands now."""
        delay = context.terms.application_delay
        state = rules.status(row.wanted_enabled, row.switched_at, context.now, delay)
        moving = state in {rules.Status.DISABLING, rules.Status.ENABLING}
        return cls(
            id=encode("Application", row.id),
            sdk_app_id=str(row.id),
            name=row.name,
            overview=row.overview,
            status=state,
            effective_at=row.switched_at + delay if moving and row.switched_at else None,
            created_at=row.created_at,
        )


@strawberry.input(description="What to create an application with.")
class ApplicationCreateInput:
    """Name and overview."""

    name: str = strawberry.field(description="1 to 30 characters.")
    overview: str = strawberry.field(default="", description="At most 200 characters.")


@strawberry.input(description="What to change of an application; what is left out stays.")
class ApplicationUpdateInput:
    """Name and overview."""

    name: str | None = strawberry.field(default=None, description="1 to 30 characters.")
    overview: str | None = strawberry.field(default=None, description="At most 200 characters.")


@strawberry.type(description="The answer to a mutation of one application.")
class ApplicationPayload(Payload):
    """The application as it stands after the mutation."""

    application: Application | None = strawberry.field(
        default=None, description="The application; null when it was not changed."
    )


@strawberry.type(description="The answer to a mutation that makes an AppKey.")
class ApplicationKeyPayload(Payload):
    """The application and its new key."""

    application: Application | None = strawberry.field(
        default=None, description="The application; null when nothing was made."
    )
    app_key: str | None = strawberry.field(
        default=None, description="The AppKey: shown this once, kept sealed, to be kept secret."
    )


@strawberry.type(description="The answer to `applicationDelete`.")
class ApplicationDeletePayload(Payload):
    """The id of what is gone."""

    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted application; null when none was."
    )


@strawberry.type
class ApplicationQuery:
    """Root fields that read applications."""

    @query(actions.DESCRIBE_APP_INFO, on=on_application())
    async def application(self, info: Info, id: Id) -> Application | None:  # noqa: A002 - the schema's name
        """One application of the caller's account."""
        async with info.context.database.read() as session:
            row = await applications.owned(session, info.context.owner, key_of(id, "Application"))
        return Application.of(row, info.context) if row else None

    @query(actions.DESCRIBE_APP_LIST, on=EACH)
    async def applications(
        self,
        info: Info,
        search: Annotated[
            str | None, strawberry.argument(description="A part of the name, or an SDK AppID.")
        ] = None,
        order_by: Annotated[
            ApplicationOrder | None, strawberry.argument(description="How to sort.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[Application] | None:
        """The applications of the caller's account that the caller may list."""
        context = info.context
        order = order_by or ApplicationOrder()
        kind = applications.SORT_TYPES[order.field]
        page = page_request(first, after, kind, order=order.field)
        async with context.database.read() as session:
            plan = (await context.authority(session)).plan(actions.DESCRIBE_APP_LIST, context.facts)
            listing = applications.Listing(context.owner, plan, wanted(search))
            found = await applications.page(
                session,
                listing,
                order.field,
                descending=order.direction is Direction.DESC,
                first=page.first,
                after=page.after,
            )
        return connect(
            [Application.of(row, context) for row in found.rows],
            [(applications.sort_value(row, order.field), row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, applications.count, listing),
        )


@strawberry.type
class ApplicationMutation:
    """Root fields that change applications."""

    @mutation(actions.ADD_APP, quota=quota.APPLICATIONS)
    async def application_create(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            ApplicationCreateInput, strawberry.argument(description="Name and overview.")
        ],
    ) -> ApplicationKeyPayload:
        """Create an application; needs an identity that is verified."""
        context = info.context
        draft = rules.draft(input.name, input.overview)
        app_key = rules.new_key()
        async with context.change() as session:
            await account.check(session, context.owner, Capability.CREATE_APPLICATION)
            row = await applications.add(
                session, context.owner, draft, context.vault, app_key, context.now
            )
        return ApplicationKeyPayload(application=Application.of(row, context), app_key=app_key)

    @mutation(actions.RESET_APP_KEY, on=on_application())
    async def application_key_rotate(self, info: Info, id: Id) -> ApplicationKeyPayload:  # noqa: A002 - the schema's name
        """Replace the AppKey; requests signed with the old one are refused at once."""
        context = info.context
        app_key = rules.new_key()
        async with context.change() as session:
            row = await applications.changing(session, context.owner, key_of(id, "Application"))
            applications.set_key(row, context.vault, app_key)
        return ApplicationKeyPayload(application=Application.of(row, context), app_key=app_key)

    @mutation(actions.MODIFY_APP_INFO, on=on_application())
    async def application_update(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            ApplicationUpdateInput, strawberry.argument(description="What to change.")
        ],
    ) -> ApplicationPayload:
        """Change name and overview."""
        context = info.context
        async with context.change() as session:
            row = await applications.changing(session, context.owner, key_of(id, "Application"))
            draft = rules.draft(
                row.name if input.name is None else input.name,
                row.overview if input.overview is None else input.overview,
            )
            row.name, row.overview = draft.name, draft.overview
        return ApplicationPayload(application=Application.of(row, context))

    @mutation(actions.MODIFY_APP_STATUS, on=on_application())
    async def application_disable(self, info: Info, id: Id) -> ApplicationPayload:  # noqa: A002 - the schema's name
        """Stop an application from sending; takes about five minutes to have effect."""
        return await _switch(info.context, id, enabled=False)

    @mutation(actions.MODIFY_APP_STATUS, on=on_application())
    async def application_enable(self, info: Info, id: Id) -> ApplicationPayload:  # noqa: A002 - the schema's name
        """Let a disabled application send again; takes about five minutes to have effect."""
        return await _switch(info.context, id, enabled=True)

    @mutation(actions.DELETE_APP_INFO, on=on_application())
    async def application_delete(self, info: Info, id: Id) -> ApplicationDeletePayload:  # noqa: A002 - the schema's name
        """Delete a disabled application; the account cannot restore it."""
        context = info.context
        async with context.change() as session:
            row = await applications.changing(session, context.owner, key_of(id, "Application"))
            rules.check_delete(
                rules.status(
                    row.wanted_enabled,
                    row.switched_at,
                    context.now,
                    context.terms.application_delay,
                )
            )
            await applications.remove(session, row, context.now)
        return ApplicationDeletePayload(deleted_id=encode("Application", row.id))


async def _switch(context: Context, id: str, *, enabled: bool) -> ApplicationPayload:  # noqa: A002 - the schema's name
    async with context.change() as session:
        row = await applications.changing(session, context.owner, key_of(id, "Application"))
        rules.check_switch(
            rules.status(
                row.wanted_enabled, row.switched_at, context.now, context.terms.application_delay
            ),
            enabled=enabled,
        )
        row.wanted_enabled, row.switched_at = enabled, context.now
    return ApplicationPayload(application=Application.of(row, context))
