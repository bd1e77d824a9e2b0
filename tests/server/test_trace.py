"""Traces by setting: spans that reach a collector over OTLP, with nothing of anybody's in them."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Received
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from db.session import Database
from delivery.trace import span
from policies.live import PolicyDirectory
from server.app import create_app, create_console
from server.operations import watching
from server.settings import Settings
from tests.console import Clock
from tests.serving import ROOT


class Collector:
    """Takes what a process sends to it."""

    def __init__(self) -> None:
        self.received: list[ExportTraceServiceRequest] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["content-length"]))
                collector.received.append(ExportTraceServiceRequest.FromString(sent))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}/v1/traces"

    def spans(self) -> dict[str, Received]:
        """Give the spans by name."""
        return {
            span.name: span
            for request in self.received
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }

    def resource(self) -> dict[str, str]:
        """Give what is said of the process."""
        (resource, *_) = self.received[0].resource_spans
        return {each.key: each.value.string_value for each in resource.resource.attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that listens."""
    collector = Collector()
    thread = threading.Thread(target=collector.server.serve_forever, args=(0.01,))
    thread.start()
    yield collector
    collector.server.shutdown()
    thread.join()
    collector.server.server_close()


def attributes(received: Received) -> dict[str, str | int]:
    """Give a span's attributes."""
    return {
        each.key: each.value.string_value or each.value.int_value for each in received.attributes
    }


async def test_an_operation_becomes_a_span_without_what_it_asks(
    collector: Collector, database: Database, tmp_path: Path, clock: Clock
) -> None:
    settings = Settings(
        data=tmp_path,
        database_url=f"sqlite:///{database.url.database}",
        traces_endpoint=collector.endpoint,
    )
    app = create_app(settings, watching(settings, "serve"), clock=lambda: clock.now)
    query = 'query Find { applications(search: "+8613800138000 Sesame") { totalCount } }'
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://console.test") as http,
    ):
        await http.post("/graphql", json={"query": query})
    assert collector.resource().items() >= {
        ("service.name", "sms-console"),
        ("sms_console.process", "serve"),
    }
    operation = collector.spans()["graphql operation"]
    assert attributes(operation) == {
        "graphql.operation.name": "Find",
        "graphql.operation.type": "query",
        "sms_console.outcome": "UNAUTHENTICATED",
    }
    assert operation.end_time_unix_nano > operation.start_time_unix_nano
    sent = b"".join(request.SerializeToString() for request in collector.received)
    assert b"138001" not in sent
    assert b"Sesame" not in sent


async def test_a_span_within_a_span_is_its_child_and_a_failure_shows_no_text(
    collector: Collector, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, traces_endpoint=collector.endpoint)
    (tracing,) = watching(settings, "worker")
    console = create_console(settings, PolicyDirectory())

    def fail() -> None:
        with span("outer", messages=500):
            with span("inner") as inner:
                inner.set_attribute("carrier", "simulator")
            int("+8613800138000 x")

    async with tracing(console):
        with pytest.raises(ValueError, match="138"):
            fail()
    await console.send.close()
    spans = collector.spans()
    assert spans["inner"].parent_span_id == spans["outer"].span_id
    assert attributes(spans["inner"]) == {"carrier": "simulator"}
    assert attributes(spans["outer"]) == {"messages": 500}
    assert spans["outer"].status.code == Status.StatusCode.STATUS_CODE_ERROR
    assert spans["outer"].status.message == "ValueError"
    assert list(spans["outer"].events) == []


def test_without_an_endpoint_nothing_of_opentelemetry_is_loaded(tmp_path: Path) -> None:
    program = (
        "import sys, server.app, server.background\n"
        "from server.operations import watching\n"
        "from server.settings import Settings\n"
        f"assert watching(Settings(data={str(tmp_path)!r}), 'serve') == []\n"
        "sys.exit(any(name.startswith('opentelemetry.sdk') for name in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_a_span_that_nobody_wants_costs_nothing() -> None:
    assert span("a") is span("b", messages=1)
