"""The balance alarm and automatic renewal of packages (PKG-2, PKG-3)."""

from typing import Annotated

import strawberry

from db import package_watch, price_item
from db.package_watch import WatchRow
from db.price_item import PriceItemRow
from domain import package_watch as rules
from domain import price
from domain.errors import Code, Problem, Refused
from domain.package_watch import RenewalProblem
from graph.context import Context, Info
from graph.enums import publish
from graph.guard import mutation, query
from graph.long import Long
from graph.node import key_of
from graph.payload import Payload
from graph.price_item import PriceItem
from policies import actions

publish(
    RenewalProblem,
    name="RenewalProblem",
    description="Why a renewal that is due is not made. It is tried again on the next day, and "
    "whenever units are used.",
    values={
        "NOT_ON_SALE": "The item is no longer sold: choose another one.",
        "CHANGED": "The operator changed the item: agree to what it is now by setting it again.",
        "DAILY_LIMIT": f"It was renewed {rules.RENEWALS_A_DAY} times today, which is a guard.",
        "TOO_MANY_PACKAGES": "The account holds as many packages with units as it may.",
    },
)

_SUM = "the sum of what is left in all packages, those not yet effective included"
_RANGE = f"1 to {rules.THRESHOLD_MOST:,}"


@strawberry.type(description="The alarm that goes to alarm contacts when packages run low.")
class PackageAlarm:
    """On or off, and below what."""

    enabled: bool = strawberry.field(description="Whether it is on.")
    threshold: Long | None = strawberry.field(
        description=f"It goes out when {_SUM}, falls below this; null until it is first set."
    )
    below: bool = strawberry.field(
        description="Whether it went out and the sum has not reached the threshold since: the next "
        "goes out after that."
    )

    @classmethod
    def of(cls, row: WatchRow) -> "PackageAlarm":
        """Show what is set."""
        threshold = row.alarm_threshold
        return cls(
            enabled=row.alarm_enabled,
            threshold=None if threshold is None else Long(threshold),
            below=row.alarm_enabled and row.alarm_below,
        )


@strawberry.type(description="Automatic renewal: what is bought when packages run low.")
class PackageAutoRenew:
    """On or off, below what, and what."""

    enabled: bool = strawberry.field(description="Whether it is on.")
    threshold: Long | None = strawberry.field(
        description=f"It buys when {_SUM}, falls below this; null until it is first set."
    )
    quantity: int | None = strawberry.field(description="How many items it buys at once.")
    price_item: PriceItem | None = strawberry.field(
        description="The item it buys, as it stands in the price list now."
    )
    problem: RenewalProblem | None = strawberry.field(
        description="Why a renewal that is due was not made; null when none is due."
    )

    @classmethod
    def of(cls, row: WatchRow, item: PriceItemRow | None) -> "PackageAutoRenew":
        """Show what is set."""
        threshold = row.renewal_threshold
        return cls(
            enabled=row.renewal_enabled,
            threshold=None if threshold is None else Long(threshold),
            quantity=row.renewal_quantity,
            price_item=PriceItem.of(item) if item else None,
            problem=row.renewal_problem,
        )


@strawberry.input(description="How to set the balance alarm.")
class PackageAlarmUpdateInput:
    """The switch and the threshold."""

    enabled: bool = strawberry.field(description="Whether it is to be on.")
    threshold: Long | None = strawberry.field(
        default=None, description=f"{_RANGE}; left out, it stays. Needed the first time."
    )


@strawberry.input(description="How to set automatic renewal. All of it is needed to switch it on.")
class PackageAutoRenewUpdateInput:
    """The switch, the threshold, and what the caller agrees to buy each time."""

    enabled: bool = strawberry.field(description="Whether it is to be on.")
    threshold: Long | None = strawberry.field(
        default=None, description=f"{_RANGE}, and no more than what a renewal buys."
    )
    price_item_id: strawberry.ID | None = strawberry.field(
        default=None, description="The item of the price list to buy."
    )
    quantity: int | None = strawberry.field(
        default=None,
        description=f"How many at once: together {rules.RENEWED_LEAST:,} to "
        f"{rules.RENEWED_MOST:,} units.",
    )
    expected_amount_micros: Long | None = strawberry.field(
        default=None,
        description="What a renewal costs, as the caller was shown it: `priceMicros` times "
        "`quantity`.",
    )


@strawberry.type(description="The answer to `packageAlarmUpdate`.")
class PackageAlarmPayload(Payload):
    """The alarm as it stands."""

    alarm: PackageAlarm | None = strawberry.field(
        default=None, description="What is set now; null when nothing was changed."
    )


@strawberry.type(description="The answer to `packageAutoRenewUpdate`.")
class PackageAutoRenewPayload(Payload):
    """Automatic renewal as it stands."""

    auto_renew: PackageAutoRenew | None = strawberry.field(
        default=None, description="What is set now; null when nothing was changed."
    )


@strawberry.type
class PackageWatchQuery:
    """Root fields that show what is set."""

    @query(actions.DESCRIBE_PKG_ALARM)
    async def package_alarm(self, info: Info) -> PackageAlarm | None:
        """The balance alarm of the caller's account."""
        async with info.context.database.read() as session:
            return PackageAlarm.of(await package_watch.get(session, info.context.owner))

    @query(actions.DESCRIBE_PKG_AUTO_RENEW)
    async def package_auto_renew(self, info: Info) -> PackageAutoRenew | None:
        """Automatic renewal of the caller's account."""
        async with info.context.database.read() as session:
            row = await package_watch.get(session, info.context.owner)
            item = await price_item.get(session, row.renewal_item or 0)
        return PackageAutoRenew.of(row, item)


@strawberry.type
class PackageWatchMutation:
    """Root fields that change what is set."""

    @mutation(actions.MODIFY_PKG_ALARM)
    async def package_alarm_update(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            PackageAlarmUpdateInput, strawberry.argument(description="How to set it.")
        ],
    ) -> PackageAlarmPayload:
        """Switch the balance alarm on or off.

        It goes to the contacts who want package alarms, once each time the balance falls below the
        threshold; at once when it is below already. A renewal comes first: what it lifts again is
        not told of.
        """
        context = info.context
        async with context.change() as session:
            row = await package_watch.hold(session, context.owner)
            given = row.alarm_threshold if input.threshold is None else input.threshold
            threshold = rules.check_threshold(given) if input.enabled else None
            await package_watch.set_alarm(session, row, threshold, context.now, context.terms)
        return PackageAlarmPayload(alarm=PackageAlarm.of(row))

    @mutation(actions.MODIFY_PKG_AUTO_RENEW)
    async def package_auto_renew_update(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            PackageAutoRenewUpdateInput, strawberry.argument(description="How to set it.")
        ],
    ) -> PackageAutoRenewPayload:
        """Switch automatic renewal on or off.

        It buys once each time the balance falls below the threshold; at once when it is below
        already. It never buys at terms that were not agreed to, and at most ten times a day.
        A task that was refused for lack of units is not started by it.
        """
        context = info.context
        if not input.enabled:
            return await _stop(context)
        threshold, key, quantity, amount = _complete(input)
        async with context.change() as session:
            row = await package_watch.hold(session, context.owner)
            item = await price_item.sold(session, key, "price_item_id")
            total = price.total(item.units, item.price_micros, quantity)
            rules.check_renewed(total.units, threshold)
            price.check_amount(total.amount_micros, amount)
            await package_watch.set_renewal(
                session, row, threshold, item, quantity, context.now, context.terms
            )
        return PackageAutoRenewPayload(auto_renew=PackageAutoRenew.of(row, item))


async def _stop(context: Context) -> PackageAutoRenewPayload:
    async with context.change() as session:
        row = await package_watch.hold(session, context.owner)
        package_watch.stop_renewal(row)
        item = await price_item.get(session, row.renewal_item or 0)
    return PackageAutoRenewPayload(auto_renew=PackageAutoRenew.of(row, item))


def _complete(form: PackageAutoRenewUpdateInput) -> tuple[int, int, int, int]:
    threshold, item, quantity, amount = (
        form.threshold,
        form.price_item_id,
        form.quantity,
        form.expected_amount_micros,
    )
    if threshold is None or item is None or quantity is None or amount is None:
        raise Refused(
            *(
                Problem(
                    Code.REQUIRED,
                    f"{name.replace('_', ' ')} is missing: it is needed to switch renewal on",
                    (name,),
                )
                for name in ("threshold", "price_item_id", "quantity", "expected_amount_micros")
                if getattr(form, name) is None
            )
        )
    return rules.check_threshold(threshold), key_of(item, "PriceItem"), quantity, amount
