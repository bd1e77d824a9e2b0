"""The operator's price list of packages (PKG-1, PKG-4)."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

import strawberry

from db import price_item as items
from db.price_item import PriceItemRow
from domain import price as rules
from domain.price import Offer
from graph.context import Info
from graph.guard import mutation, query
from graph.long import Long
from graph.node import encode, key_of
from graph.payload import Payload
from graph.refused_units import RefusedUnits
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The item's id.")]

_UNITS = f"Units of a package, one for each segment, 1 to {rules.UNITS_MOST:,}."
_PRICE = f"Its price in millionths of the currency unit, 0 to {rules.PRICE_MOST:,}."
_DAYS = f"Days it can be used once it is effective, 1 to {rules.DAYS_MOST:,}."
_NAME = f"1 to {rules.NAME_MOST} characters."
_CURRENCY = "ISO 4217 code of the price's currency"
_REFUSED = "What becomes of the units of messages that a carrier turns down."
_ON_SALE = "Whether accounts can buy it."


@strawberry.type(description="An item of the price list: a package of Mainland China messages.")
class PriceItem:
    """What accounts can buy."""

    id: strawberry.ID = strawberry.field(description="Its id, for `packageBuy`.")
    name: str = strawberry.field(description="What it is called.")
    units: Long = strawberry.field(description="Units of a package, one for each segment.")
    price_micros: Long = strawberry.field(
        description="Its price in millionths of the currency unit."
    )
    currency: str = strawberry.field(description=f"{_CURRENCY}.")
    validity_days: int = strawberry.field(description="Days it can be used once it is effective.")
    refused_units: RefusedUnits = strawberry.field(description=_REFUSED)
    on_sale: bool = strawberry.field(description=_ON_SALE)
    changed_at: datetime = strawberry.field(description="When the item was changed last.")

    @classmethod
    def of(cls, row: PriceItemRow) -> "PriceItem":
        """Show a row."""
        return cls(
            id=encode("PriceItem", row.id),
            name=row.name,
            units=Long(row.units),
            price_micros=Long(row.price_micros),
            currency=row.currency,
            validity_days=row.validity_days,
            refused_units=row.refused_units,
            on_sale=row.on_sale,
            changed_at=row.changed_at,
        )


@strawberry.input(description="A new item of the price list.")
class PriceItemCreateInput:
    """What is sold at which price."""

    name: str = strawberry.field(description=_NAME)
    units: Long = strawberry.field(description=_UNITS)
    price_micros: Long = strawberry.field(description=_PRICE)
    currency: str | None = strawberry.field(
        default=None, description=f"{_CURRENCY}; by default the installation's."
    )
    validity_days: int = strawberry.field(default=365, description=_DAYS)
    refused_units: RefusedUnits = strawberry.field(
        default=RefusedUnits.RETURNED, description=_REFUSED
    )
    on_sale: bool = strawberry.field(default=True, description=_ON_SALE)


@strawberry.input(description="What to change of an item; what is left out stays.")
class PriceItemUpdateInput:
    """Whatever was bought before stays as it was bought."""

    name: str | None = strawberry.field(default=None, description=_NAME)
    units: Long | None = strawberry.field(default=None, description=_UNITS)
    price_micros: Long | None = strawberry.field(default=None, description=_PRICE)
    currency: str | None = strawberry.field(default=None, description=f"{_CURRENCY}.")
    validity_days: int | None = strawberry.field(default=None, description=_DAYS)
    refused_units: RefusedUnits | None = strawberry.field(default=None, description=_REFUSED)
    on_sale: bool | None = strawberry.field(default=None, description=_ON_SALE)

    def merged(self, offer: Offer) -> Offer:
        """Give the offer as it would be after the change."""
        names = Offer.__dataclass_fields__
        given = {name: getattr(self, name) for name in names}
        return replace(offer, **{name: some for name, some in given.items() if some is not None})


@strawberry.type(description="The answer to a mutation of the price list.")
class PriceItemPayload(Payload):
    """The item as it stands after the mutation."""

    price_item: PriceItem | None = strawberry.field(
        default=None, description="The item; null when nothing was changed."
    )


@strawberry.type
class PriceItemQuery:
    """Root fields that read the price list."""

    @query(actions.DESCRIBE_PRICE_LIST)
    async def price_list(self, info: Info) -> list[PriceItem] | None:
        """What packages can be bought at which price, in the order they were added."""
        async with info.context.database.read() as session:
            rows = await items.listed(session, on_sale=True)
        return [PriceItem.of(row) for row in rows]

    @query(actions.DESCRIBE_PRICE_ITEMS)
    async def price_items(self, info: Info) -> list[PriceItem] | None:
        """Every item of the price list, on sale or not, for the operator."""
        async with info.context.database.read() as session:
            rows = await items.listed(session, on_sale=False)
        return [PriceItem.of(row) for row in rows]


@strawberry.type
class PriceItemMutation:
    """Root fields that change the price list."""

    @mutation(actions.MODIFY_PRICE_LIST)
    async def price_item_create(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            PriceItemCreateInput, strawberry.argument(description="What is sold.")
        ],
    ) -> PriceItemPayload:
        """Put a package into the price list; at most 200 items, which are changed, not deleted."""
        context = info.context
        currency = context.terms.currency if input.currency is None else input.currency
        draft = Offer(
            name=input.name,
            units=input.units,
            price_micros=input.price_micros,
            currency=currency,
            validity_days=input.validity_days,
            refused_units=input.refused_units,
        )
        offer = rules.offer(draft)
        async with context.change() as session:
            row = await items.add(session, offer, context.now, on_sale=input.on_sale)
        return PriceItemPayload(price_item=PriceItem.of(row))

    @mutation(actions.MODIFY_PRICE_LIST)
    async def price_item_update(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            PriceItemUpdateInput, strawberry.argument(description="What to change.")
        ],
    ) -> PriceItemPayload:
        """Change an item, or take it off sale.

        What was bought stays as it was bought. Automatic renewals stop until the account agrees to
        what the item is now.
        """
        context, key = info.context, key_of(id, "PriceItem")
        async with context.change() as session:
            row = await items.changing(session, key)
            on_sale = row.on_sale if input.on_sale is None else input.on_sale
            items.change(row, rules.offer(input.merged(row.offer)), context.now, on_sale=on_sale)
        return PriceItemPayload(price_item=PriceItem.of(row))
