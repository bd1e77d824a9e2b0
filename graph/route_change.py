"""Changing the table of routes."""

from typing import Annotated

import strawberry

from db import account, carrier
from db import route as routes
from db.route import Listed
from db.session import AsyncSession
from domain import route_form as rules
from domain.errors import Code, Refused
from domain.route import Target
from domain.route_form import Draft, Form
from domain.text import quoted
from graph.context import Info
from graph.guard import mutation
from graph.node import encode, key_of
from graph.payload import Payload
from graph.region import Region, SmsType
from graph.route import Id, Route
from policies import actions

_NOTE = f"A note for operators, at most {rules.NOTE_MOST} characters."
_TARGETS = f"1 to {rules.TARGETS_MOST} carriers."
_FALLBACK = "The name of a carrier for while no target is connected and resumed"
_POSITION = "Its place in the table, 1 being first; what stands there moves on."
Position = Annotated[
    int,
    strawberry.argument(description="Its new place, 1 being first; those in between close up."),
]


@strawberry.input(description="Which messages to take; what is left out does not matter.")
class RouteConditionsInput:
    """Conditions, of which all have to hold."""

    region: Region | None = strawberry.field(
        default=None, description="Where the number is registered."
    )
    country: str = strawberry.field(
        default="", description="The number's country, ISO 3166-1, such as HK."
    )
    prefix: str = strawberry.field(
        default="",
        description=f"What the number begins with: up to {rules.PREFIX_MOST} digits from the "
        "country code on.",
    )
    sms_type: SmsType | None = strawberry.field(
        default=None, description="What the message is for."
    )
    account_uin: str = strawberry.field(
        default="", description="The uin of the account that sends it."
    )


@strawberry.input(description="A carrier of a route.")
class RouteTargetInput:
    """A share of the route's messages."""

    carrier: str = strawberry.field(description="The carrier's name.")
    weight: int = strawberry.field(
        default=1,
        description=f"1 to {rules.WEIGHT_MOST}: its share, as a part of the sum of the weights.",
    )


@strawberry.input(description="A route to put into the table.")
class RouteCreateInput:
    """Place, conditions and carriers."""

    position: int = strawberry.field(description=_POSITION)
    conditions: RouteConditionsInput = strawberry.field(
        default_factory=RouteConditionsInput,
        description="Which messages it takes; left out, it takes all.",
    )
    targets: list[RouteTargetInput] = strawberry.field(description=_TARGETS)
    fallback: str = strawberry.field(default="", description=f"{_FALLBACK}; empty: none.")
    enabled: bool = strawberry.field(default=True, description="Whether it is in force at once.")
    note: str = strawberry.field(default="", description=_NOTE)


@strawberry.input(description="What to change of a route; what is left out stays.")
class RouteUpdateInput:
    """Conditions and carriers, each as a whole."""

    conditions: RouteConditionsInput | None = strawberry.field(
        default=None, description="Which messages it takes; replaces all conditions it had."
    )
    targets: list[RouteTargetInput] | None = strawberry.field(
        default=None, description=f"{_TARGETS} They replace those it had."
    )
    fallback: str | None = strawberry.field(default=None, description=f"{_FALLBACK}; empty: none.")
    enabled: bool | None = strawberry.field(default=None, description="Whether it is in force.")
    note: str | None = strawberry.field(default=None, description=_NOTE)


@strawberry.type(description="The answer to a mutation of one route.")
class RoutePayload(Payload):
    """The route as it stands after the mutation."""

    route: Route | None = strawberry.field(
        default=None, description="The route; null when it was not changed."
    )


@strawberry.type(description="The answer to `routeDelete`.")
class RouteDeletePayload(Payload):
    """The id of what is gone."""

    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted route; null when none was."
    )


def _targets(given: list[RouteTargetInput]) -> tuple[Target, ...]:
    return tuple(Target(each.carrier, each.weight) for each in given)


def _updated(listed: Listed, given: RouteUpdateInput) -> Form:
    """Put what was given over what the route says."""
    row = listed.row
    conditions = given.conditions or RouteConditionsInput(
        region=row.region,
        country=row.country or "",
        prefix=row.prefix or "",
        sms_type=row.sms_type,
        account_uin="" if row.account_uin is None else str(row.account_uin),
    )
    return Form(
        targets=listed.targets if given.targets is None else _targets(given.targets),
        fallback=row.fallback or "" if given.fallback is None else given.fallback,
        note=row.note if given.note is None else given.note,
        **vars(conditions),
    )


async def _check(session: AsyncSession, draft: Draft) -> None:
    """Raise Refused unless carriers and account exist."""
    rules.check_carriers(draft, {row.name for row in await carrier.in_force(session)})
    uin = draft.conditions.account_uin
    if uin is not None and await account.get(session, uin) is None:
        message = f"there is no account {quoted(str(uin))}"
        raise Refused.one(Code.NOT_FOUND, message, "conditions", "account_uin")


@strawberry.type
class RouteMutation:
    """Root fields that change routes; workers follow within a second or two."""

    @mutation(actions.MODIFY_ROUTE)
    async def route_create(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            RouteCreateInput, strawberry.argument(description="The route.")
        ],
    ) -> RoutePayload:
        """Put a route into the table."""
        context = info.context
        draft = rules.draft(
            Form(
                targets=_targets(input.targets),
                fallback=input.fallback,
                note=input.note,
                **vars(input.conditions),
            )
        )
        async with context.change() as session:
            await routes.hold(session)
            count = await routes.count(session)
            rules.check_room(count)
            rules.check_position(input.position, count + 1)
            await _check(session, draft)
            row = await routes.add(
                session, draft, input.position, context.now, enabled=input.enabled
            )
        return RoutePayload(route=Route.of(Listed(row, draft.targets)))

    @mutation(actions.MODIFY_ROUTE)
    async def route_update(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            RouteUpdateInput, strawberry.argument(description="What to change.")
        ],
    ) -> RoutePayload:
        """Change what a route takes and who takes it, or put it in and out of force."""
        context = info.context
        async with context.change() as session:
            listed = await routes.changing(session, key_of(id, "Route"))
            row, draft = listed.row, rules.draft(_updated(listed, input))
            await _check(session, draft)
            row.enabled = row.enabled if input.enabled is None else input.enabled
            await routes.rewrite(session, row, draft, context.now)
        return RoutePayload(route=Route.of(Listed(row, draft.targets)))

    @mutation(actions.MODIFY_ROUTE)
    async def route_move(self, info: Info, id: Id, position: Position) -> RoutePayload:  # noqa: A002 - the schema's name
        """Put a route at another place of the table."""
        context = info.context
        async with context.change() as session:
            listed = await routes.changing(session, key_of(id, "Route"))
            rules.check_position(position, await routes.count(session))
            await routes.move(session, listed.row, position, context.now)
        return RoutePayload(route=Route.of(listed))

    @mutation(actions.MODIFY_ROUTE)
    async def route_delete(self, info: Info, id: Id) -> RouteDeletePayload:  # noqa: A002 - the schema's name
        """Take a route out of the table; a number that no route takes then is refused."""
        context = info.context
        async with context.change() as session:
            listed = await routes.changing(session, key_of(id, "Route"))
            await routes.remove(session, listed.row)
        return RouteDeletePayload(deleted_id=encode("Route", listed.row.id))
