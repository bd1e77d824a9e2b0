"""What workers report of their carriers, and how long it counts."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import select

from db import carrier_state
from db.carrier_state import ERROR_MOST, FRESH, CarrierStateRow
from db.session import Database
from delivery.carriers.base import LiveState
from tests.console import START, Statements

SECOND = timedelta(seconds=1)
STATE = LiveState(binds=2, binds_wanted=3, window=17, rate=41.5)


async def write(
    database: Database, worker: str, states: dict[str, LiveState], now: datetime = START
) -> None:
    async with database.write() as session:
        await carrier_state.write(session, worker, states, now)


async def live(database: Database, now: datetime = START) -> list[tuple[str, str]]:
    async with database.read() as session:
        return [(row.carrier, row.worker) for row in await carrier_state.live(session, now)]


async def test_a_report_replaces_the_one_before(database: Database) -> None:
    await write(database, "w1", {"acme": STATE, "other": STATE})
    failed = replace(STATE, binds=0, error="bind refused", error_at=START)
    await write(database, "w1", {"acme": failed}, START + SECOND)
    async with database.read() as session:
        (row,) = await carrier_state.live(session, START + SECOND)
    assert (row.worker, row.carrier, row.binds, row.binds_wanted) == ("w1", "acme", 0, 3)
    assert (row.window, row.rate, row.error, row.error_at) == (17, 41.5, "bind refused", START)
    assert row.seen_at == START + SECOND


async def test_workers_report_beside_each_other(database: Database) -> None:
    for worker in ("w2", "w1"):
        await write(database, worker, {"acme": STATE, "other": STATE})
    assert await live(database) == [
        ("acme", "w1"),
        ("acme", "w2"),
        ("other", "w1"),
        ("other", "w2"),
    ]
    await write(database, "w1", {})
    assert await live(database) == [("acme", "w2"), ("other", "w2")]


async def test_a_silent_worker_vanishes(database: Database) -> None:
    await write(database, "w1", {"acme": STATE})
    assert await live(database, START + FRESH - SECOND) == [("acme", "w1")]
    assert await live(database, START + FRESH) == []
    await write(database, "w2", {"acme": STATE}, START + FRESH)
    async with database.read() as session:
        kept = (await session.exec(select(CarrierStateRow.worker))).all()
    assert kept == ["w2"]


async def test_an_error_is_cut_to_what_fits(database: Database) -> None:
    await write(database, "w1", {"acme": replace(STATE, error="e" * 1000, error_at=START)})
    async with database.read() as session:
        (row,) = await carrier_state.live(session, START)
    assert row.error == "e" * ERROR_MOST


async def test_a_report_costs_two_statements_however_many_carriers(database: Database) -> None:
    for count in (1, 50):
        with Statements(database) as counted:
            await write(database, "w1", {f"c{number}": STATE for number in range(count)})
        assert len([text for text in counted.texts if "carrier_state" in text]) == 2
