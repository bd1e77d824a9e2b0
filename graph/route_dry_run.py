"""Asking which route would take a number, and why not another."""

from collections.abc import Iterable
from typing import Annotated

import strawberry

from db import carrier as carriers
from db import carrier_state as states
from db import route as routes
from db.carrier import CarrierRow
from db.carrier_state import CarrierStateRow
from db.route import Listed
from domain import carrier_form, number
from domain.errors import Problem
from domain.number import Number
from domain.route import NO_ROUTE, Destination, Mismatch
from graph.context import Info
from graph.enums import publish
from graph.errors import BadUserInput
from graph.guard import query
from graph.region import Region, SmsType
from graph.route import Route
from graph.uin import uin_of
from policies import actions

NOBODY = 0  # no account has this uin

publish(
    Mismatch,
    name="RouteMismatch",
    description="Why a route does not take a message.",
    values={
        "DISABLED": "The route is not in force.",
        "REGION": "The number is registered in the other region.",
        "COUNTRY": "The number is of another country.",
        "PREFIX": "The number begins otherwise.",
        "SMS_TYPE": "The message is for something else.",
        "ACCOUNT": "Another account sends it, or none was named.",
    },
)


@strawberry.type(description="A route that does not take the message, and stands before what does.")
class RouteSkip:
    """One row of the table."""

    route: Route = strawberry.field(description="The route.")
    reasons: list[Mismatch] = strawberry.field(description="Everything that keeps it from it.")


@strawberry.type(description="A carrier that a route would try.")
class RouteDryRunCarrier:
    """One target, or the fall-back."""

    carrier: str = strawberry.field(description="The carrier's name.")
    weight: int | None = strawberry.field(description="Its weight; null for the fall-back.")
    share: float | None = strawberry.field(
        description="Its share of the route's messages, 0 to 1; null for the fall-back."
    )
    paused: bool = strawberry.field(description="Whether it is paused.")
    connected: bool = strawberry.field(description="Whether any worker is connected to it.")
    has_room: bool = strawberry.field(
        description="Whether it would take a message now, in any worker."
    )


@strawberry.type(description="Which route would take a message now.")
class RouteDryRun:
    """The route, its carriers, and what was passed over."""

    phone: str = strawberry.field(description="The number, E.164.")
    country: str = strawberry.field(description="Its country, ISO 3166-1; DEF when it has none.")
    region: Region = strawberry.field(description="Where it is registered.")
    route: Route | None = strawberry.field(description="The route; null when none takes it.")
    carriers: list[RouteDryRunCarrier] = strawberry.field(
        description="The route's targets in their order, then its fall-back."
    )
    code: str | None = strawberry.field(
        description=f"{NO_ROUTE} when no route takes it: such messages are refused with it."
    )
    skipped: list[RouteSkip] = strawberry.field(
        description="The routes before it, in their order, and why they do not take it."
    )


@strawberry.type
class RouteDryRunQuery:
    """The root field that tries routes."""

    @query(actions.DESCRIBE_ROUTES)
    async def route_dry_run(
        self,
        info: Info,
        phone: Annotated[
            str,
            strawberry.argument(
                description="A mobile number: 11 digits of Mainland China, or country code and "
                "number."
            ),
        ],
        sms_type: Annotated[
            SmsType, strawberry.argument(description="What the message is for.")
        ] = SmsType.REGULAR,
        account_uin: Annotated[
            str | None,
            strawberry.argument(description="The uin of the account that would send it."),
        ] = None,
    ) -> RouteDryRun | None:
        """Which route would take a number, which carriers, and why no route before it."""
        context, found = info.context, _read(phone)
        uin = uin_of(account_uin, "accountUin") or NOBODY
        destination = Destination(uin, found.region, found.country, found.e164, sms_type)
        async with context.database.read() as session:
            table = await routes.table(session)
            there = await carriers.in_force(session)
            live = await states.live(session, context.now)
        skipped: list[RouteSkip] = []
        taking = None
        for listed in table:
            reasons = listed.rule().mismatches(destination)
            if not reasons:
                taking = listed
                break
            skipped.append(RouteSkip(route=Route.of(listed), reasons=list(reasons)))
        return RouteDryRun(
            phone=found.e164,
            country=found.country,
            region=found.region,
            route=Route.of(taking) if taking else None,
            carriers=_carriers(taking, there, live) if taking else [],
            code=None if taking else NO_ROUTE,
            skipped=skipped,
        )


def _read(text: str) -> Number:
    found = number.anywhere(text)
    if isinstance(found, Problem):
        raise BadUserInput(found.message, argument="phone")
    return found


def _carriers(
    listed: Listed, there: Iterable[CarrierRow], live: Iterable[CarrierStateRow]
) -> list[RouteDryRunCarrier]:
    rows = {row.name: row for row in there}
    bound = [state for state in live if state.binds and state.carrier in rows]
    connected = {state.carrier for state in bound}
    roomy = {
        state.carrier
        for state in bound
        if carrier_form.has_room(
            rows[state.carrier].smpp,
            binds=state.binds,
            wanted=state.binds_wanted,
            window=state.window,
        )
    }
    total = sum(weight for _, weight in listed.targets)
    shares: list[tuple[str, int | None]] = [*listed.targets]
    if listed.row.fallback is not None:
        shares.append((listed.row.fallback, None))
    return [
        RouteDryRunCarrier(
            carrier=name,
            weight=weight,
            share=None if weight is None else weight / total,
            paused=rows[name].paused,
            connected=name in connected,
            has_room=name in roomy and not rows[name].paused,
        )
        for name, weight in shares
    ]
