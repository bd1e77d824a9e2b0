"""Buying packages, and what was bought, for the operator to bill (PKG-1)."""

from datetime import datetime
from typing import Annotated

import strawberry

from db import package_purchase as purchases
from db.package_order import Wish, order
from db.package_purchase import Listing, PurchaseRow
from domain import price as rules
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Info
from graph.counter import counter
from graph.guard import mutation, query
from graph.limits import PAGE
from graph.long import Long
from graph.moment import moment
from graph.node import key_of
from graph.package import Package, PackagePurchase, show
from graph.payload import Payload
from graph.uin import uin_of
from policies import actions


@strawberry.input(description="What to buy.")
class PackageBuyInput:
    """An item of the price list, and what the caller agrees to pay."""

    price_item_id: strawberry.ID = strawberry.field(description="The item of the price list.")
    quantity: int = strawberry.field(
        default=1,
        description=f"How many, 1 to {rules.QUANTITY_MOST:,}: they make one package of at most "
        f"{rules.UNITS_MOST:,} units.",
    )
    expected_amount_micros: Long = strawberry.field(
        description="What they cost in all, as the caller was shown it: `priceMicros` times "
        "`quantity`. Nothing is bought when it is another amount by now."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description=f"1 to {rules.KEY_MOST} visible ASCII characters of the client's choice. The "
        "same purchase sent again under it is made once and answered alike.",
    )


@strawberry.type(description="The answer to `packageBuy`.")
class PackageBuyPayload(Payload):
    """The package as it stands."""

    package: Package | None = strawberry.field(
        default=None, description="The package that was bought; null when none was."
    )


@strawberry.type(description="A purchase of some account, for the operator to bill.")
class AccountPurchase(PackagePurchase):
    """Who owes what."""

    account_uin: str = strawberry.field(description="The account that bought.")

    @classmethod
    def of(cls, row: PurchaseRow) -> "AccountPurchase":
        """Show a row."""
        return cls(account_uin=str(row.account_uin), **vars(PackagePurchase.of(row)))


@strawberry.input(description="Which purchases to list; what is left out does not matter.")
class PurchaseFilter:
    """Narrow a list of purchases."""

    account_uin: str | None = strawberry.field(
        default=None, description="Only those of the account of this uin."
    )
    bought_from: datetime | None = strawberry.field(
        default=None, description="Bought then or later."
    )
    bought_until: datetime | None = strawberry.field(
        default=None, description="Bought before then."
    )

    def listing(self) -> Listing:
        """Read uin and times; raises BadUserInput."""
        return Listing(
            uin_of(self.account_uin, "accountUin"),
            moment(self.bought_from, "boughtFrom"),
            moment(self.bought_until, "boughtUntil"),
        )


@strawberry.type
class PackagePurchaseQuery:
    """Root fields that read purchases."""

    @query(actions.DESCRIBE_PURCHASES)
    async def purchases(
        self,
        info: Info,
        where: Annotated[
            PurchaseFilter | None, strawberry.argument(description="Which purchases to list.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[AccountPurchase] | None:
        """What was bought by every account, newest first: this installation takes no money."""
        context = info.context
        page = page_request(first, after, datetime)
        listing = (where or PurchaseFilter()).listing()
        async with context.database.read() as session:
            found = await purchases.page(session, listing, first=page.first, after=page.after)
        return connect(
            [AccountPurchase.of(row) for row in found.rows],
            [(row.bought_at, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, purchases.count, listing),
        )


@strawberry.type
class PackagePurchaseMutation:
    """The root field that buys."""

    @mutation(actions.BUY_PACKAGE)
    async def package_buy(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            PackageBuyInput, strawberry.argument(description="What to buy.")
        ],
    ) -> PackageBuyPayload:
        """Buy a package of Mainland China messages.

        No money passes here: the purchase is written down with its price, and the operator of the
        installation bills it. The package is effective at once unless the installation says later.
        """
        context = info.context
        wish = Wish(
            item_id=key_of(input.price_item_id, "PriceItem"),
            quantity=input.quantity,
            expected_amount_micros=input.expected_amount_micros,
            bought_by=context.caller.uin,
            key=input.idempotency_key,
        )
        async with context.change() as session:
            row = await order(session, context.owner, wish, context.now, context.terms)
            (package,) = await show(context, session, [row])
        return PackageBuyPayload(package=package)
