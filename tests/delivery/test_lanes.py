"""Several carriers side by side: routes, room, parking, fall-back, and nobody waits for another."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from db import blocklist
from db.message import TABLE
from db.session import Database
from delivery.lanes import LOOKED_EVERY
from delivery.settings import DeliverySettings
from domain.region import SmsType
from domain.route import Route, Routing, Target
from domain.task import TaskStatus
from tests import sending
from tests.console import Clock
from tests.delivery.scripted import ScriptedCarrier, Stepped

SETTINGS = DeliverySettings(batch=20, in_flight=100, poll=timedelta(seconds=3))
CHINA = sending.phones(20)
INDIA = [f"+9198765{number:05}" for number in range(20)]
BY_PREFIX = (
    Route(id=1, targets=(Target("one", 1),), prefix="86"),
    Route(id=2, targets=(Target("two", 1),), prefix="91"),
)


@pytest.fixture
async def account(database: Database, clock: Clock) -> int:
    return await sending.add_account(database, clock.now)


@pytest.fixture
def one() -> ScriptedCarrier:
    return ScriptedCarrier(name="one")


@pytest.fixture
def two() -> ScriptedCarrier:
    return ScriptedCarrier(name="two")


async def waiting_for(database: Database) -> dict[str | None, int]:
    """Count what waits, by carrier."""
    found: dict[str | None, int] = {}
    for row in await sending.messages(database):
        if row.state.value == "waiting":
            found[row.carrier] = found.get(row.carrier, 0) + 1
    return found


async def test_each_carrier_gets_what_its_routes_take(
    database: Database, clock: Clock, account: int, one: ScriptedCarrier, two: ScriptedCarrier
) -> None:
    mixed = [number for pair in zip(CHINA[:5], INDIA[:5], strict=True) for number in pair]
    task = await sending.add_task(database, clock.now, mixed)
    dispatcher = Stepped(database, clock, SETTINGS, one, two, routes=BY_PREFIX)
    await dispatcher.turns(2)
    assert (one.phones, two.phones) == (CHINA[:5], INDIA[:5])
    rows = await sending.messages(database)
    assert [(row.carrier, row.carrier_ref) for row in rows] == [
        (name, f"{name}-{row.id}") for row, name in zip(rows, ["one", "two"] * 5, strict=True)
    ]
    assert (await sending.task_row(database, task)).status is TaskStatus.SENT


async def test_a_stuck_carrier_delays_nobody(
    database: Database, clock: Clock, account: int, one: ScriptedCarrier, two: ScriptedCarrier
) -> None:
    one.answering.clear()
    await sending.add_task(database, clock.now, [*CHINA[:10], *INDIA])
    dispatcher = Stepped(database, clock, SETTINGS, one, two, routes=BY_PREFIX)
    for _ in range(5):
        await dispatcher.dispatcher.step()
        await dispatcher.lanes.by_name["two"].idle()
    assert await sending.states(database) == {"claimed": 10, "submitted": 20}
    assert two.phones == INDIA
    one.answering.set()
    await dispatcher.turns(2)
    assert await sending.states(database) == {"submitted": 30}


async def test_what_its_carrier_has_no_room_for_waits_for_that_one_and_goes_first(
    database: Database, clock: Clock, account: int, one: ScriptedCarrier, two: ScriptedCarrier
) -> None:
    one.most = 2
    await sending.add_task(database, clock.now, [*CHINA[:10], *INDIA[:10]])
    dispatcher = Stepped(database, clock, SETTINGS, one, two, routes=BY_PREFIX)
    await dispatcher.turn()
    assert (one.phones, two.phones) == (CHINA[:2], INDIA[:10])
    assert await waiting_for(database) == {"one": 8}
    await sending.add_task(database, clock.now, CHINA[10:12])
    one.most = 3
    await dispatcher.turn()
    assert one.phones == CHINA[:5]
    one.most = 1_000
    await dispatcher.turns(2)
    assert one.phones == CHINA[:12]
    assert await sending.states(database) == {"submitted": 22}


async def test_with_one_carrier_nothing_is_claimed_while_it_has_no_room(
    database: Database, clock: Clock, account: int, one: ScriptedCarrier
) -> None:
    await sending.add_task(database, clock.now, CHINA)
    dispatcher = Stepped(database, clock, SETTINGS, one)
    one.most = 0
    assert await dispatcher.turn() == 3
    assert await sending.states(database) == {"queued": 20}
    one.most = 7
    await dispatcher.turn()
    assert await sending.states(database) == {"claimed": 7, "queued": 13}


async def test_a_fall_back_is_for_a_carrier_that_is_away_and_not_for_a_busy_one(
    database: Database, clock: Clock, account: int, one: ScriptedCarrier, two: ScriptedCarrier
) -> None:
    await sending.add_task(database, clock.now, CHINA)
    dispatcher = Stepped(database, clock, SETTINGS, one, two)
    one.most = 4
    await dispatcher.turn()
    assert (len(one.phones), len(two.phones)) == (4, 0)
    assert await waiting_for(database) == {"one": 16}
    one.binds = 0
    clock.advance(LOOKED_EVERY)
    await dispatcher.turns(3)
    assert (len(one.phones), len(two.phones)) == (4, 16)
    assert await waiting_for(database) == {}


async def test_while_all_its_carriers_are_away_a_message_waits(
    database: Database, clock: Clock, account: int, one: ScriptedCarrier, two: ScriptedCarrier
) -> None:
    three = ScriptedCarrier(name="three")
    one.binds = two.binds = 0
    await sending.add_task(database, clock.now, CHINA)
    routes = [Route(id=1, targets=(Target("one", 1), Target("two", 1)))]
    dispatcher = Stepped(database, clock, SETTINGS, one, two, three, routes=routes)
    await dispatcher.turn()
    assert await waiting_for(database) == {"one": 10, "two": 10}
    two.binds = 1
    clock.advance(LOOKED_EVERY)
    await dispatcher.turns(4)
    assert (len(one.phones), len(two.phones), len(three.phones)) == (0, 20, 0)


async def test_a_carrier_that_comes_and_goes_is_looked_at_seldom(
    database: Database, clock: Clock, account: int, one: ScriptedCarrier, two: ScriptedCarrier
) -> None:
    await sending.add_task(database, clock.now, CHINA)
    dispatcher = Stepped(database, clock, SETTINGS, one, two)
    one.most = 0
    await dispatcher.turn()
    one.binds = 0
    clock.advance(LOOKED_EVERY - timedelta(seconds=1))
    await dispatcher.turn()
    assert await waiting_for(database) == {"one": 20}


async def test_changed_routes_are_followed_by_what_waits(
    database: Database, clock: Clock, account: int, one: ScriptedCarrier, two: ScriptedCarrier
) -> None:
    await sending.add_task(database, clock.now, CHINA)
    dispatcher = Stepped(database, clock, SETTINGS, one, two, routes=BY_PREFIX)
    one.most = 0
    await dispatcher.turn()
    assert await waiting_for(database) == {"one": 20}
    dispatcher.lanes.routing = Routing.of([Route(id=3, targets=(Target("two", 1),))])
    dispatcher.lanes.changed = True
    await dispatcher.turns(2)
    assert two.phones == CHINA


async def test_a_paused_carrier_is_given_nothing(
    database: Database, clock: Clock, account: int, one: ScriptedCarrier, two: ScriptedCarrier
) -> None:
    await sending.add_task(database, clock.now, CHINA)
    dispatcher = Stepped(database, clock, SETTINGS, one, two)
    dispatcher.lanes.by_name["one"].paused = True
    await dispatcher.turn()
    assert (one.phones, two.phones) == ([], CHINA)


async def test_what_no_route_takes_is_refused_unless_a_rule_did_before(
    database: Database, clock: Clock, account: int, one: ScriptedCarrier, two: ScriptedCarrier
) -> None:
    async with database.write() as session:
        await blocklist.add(session, account, account, SmsType.REGULAR, CHINA[:1], clock.now)
    clock.advance(timedelta(hours=1))
    task = await sending.add_task(database, clock.now, CHINA[:3])
    routes = [Route(id=1, targets=(Target("two", 1),), prefix="91")]
    dispatcher = Stepped(database, clock, SETTINGS, one, two, routes=routes)
    await dispatcher.turn()
    assert [row.code for row in await sending.messages(database)] == [
        "FailedOperation.PhoneNumberInBlacklist.Blocklisted",
        "NOROUTE",
        "NOROUTE",
    ]
    found = await sending.task_row(database, task)
    assert (found.status, found.refused, found.reserved_units) == (TaskStatus.SENT, 3, 0)


async def test_a_message_that_waits_is_held_to_the_rules_when_it_goes(
    database: Database, clock: Clock, account: int, one: ScriptedCarrier
) -> None:
    two = ScriptedCarrier(name="two")
    one.most = 0
    await sending.add_task(database, clock.now, CHINA[:2])
    dispatcher = Stepped(database, clock, SETTINGS, one, two, routes=BY_PREFIX)
    await dispatcher.turn()
    async with database.write() as session:
        gone = update(TABLE).where(TABLE.c.phone == CHINA[0]).values(template_id=999)
        await (await session.connection()).execute(gone)
    one.most = 10
    await dispatcher.turns(2)
    assert await sending.states(database) == {"refused": 1, "submitted": 1}
