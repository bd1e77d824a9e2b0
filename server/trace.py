"""OpenTelemetry traces over OTLP, where the settings name a place for them.

Nothing of OpenTelemetry is imported otherwise.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from delivery.trace import Span, Start, Value, sent_by
from server.app import Background
from server.request import Console

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

SERVICE = "sms-console"
SEND_SECONDS = 5  # one request; what cannot be sent at the end is not waited for


def tracing(endpoint: str, part: str) -> Background:
    """Give what sends spans to `endpoint`, such as `http://127.0.0.1:4318/v1/traces`.

    `part` says which kind of process this is. What was not sent before is sent at the end.
    """

    @asynccontextmanager
    async def run(_console: Console) -> AsyncIterator[None]:
        provider, start = _tracer(endpoint, part)
        with sent_by(start):
            try:
                yield
            finally:
                await asyncio.to_thread(provider.shutdown)

    return run


def _tracer(endpoint: str, part: str) -> "tuple[TracerProvider, Start]":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - costs nothing when off
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - as above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - as above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - as above
    from opentelemetry.trace import StatusCode  # noqa: PLC0415 - as above

    release = version(SERVICE)
    resource = Resource.create(
        {"service.name": SERVICE, "service.version": release, "sms_console.process": part}
    )
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=SEND_SECONDS))
    )
    tracer = provider.get_tracer(SERVICE, release)

    @contextmanager
    def start(name: str, attributes: dict[str, Value]) -> Iterator[Span]:
        with tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except BaseException as error:
                # Its text may quote what is somebody's; its name does not.
                span.set_status(StatusCode.ERROR, type(error).__name__)
                raise

    return provider, start
