"""No statement of a worker, or of a statistics page, reads a table from end to end."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import event, update

from db import allowlist, frequency, lease, queue, simulator, statistic, submission
from db.message import TABLE as MESSAGE
from db.session import Database
from db.statistic import Scope
from delivery.carriers.base import Inbound
from delivery.carriers.simulator import Simulator
from delivery.dispatcher import Dispatcher
from delivery.receipt_keeping import ReceiptKeeping
from delivery.receipts import Receipts
from delivery.settings import DeliverySettings
from domain.carrier import Answer, Receipt, Reply, Verdict
from domain.number import Number
from domain.region import Region
from domain.sandbox import Odds
from domain.statistic import Period, span_of
from tests import sending
from tests.console import Clock
from tests.laning import lanes, turn

BIG = (
    "message",
    "statistic",
    "failure_statistic",
    "simulated_submission",
    "reply",
    "blocklist",
    "unsubscription",
    "frequency_usage",
    "frequency_allowlist",
    "kept_receipt",
    "message_part",
)
# Indexes over what is under way only, or over what is bounded by its number.
SMALL = ("ix_message_held", "ix_simulated_submission_due", "ix_kept_receipt_carrier_kept_at")
SETTINGS = DeliverySettings(batch=10, odds=Odds(success_rate=0.5, delay=timedelta(0), seed=1))


@contextmanager
def recorded(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Write down each statement with its parameters."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE", "WITH", "INSERT", "DELETE")):
            statements.append((statement, parameters))

    engines = [engine.sync_engine for engine in database.engines]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield statements
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


async def scans(database: Database, statements: list[tuple[str, Any]]) -> list[str]:
    """Explain statements and give those that read a big table from end to end."""
    found = []
    async with database.read() as session:
        connection = await session.connection()
        for statement, parameters in statements:
            one = parameters[0] if isinstance(parameters, list) else parameters
            explained = f"EXPLAIN QUERY PLAN {statement}"
            for *_, step in (await connection.exec_driver_sql(explained, one)).all():
                words = step.split()
                if words[0] == "SCAN" and words[1] in BIG and words[-1] not in SMALL:
                    found.append(f"{step}: {statement}")
    return found


async def test_delivery_never_reads_a_table_from_end_to_end(sqlite_url: str, clock: Clock) -> None:
    database = Database(sqlite_url)
    await sending.add_account(database, clock.now)
    numbers = [*sending.phones(30), "+8613800009920", "+8613800009921", "+8613800009930"]
    await sending.add_task(database, clock.now, numbers)
    listed = [Number(numbers[0], "CN", "86", Region.MAINLAND)]
    async with database.write() as session:
        await allowlist.add(session, 12_345_678, 12_345_678, listed, clock.now, 12_345_678)
    carrier = Simulator(database, clock, SETTINGS)
    there = lanes(clock, SETTINGS, carrier)
    dispatcher = Dispatcher(database, there, clock, SETTINGS, "one")
    sink = Receipts(database, sending.OPT_OUT, clock)
    with recorded(database) as statements:
        while await turn(dispatcher, there) == 0:
            await carrier.push(sink)
        await dispatcher.finish()
        clock.advance(timedelta(days=2))
        await carrier.push(sink)
        await carrier.push(sink)
        async with database.write() as session:
            await lease.overdue(session, clock.now)
            await lease.requeue(session, clock.now)
            await lease.requeue(session, clock.now, "one")
            await lease.waited(session, clock.now)
            await lease.expire(session, clock.now, clock.now, 10)
            await simulator.done(session, {"sim-1"}, clock.now)
            stale, _ = await frequency.stale(session, frequency.FIRST, clock.now, 10)
            await frequency.forget(session, stale, clock.now)
            scope = Scope(owner=12_345_678, region=Region.MAINLAND)
            zones = await statistic.zones(session, {scope.owner})
            span = span_of(Period.TODAY, None, None, clock.now, zones[scope.owner])
            await statistic.bars(session, scope, span)
            await statistic.failures(session, scope, span)
            await statistic.failed(session, scope, span)
    assert len({statement for statement, _ in statements}) > 25
    assert await scans(database, statements) == []
    await database.close()


async def test_claims_read_no_more_than_they_take(sqlite_url: str, clock: Clock) -> None:
    """Singles, what waits for a carrier, and what was lost: each has an index of its own."""
    database = Database(sqlite_url)
    account = await sending.add_account(database, clock.now)
    await sending.add_task(database, clock.now, sending.phones(4))
    async with database.write() as session:
        for urgent in (True, False):
            await sending.add_single(session, account, clock.now, urgent=urgent)
    with recorded(database) as statements:
        async with database.write() as session:
            await queue.waiting(session)
            request = sending.request(clock.now, carriers=["far", "near"])
            batch = await queue.claim(session, request)
            await queue.park(session, [(message, "far") for message in batch])
            assert len(await queue.claim(session, request)) == 6
            await queue.reroute(session, ["near"])
            assert await queue.reroute(session) == 6
            batch = await sending.taken(session, request)
            unknown = [Answer(one.id, Verdict.UNKNOWN, (f"ref-{one.id}",)) for one in batch]
            await submission.record(session, "one", sending.CARRIER, unknown, clock.now)
            await lease.any_to_ask(session, ["far"], clock.now)
            await lease.to_ask(session, ["far"], clock.now, 10)
    assert len({statement for statement, _ in statements}) > 20
    assert await scans(database, statements) == []
    await database.close()


async def test_the_check_sees_a_scan(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    statement = "SELECT id FROM message WHERE phone = ?"
    assert len(await scans(database, [(statement, ("+8613800138000",))])) == 1
    await database.close()


async def test_receipts_and_replies_read_no_table_from_end_to_end(
    sqlite_url: str, clock: Clock
) -> None:
    database = Database(sqlite_url)
    await sending.add_account(database, clock.now)
    await sending.add_task(database, clock.now, sending.phones(4))
    batch = await sending.claim(database)
    sink = Receipts(database, sending.OPT_OUT, clock)
    told = [
        Receipt(reference, True, "DELIVRD", clock.now, one.phone)
        for one in batch
        for reference in (f"ref-{one.id}", f"part-{one.id}")
    ]
    phones = [*(one.phone for one in batch), "+8613911111111"]
    replies = [Reply(phone, "TD", clock.now) for phone in phones]
    with recorded(database) as statements:
        await sink(sending.CARRIER, Inbound(told[:2]))
        one, two, three, four = batch
        parts = Answer(one.id, Verdict.ACCEPTED, (f"ref-{one.id}", f"part-{one.id}"))
        await sending.record(database, parts, *map(sending.accepted, (two, three)))
        await sink(sending.CARRIER, Inbound(told, replies))
        async with database.write() as session:
            lost = update(MESSAGE).where(MESSAGE.c.id == four.id)
            unknown = lost.values(state="unknown", submitted_at=clock.now, carrier_ref="lost")
            await (await session.connection()).execute(unknown)
        keeping = ReceiptKeeping(database, clock, timedelta(hours=72), most=1)
        await keeping.step()
        clock.advance(timedelta(hours=73))
        await keeping.step()
    assert await sending.states(database) == {"delivered": 4}
    assert len({statement for statement, _ in statements}) > 20
    assert await scans(database, statements) == []
    await database.close()
