"""Routes: which carriers take which messages."""

from datetime import datetime
from typing import Annotated

import strawberry

from db import route as routes
from db.route import Listed
from graph.context import Info
from graph.guard import query
from graph.node import Node, encode, key_of
from graph.region import Region, SmsType
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The route's id.")]


@strawberry.type(description="Which messages a route takes; a condition that is null holds always.")
class RouteConditions:
    """All of them have to hold."""

    region: Region | None = strawberry.field(description="Where the number is registered.")
    country: str | None = strawberry.field(description="The number's country, ISO 3166-1.")
    prefix: str | None = strawberry.field(
        description="What the number begins with, digits from the country code on."
    )
    sms_type: SmsType | None = strawberry.field(description="What the message is for.")
    account_uin: str | None = strawberry.field(description="The uin of the account that sends it.")


@strawberry.type(description="A carrier of a route.")
class RouteTarget:
    """A share of the route's messages."""

    carrier: str = strawberry.field(description="The carrier's name.")
    weight: int = strawberry.field(
        description="Its share, as a part of the sum of the route's weights."
    )


@strawberry.type(description="A row of the table; the first route whose conditions hold decides.")
class Route(Node):
    """What operators see of a route."""

    position: int = strawberry.field(description="Its place in the table, 1 being first.")
    conditions: RouteConditions = strawberry.field(description="Which messages it takes.")
    targets: list[RouteTarget] = strawberry.field(
        description="The carriers that share its messages; one that is paused or not connected "
        "leaves its part to the others, one that is busy does not."
    )
    fallback: str | None = strawberry.field(
        description="The name of the carrier that takes its messages while no target is there."
    )
    enabled: bool = strawberry.field(description="Whether it is in force.")
    note: str = strawberry.field(description="A note of the operators.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it was last changed or moved.")

    @classmethod
    def of(cls, listed: Listed) -> "Route":
        """Show a route."""
        row = listed.row
        return cls(
            id=encode("Route", row.id),
            position=row.position,
            conditions=RouteConditions(
                region=row.region,
                country=row.country,
                prefix=row.prefix,
                sms_type=row.sms_type,
                account_uin=None if row.account_uin is None else str(row.account_uin),
            ),
            targets=[RouteTarget(carrier=name, weight=weight) for name, weight in listed.targets],
            fallback=row.fallback,
            enabled=row.enabled,
            note=row.note,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.type
class RouteQuery:
    """Root fields that read routes."""

    @query(actions.DESCRIBE_ROUTES)
    async def route(self, info: Info, id: Id) -> Route | None:  # noqa: A002 - the schema's name
        """One route."""
        key = key_of(id, "Route")
        async with info.context.database.read() as session:
            listed = await routes.get(session, key)
        return Route.of(listed) if listed else None

    @query(actions.DESCRIBE_ROUTES)
    async def routes(self, info: Info) -> list[Route] | None:
        """The whole table in its order, at most 200 routes."""
        async with info.context.database.read() as session:
            return [Route.of(listed) for listed in await routes.table(session)]
