"""Carriers: what operators have set up, and how it does in every worker."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.dataloader import DataLoader

from db import carrier as carriers
from db import carrier_state as states
from db.carrier import CarrierRow
from db.carrier_state import CarrierStateRow
from domain.carrier_form import CarrierKind
from graph.carrier_settings import SmppSettings
from graph.context import Context, Info
from graph.enums import publish
from graph.guard import query
from graph.node import Node, encode, key_of
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The carrier's id.")]

publish(
    CarrierKind,
    name="CarrierKind",
    description="What is behind a carrier.",
    values={
        "SIMULATOR": "Nobody: outcomes are made up, by the last digits of numbers.",
        "SMPP": "An SMSC that speaks SMPP 3.4.",
    },
)


@strawberry.type(description="How a carrier does in one worker, as reported within 30 seconds.")
class CarrierWorkerState:
    """One worker's report."""

    worker: str = strawberry.field(description="The worker's name.")
    binds: int = strawberry.field(description="Connections that are bound.")
    binds_wanted: int = strawberry.field(description="Connections there should be.")
    window: int = strawberry.field(description="Parts submitted and not answered.")
    rate: float = strawberry.field(description="Parts submitted a second, lately.")
    error: str = strawberry.field(description="What last went wrong; empty when nothing did.")
    error_at: datetime | None = strawberry.field(description="When that was.")
    seen_at: datetime = strawberry.field(description="When the worker reported this.")

    @classmethod
    def of(cls, row: CarrierStateRow) -> "CarrierWorkerState":
        """Show a report."""
        return cls(
            worker=row.worker,
            binds=row.binds,
            binds_wanted=row.binds_wanted,
            window=row.window,
            rate=row.rate,
            error=row.error,
            error_at=row.error_at,
            seen_at=row.seen_at,
        )


@strawberry.type(description="How a carrier does, over all workers.")
class CarrierState:
    """The sums; all zero while no worker reports."""

    binds: int = strawberry.field(description="Connections that are bound.")
    binds_wanted: int = strawberry.field(description="Connections there should be.")
    window: int = strawberry.field(description="Parts submitted and not answered.")
    rate: float = strawberry.field(description="Parts submitted a second, lately.")
    error: str = strawberry.field(
        description="What last went wrong in any worker; empty when nothing did."
    )
    error_at: datetime | None = strawberry.field(description="When that was.")
    workers: list[CarrierWorkerState] = strawberry.field(description="The reports, by worker.")

    @classmethod
    def of(cls, rows: Sequence[CarrierStateRow]) -> "CarrierState":
        """Add reports up."""
        failed = [(row.error_at, row.error) for row in rows if row.error_at]
        error_at, error = max(failed) if failed else (None, "")
        return cls(
            binds=sum(row.binds for row in rows),
            binds_wanted=sum(row.binds_wanted for row in rows),
            window=sum(row.window for row in rows),
            rate=sum(row.rate for row in rows),
            error=error,
            error_at=error_at,
            workers=[CarrierWorkerState.of(row) for row in rows],
        )


@strawberry.type(description="A connection that messages leave by.")
class Carrier(Node):
    """What operators see of a carrier."""

    name: str = strawberry.field(
        description="Its name, which routes and messages bear; no later carrier ever has it."
    )
    kind: CarrierKind = strawberry.field(description="What is behind it.")
    paused: bool = strawberry.field(description="Whether it takes nothing until it is resumed.")
    note: str = strawberry.field(description="A note of the operators.")
    smpp: SmppSettings | None = strawberry.field(
        description="Its settings but the password; null for the simulator."
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(
        description="When it was last changed, paused or resumed."
    )
    reports: strawberry.Private[DataLoader[str, CarrierState]]

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="How it does now, as the workers report it every few seconds."
    )
    async def state(self) -> CarrierState:
        """Load it for all carriers of an answer at once."""
        return await self.reports.load(self.name)


def show(context: Context, rows: Iterable[CarrierRow]) -> list[Carrier]:
    """Show rows; how they do is loaded for all of them at once."""
    reports = _load_states(context)
    return [
        Carrier(
            id=encode("Carrier", row.id),
            name=row.name,
            kind=row.kind,
            paused=row.paused,
            note=row.note,
            smpp=SmppSettings.of(row.smpp) if row.smpp else None,
            created_at=row.created_at,
            updated_at=row.updated_at,
            reports=reports,
        )
        for row in rows
    ]


def _load_states(context: Context) -> DataLoader[str, CarrierState]:
    async def load(names: list[str]) -> list[CarrierState]:
        async with context.database.read() as session:
            found = await states.live(session, context.now)
        by_name: dict[str, list[CarrierStateRow]] = defaultdict(list)
        for row in found:
            by_name[row.carrier].append(row)
        return [CarrierState.of(by_name[name]) for name in names]

    return DataLoader(load)


@strawberry.type
class CarrierQuery:
    """Root fields that read carriers."""

    @query(actions.DESCRIBE_CARRIERS)
    async def carrier(self, info: Info, id: Id) -> Carrier | None:  # noqa: A002 - the schema's name
        """One carrier."""
        key = key_of(id, "Carrier")
        async with info.context.database.read() as session:
            row = await carriers.get(session, key)
        return show(info.context, [row])[0] if row else None

    @query(actions.DESCRIBE_CARRIERS)
    async def carriers(self, info: Info) -> list[Carrier] | None:
        """Every carrier of the installation by name, at most 100."""
        async with info.context.database.read() as session:
            rows = await carriers.in_force(session)
        return show(info.context, rows)
