"""The carriers that are set up, followed by a running process."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlmodel import select

from db import carrier_state, route
from db.carrier import CarrierRow
from db.session import Database
from delivery.carriers.base import Inbound
from delivery.fleet import Fleet
from delivery.settings import DeliverySettings
from domain.carrier_form import CarrierKind
from tests.console import Clock, Statements
from tests.delivery.scripted import ScriptedCarrier

SETTINGS = DeliverySettings(drain=timedelta(milliseconds=40))


async def sink(_carrier: str, _inbound: Inbound, /) -> None:
    """Keep nothing."""


class Builder:
    """Builds scripted carriers and keeps them."""

    def __init__(self) -> None:
        self.built: list[ScriptedCarrier] = []
        self.broken: set[str] = set()

    def __call__(self, row: CarrierRow) -> ScriptedCarrier:
        if row.name in self.broken:
            raise ValueError("secret")
        self.built.append(ScriptedCarrier(name=row.name))
        return self.built[-1]


@pytest.fixture
def build() -> Builder:
    return Builder()


@pytest.fixture
async def fleet(database: Database, clock: Clock, build: Builder) -> AsyncIterator[Fleet]:
    fleet = Fleet(database, build, clock, SETTINGS, "one")
    yield fleet
    await fleet.stop()


async def settle() -> None:
    """Let what goes on in the background come to its end."""
    for _ in range(20):
        await asyncio.sleep(0)


async def set_up(database: Database, clock: Clock, name: str, **values: object) -> None:
    """Set a carrier up, or change it, as the operator does."""
    async with database.write() as session:
        await route.hold(session)
        query = select(CarrierRow).where(CarrierRow.name == name)
        row = (await session.exec(query)).first()
        if row is None:
            row = CarrierRow(
                name=name, kind=CarrierKind.SMPP, created_at=clock.now, updated_at=clock.now
            )
        row.sqlmodel_update(values)
        session.add(row)


async def test_it_makes_the_default_carrier_and_starts_it(
    database: Database, fleet: Fleet, build: Builder
) -> None:
    await fleet.start(sink)
    await settle()
    assert [one.name for one in build.built] == ["simulator"]
    assert build.built[0].events == ["start"]
    assert fleet.lanes.by_name["simulator"].up
    assert fleet.lanes.changed


async def test_it_looks_by_one_question_while_nothing_changes(
    database: Database, fleet: Fleet, build: Builder
) -> None:
    await fleet.start(sink)
    with Statements(database) as statements:
        assert await fleet.follow() == 1
    assert len(statements) == 1


async def test_it_starts_rebuilds_and_stops_carriers_as_they_are_set_up(
    database: Database, clock: Clock, fleet: Fleet, build: Builder
) -> None:
    await fleet.start(sink)
    await set_up(database, clock, "far", settings="{}")
    await fleet.follow()
    await settle()
    assert sorted(fleet.lanes.by_name) == ["far", "simulator"]
    await set_up(database, clock, "far", settings='{"window": 2}')
    await fleet.follow()
    await settle()
    old, new = (one for one in build.built if one.name == "far")
    assert (old.events, new.events) == (["start", "stop"], ["start"])
    assert fleet.lanes.by_name["far"].carrier is new
    await set_up(database, clock, "far", deleted_at=clock.now)
    await fleet.follow()
    await settle()
    assert new.events == ["start", "stop"]
    assert sorted(fleet.lanes.by_name) == ["simulator"]
    assert build.built[0].events == ["start"]


async def test_pausing_and_a_note_leave_the_connection_alone(
    database: Database, clock: Clock, fleet: Fleet, build: Builder
) -> None:
    await fleet.start(sink)
    await set_up(database, clock, "simulator", paused=True, note="until Monday")
    await fleet.follow()
    await settle()
    lane = fleet.lanes.by_name["simulator"]
    assert (lane.room(), lane.up, build.built[0].events) == (0, False, ["start"])
    await set_up(database, clock, "simulator", paused=False)
    await fleet.follow()
    assert lane.room() == 1_000


async def test_a_carrier_is_built_anew_after_the_old_one_let_go(
    database: Database, clock: Clock, fleet: Fleet, build: Builder
) -> None:
    released = asyncio.Event()

    async def slowly() -> None:
        await released.wait()

    await set_up(database, clock, "far")
    await fleet.start(sink)
    await settle()
    build.built[0].stop = slowly  # type: ignore[method-assign]  # - a stop that takes its time
    await set_up(database, clock, "far", settings="{}")
    await fleet.follow()
    await settle()
    assert build.built[-1].events == []
    assert fleet.lanes.by_name["far"].room() == 0
    released.set()
    await settle()
    assert build.built[-1].events == ["start"]
    assert fleet.lanes.by_name["far"].room() == 1_000


async def test_a_carrier_that_cannot_be_made_stops_no_other(
    database: Database,
    clock: Clock,
    fleet: Fleet,
    build: Builder,
    caplog: pytest.LogCaptureFixture,
) -> None:
    build.broken.add("far")
    await set_up(database, clock, "far")
    await fleet.start(sink)
    assert sorted(fleet.lanes.by_name) == ["simulator"]
    assert "the carrier far cannot be set up: ValueError" in caplog.text
    assert "secret" not in caplog.text
    await fleet.report()
    async with database.read() as session:
        live = {row.carrier: row for row in await carrier_state.live(session, clock.now)}
    assert (live["far"].binds, live["far"].binds_wanted) == (0, 1)
    assert live["far"].error == (
        "it cannot be set up here (ValueError): enter its password again, or see whether this "
        "worker has the installation's key"
    )
    assert live["simulator"].error == ""


async def test_a_carrier_that_can_be_made_again_is_no_longer_told_as_broken(
    database: Database, clock: Clock, fleet: Fleet, build: Builder
) -> None:
    build.broken.add("far")
    await set_up(database, clock, "far")
    await fleet.start(sink)
    build.broken.clear()
    await set_up(database, clock, "far", settings="{}")
    await fleet.follow()
    await fleet.report()
    async with database.read() as session:
        live = {row.carrier: row for row in await carrier_state.live(session, clock.now)}
    assert live["far"].error == ""


async def test_it_reports_how_carriers_do_until_it_stops(
    database: Database, clock: Clock, fleet: Fleet
) -> None:
    await fleet.start(sink)
    assert await fleet.report() == 5
    async with database.read() as session:
        (row,) = await carrier_state.live(session, clock.now)
    assert (row.worker, row.carrier, row.binds) == ("one", "simulator", 1)
    await fleet.stop()
    async with database.read() as session:
        assert await carrier_state.live(session, clock.now) == []


async def test_a_carrier_that_does_not_stop_is_left_after_half_of_the_time(
    database: Database, fleet: Fleet, build: Builder
) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    await fleet.start(sink)
    build.built[0].stop = never  # type: ignore[method-assign]  # - a stop that never ends
    async with asyncio.timeout(5):
        await fleet.stop()
    assert fleet.lanes.by_name == {}
