"""Packages of Mainland China messages: the list, the balance and every change of it (PKG-1)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from db import package_list as packages
from db import package_purchase as purchases
from db.package import LedgerRow, PackageRow
from db.package_list import History, Listing, SortKey
from db.package_purchase import PurchaseRow
from db.session import AsyncSession
from domain.package import LedgerKind, PackageKind, PackageStatus, status
from graph.connection import After, Connection, Direction, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.enums import publish
from graph.guard import query
from graph.limits import PAGE
from graph.long import Long
from graph.node import Node, encode, key_of
from graph.refused_units import RefusedUnits
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The package's id.")]

publish(
    PackageKind,
    name="PackageKind",
    description="How an account came by a package.",
    values={
        "GIFT": "It was given when the account's identity was verified, once for ever.",
        "PURCHASED": "It was bought, by somebody or by automatic renewal.",
    },
)
publish(
    PackageStatus,
    name="PackageStatus",
    description="Whether a package can be used.",
    values={
        "NOT_YET_EFFECTIVE": "It was bought and can be used shortly.",
        "IN_USE": "It has units and can be used.",
        "USED_UP": "It has no units; units of tasks that end may come back.",
        "EXPIRED": "Its time is over, and what was left in it is lost.",
    },
)
publish(
    LedgerKind,
    name="PackageChangeKind",
    description="Why the units of a package changed.",
    values={
        "GRANT": "It was given or bought.",
        "RESERVE": "A task was consented to, or a single message accepted: it holds what it needs.",
        "RETURN": "The task ended, or the message was turned down, and what it did not need came.",
        "EXPIRE": "It expired and what was left in it is lost.",
    },
)
publish(
    SortKey,
    name="PackageSort",
    description="What a list of packages is sorted by.",
    values={"GRANTED_AT": "When it was given or bought.", "EXPIRES_AT": "When it expires."},
)


@strawberry.input(description="How to sort a list of packages.")
class PackageOrder:
    """Sort key and direction; by default what was bought last comes first."""

    field: SortKey = strawberry.field(default=SortKey.GRANTED_AT, description="What to sort by.")
    direction: Direction = strawberry.field(
        default=Direction.DESC, description="Which end comes first."
    )


@strawberry.type(description="A purchase, with its own copy of what the price list said.")
class PackagePurchase:
    """What is billed."""

    item_name: str = strawberry.field(description="The item's name when it was bought.")
    item_units: Long = strawberry.field(description="Units of one item then.")
    price_micros: Long = strawberry.field(
        description="The price of one item then, in millionths of the currency unit."
    )
    quantity: int = strawberry.field(description="How many items were bought.")
    amount_micros: Long = strawberry.field(
        description="What they cost, in millionths of the currency unit."
    )
    currency: str = strawberry.field(description="The currency, ISO 4217.")
    bought_at: datetime = strawberry.field(description="When.")
    bought_by: str | None = strawberry.field(
        description="Uin of the user who bought; null for an automatic renewal."
    )

    @classmethod
    def of(cls, row: PurchaseRow) -> "PackagePurchase":
        """Show a row."""
        return cls(
            item_name=row.name,
            item_units=Long(row.units),
            price_micros=Long(row.price_micros),
            quantity=row.quantity,
            amount_micros=Long(row.amount_micros),
            currency=row.currency,
            bought_at=row.bought_at,
            bought_by=None if row.bought_by is None else str(row.bought_by),
        )


@strawberry.type(description="A package of Mainland China messages; one unit is one segment.")
class Package(Node):
    """Regular and marketing messages of every application take from it."""

    kind: PackageKind = strawberry.field(description="How the account came by it.")
    name: str = strawberry.field(description="Its name in the price list; empty for a gift.")
    status: PackageStatus = strawberry.field(description="Whether it can be used now.")
    units: Long = strawberry.field(description="Units it had at first.")
    used: Long = strawberry.field(description="Units that tasks took and did not give back.")
    remaining: Long = strawberry.field(description="Units that are left; 0 once it has expired.")
    expired: Long = strawberry.field(description="Units that were left when it expired.")
    refused_units: RefusedUnits = strawberry.field(
        description="What becomes of the units of messages that a carrier turns down."
    )
    granted_at: datetime = strawberry.field(description="When it was given or bought.")
    effective_at: datetime = strawberry.field(description="When it can be used from.")
    expires_at: datetime = strawberry.field(description="When it can be used no longer.")
    purchase: PackagePurchase | None = strawberry.field(
        description="What was bought at which price; null for a gift."
    )

    @classmethod
    def of(cls, row: PackageRow, purchase: PurchaseRow | None, now: datetime) -> "Package":
        """Show a row as it stands now."""
        state = status(row.remaining, row.effective_at, row.expires_at, now)
        over = row.remaining if state is PackageStatus.EXPIRED else 0
        return cls(
            id=encode("Package", row.id),
            kind=row.kind,
            name=row.name,
            status=state,
            units=Long(row.units),
            used=Long(row.units - row.remaining - row.expired),
            remaining=Long(row.remaining - over),
            expired=Long(row.expired + over),
            refused_units=row.refused_units,
            granted_at=row.granted_at,
            effective_at=row.effective_at,
            expires_at=row.expires_at,
            purchase=PackagePurchase.of(purchase) if purchase else None,
        )


@strawberry.type(description="What the packages of an account hold in all.")
class PackageBalance:
    """Sums over packages that have not expired."""

    remaining: Long = strawberry.field(description="Units that can be used now.")
    not_yet_effective: Long = strawberry.field(
        description="Units of packages that are not effective yet."
    )
    reserved: Long = strawberry.field(
        description="Units that tasks have taken which are not over: what they do not need comes "
        "back."
    )
    expiring_soon: Long = strawberry.field(
        description="Those of `remaining` that expire within 30 days."
    )


@strawberry.type(description="One change of one package: the balance is the sum of all of them.")
class PackageChange:
    """A line of the ledger."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    kind: LedgerKind = strawberry.field(description="Why the units changed.")
    units: Long = strawberry.field(description="Units that came; negative for those that went.")
    at: datetime = strawberry.field(description="When.")
    package_id: strawberry.ID = strawberry.field(description="The package.")
    bulk_task_id: strawberry.ID | None = strawberry.field(
        description="The task that took or gave back the units; null for other changes."
    )
    message_record_id: strawberry.ID | None = strawberry.field(
        description="The single message that did; null for other changes. Its record is there once "
        "a carrier has it or it was turned down."
    )

    @classmethod
    def of(cls, row: LedgerRow) -> "PackageChange":
        """Show a row."""
        return cls(
            id=encode("PackageChange", row.id),
            kind=row.kind,
            units=Long(row.units),
            at=row.at,
            package_id=encode("Package", row.package_id),
            bulk_task_id=None if row.task_id is None else encode("BulkTask", row.task_id),
            message_record_id=None
            if row.message_id is None
            else encode("MessageRecord", row.message_id),
        )


async def show(
    context: Context, session: AsyncSession, rows: Sequence[PackageRow]
) -> list[Package]:
    """Show the packages of a page with their purchases."""
    bought = await purchases.of_packages(session, [row.id for row in rows])
    return [Package.of(row, bought.get(row.id), context.now) for row in rows]


@strawberry.type
class PackageQuery:
    """Root fields that read packages."""

    @query(actions.DESCRIBE_PACKAGE_LIST)
    async def package(self, info: Info, id: Id) -> Package | None:  # noqa: A002 - the schema's name
        """One package of the caller's account."""
        context = info.context
        async with context.database.read() as session:
            row = await packages.owned(session, context.owner, key_of(id, "Package"))
            return (await show(context, session, [row]))[0] if row else None

    @query(actions.DESCRIBE_PACKAGE_LIST)
    async def packages(
        self,
        info: Info,
        kind: Annotated[
            PackageKind | None, strawberry.argument(description="Only those of this kind.")
        ] = None,
        order_by: Annotated[
            PackageOrder | None, strawberry.argument(description="How to sort.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[Package] | None:
        """The packages of the caller's account; what expires first is used first."""
        context, order = info.context, order_by or PackageOrder()
        page = page_request(first, after, datetime, order=order.field)
        listing = Listing(context.owner, kind)
        async with context.database.read() as session:
            found = await packages.page(
                session,
                listing,
                order.field,
                descending=order.direction is Direction.DESC,
                first=page.first,
                after=page.after,
            )
            shown = await show(context, session, found.rows)
        return connect(
            shown,
            [(getattr(row, order.field.value), row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, packages.count, listing),
        )

    @query(actions.DESCRIBE_SMS_PKG_REMAIN)
    async def package_balance(self, info: Info) -> PackageBalance | None:
        """What the packages of the caller's account hold in all."""
        context = info.context
        async with context.database.read() as session:
            found = await packages.summary(session, context.owner, context.now)
        return PackageBalance(
            remaining=Long(found.remaining),
            not_yet_effective=Long(found.not_yet_effective),
            reserved=Long(found.reserved),
            expiring_soon=Long(found.expiring_soon),
        )

    @query(actions.DESCRIBE_PACKAGE_LIST)
    async def package_history(
        self,
        info: Info,
        package_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only changes of this package.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[PackageChange] | None:
        """Every change of the packages of the caller's account, newest first."""
        context = info.context
        page = page_request(first, after, datetime)
        key = None if package_id is None else key_of(package_id, "Package")
        listing = History(context.owner, key)
        async with context.database.read() as session:
            found = await packages.history(session, listing, first=page.first, after=page.after)
        return connect(
            [PackageChange.of(row) for row in found.rows],
            [(row.at, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, packages.count_history, listing),
        )
