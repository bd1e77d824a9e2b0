"""What an operator is told of a process: health, readiness, metrics; and by which port."""

import asyncio
import io
import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from db import migrate
from db.kept_receipt import KeptReceiptRow
from db.session import Database
from domain.task import TaskStatus
from policies.live import PolicyDirectory
from server import metric
from server.app import create_app, create_console
from server.log import JsonLines, Redaction
from server.operations import watching
from server.readiness import Readiness
from server.request import Console
from server.settings import Settings, SettingsError
from tests import sending
from tests.console import Clock
from tests.serving import free_port

VIEWER = {"query": "query Who { viewer { name } }", "operationName": "Who"}
HEAD = max(path.name[:4] for path in (migrate.SCRIPTS / "versions").glob("*.py"))


async def put(database: Database, statement: str, **values: str) -> None:
    async with database.write() as session:
        await (await session.connection()).execute(text(statement), values)


async def revise(database: Database, revision: str) -> None:
    """Say which migration a database has come to."""
    create = "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)"
    await put(database, create)
    await put(database, "DELETE FROM alembic_version")
    await put(database, "INSERT INTO alembic_version VALUES (:revision)", revision=revision)


@pytest.fixture
async def settings(database: Database, tmp_path: Path) -> Settings:
    """Settings on a database whose tables are those of this version."""
    await revise(database, HEAD)
    url = database.url.render_as_string(hide_password=False)
    for driver in ("+aiosqlite", "+psycopg"):
        url = url.replace(driver, "")
    return Settings(data=tmp_path, database_url=url)


@pytest.fixture
async def console(settings: Settings, clock: Clock) -> AsyncIterator[Console]:
    """What a process has opened."""
    console = create_console(settings, PolicyDirectory(), lambda: clock.now)
    yield console
    await console.send.close()
    await console.database.close()


@asynccontextmanager
async def speaking(settings: Settings, clock: Clock) -> AsyncIterator[httpx2.AsyncClient]:
    """Speak to the application over ASGI."""
    app = create_app(settings, clock=lambda: clock.now)
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://console.test") as http,
    ):
        yield http


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, as JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    handler.addFilter(Redaction())
    watched = logging.getLogger("server.operation")
    watched.addHandler(handler)
    watched.setLevel(logging.INFO)
    yield stream
    watched.removeHandler(handler)


def measured(scraped: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Read a scrape: (name, values of the labels) to value."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(scraped)
        for sample in family.samples
    }


async def now_measured() -> dict[tuple[str, tuple[str, ...]], float]:
    answer = await metric.metrics(None)  # type: ignore[arg-type]  # - a scrape reads no request
    return measured(bytes(answer.body).decode())


async def test_a_process_that_can_take_requests_is_ready(settings: Settings, clock: Clock) -> None:
    async with speaking(settings, clock) as http:
        answer = await http.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ready", "problems": [], "degraded": []},
    )


@pytest.mark.parametrize(
    ("revision", "problems"),
    [
        ("0001", ["database: its tables are older than this version: run `sms-console migrate`"]),
        ("9999", []),  # a later version is being rolled out
    ],
)
async def test_tables_that_are_too_old_make_a_process_unready(
    console: Console, revision: str, problems: list[str]
) -> None:
    await revise(console.database, revision)
    assert await Readiness(console).problems() == problems


async def test_a_database_that_takes_nothing_makes_a_process_unready(
    console: Console, database: Database
) -> None:
    await put(database, "DROP TABLE alembic_version")
    assert await Readiness(console).problems() == ["database: it cannot be written to"]


async def test_postgresql_that_only_reads_makes_a_process_unready(
    postgresql_url: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, database_url=postgresql_url.replace("+psycopg", ""))
    console = create_console(settings, PolicyDirectory())
    await revise(console.database, HEAD)
    assert await Readiness(console).problems() == []
    name = console.database.url.database
    await put(console.database, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await console.database.close()
    assert await Readiness(console).problems() == ["database: it cannot be written to"]
    await console.send.close()
    await console.database.close()


async def test_the_database_is_asked_once_a_second_however_often_health_is(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def ask(_session: object) -> migrate.Standing:
        nonlocal asked
        asked += 1
        return migrate.Standing.CURRENT

    monkeypatch.setattr(migrate, "standing_within", ask)
    readiness = Readiness(console)
    await asyncio.gather(*(readiness.problems() for _ in range(20)))
    assert asked == 1


async def test_a_process_that_ends_is_not_ready_from_the_first_word_on(console: Console) -> None:
    told: list[str] = []
    console.ending.on_begin(lambda: told.append("worker"))
    assert await Readiness(console).problems() == []
    console.ending.begin()
    console.ending.begin()
    assert told == ["worker"]
    assert await Readiness(console).problems() == ["this process is ending"]


async def test_a_worker_that_has_stopped_makes_its_server_unready(console: Console) -> None:
    console.troubles.append(lambda: "the worker has stopped")
    assert await Readiness(console).problems() == ["the worker has stopped"]


async def test_an_operation_is_measured_and_logged_without_what_it_asks(
    settings: Settings, clock: Clock, lines: io.StringIO
) -> None:
    before = await now_measured()
    secret = {"query": '{ applications(search: "+8613800138000 Sesame") { totalCount } }'}
    async with speaking(settings, clock) as http:
        await http.post("/graphql", json=VIEWER)
        await http.post("/graphql", json=secret)
        await http.post("/graphql", json={"query": "{ +8613800138000"})
        await http.post("/graphql", json={**VIEWER, "operationName": "Nobody"})
    after = await now_measured()
    count = "sms_console_operation_seconds_count"
    grown = {
        key[1]: value - before.get(key, 0)
        for key, value in after.items()
        if key[0] == count and value != before.get(key, 0)
    }
    assert grown == {
        ("query", "UNAUTHENTICATED"): 2,
        ("none", "BAD_USER_INPUT"): 2,
    }
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert (told[0]["operation"], told[0]["outcome"]) == ("Who", "UNAUTHENTICATED")
    assert told[0]["message"] == "query answered"
    assert len(told[0]["request"]) == 16
    assert told[0]["milliseconds"] > 0
    assert "Sesame" not in lines.getvalue()
    assert "138001" not in lines.getvalue()
    decisions = ("sms_console_decision_seconds_count", ())
    assert after[decisions] == before[decisions] + 2


async def test_what_waits_is_measured_without_counting_messages(
    console: Console, clock: Clock
) -> None:
    database = console.database
    await sending.add_account(database, clock.now)
    started = clock.now
    await sending.add_task(database, started, sending.phones(30))
    await sending.add_task(database, started, sending.phones(5), status=TaskStatus.STOPPED)
    async with database.write() as session:
        session.add(
            KeptReceiptRow(
                carrier="x",
                reference="1",
                delivered=True,
                code="DELIVRD",
                at=started,
                phone="",
                kept_at=started,
            )
        )
    clock.advance(timedelta(seconds=90))
    async with database.read() as session:
        await metric.sample(session, clock.now)
    found = await now_measured()
    for lane, messages, age in (("bulk", 30, 90), ("single", 0, 0)):
        assert found["sms_console_queued_messages", (lane,)] == messages
        assert found["sms_console_oldest_queued_seconds", (lane,)] == age
    assert found["sms_console_kept_receipts", ()] == 1
    assert found["sms_console_callback_events", ()] == 0
    assert found["sms_console_callback_lag_seconds", ()] == 0
    assert found["sms_console_sampled_timestamp_seconds", ()] == clock.now.timestamp()


async def test_operations_are_told_on_a_port_of_their_own_and_nowhere_else(
    settings: Settings, clock: Clock
) -> None:
    port = free_port()
    told = settings.model_copy(update={"metrics_listen": f"127.0.0.1:{port}"})
    (listener,) = watching(told, "serve")
    app = create_app(told, [listener], clock=lambda: clock.now)
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as private,
        httpx2.AsyncClient(transport=transport, base_url="http://console.test") as public,
    ):
        assert (await public.get("/metrics")).status_code == 404
        assert (await private.get("/readyz")).json()["status"] == "ready"
        assert (await private.get("/healthz")).json()["status"] == "ok"
        assert (await private.post("/graphql", json=VIEWER)).status_code == 404
        scrape = await private.get("/metrics")
    assert scrape.headers["content-type"].startswith("text/plain; version=")
    found = {name for name, _ in measured(scrape.text)}
    assert {
        "process_resident_memory_bytes",
        "python_gc_collections_total",
        "sms_console_info",
        "sms_console_transaction_seconds_count",
        "sms_console_event_loop_lag_seconds_count",
        "sms_console_queued_messages",
    } <= found
    with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.1", port)):
        pass


def test_a_port_that_is_taken_is_named_before_anything_begins(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(data=tmp_path, metrics_listen=f"{port}")
        with pytest.raises(SettingsError) as refused:
            watching(settings, "worker")
    assert str(refused.value) == (
        f'SMS_CONSOLE_METRICS_LISTEN "127.0.0.1:{port}": Address already in use; '
        "choose another port or host"
    )
