"""A listener of its own for metrics and health, so that no public port shows operations."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Route

from server.app import Background
from server.metric import measuring, metrics
from server.readiness import Readiness
from server.request import Console
from server.serving import SideServer, side_config
from server.settings import PREFIX, Settings, SettingsError


def watching(settings: Settings, part: str) -> list[Background]:
    """Give what tells the operator of this process, as far as the settings ask for it.

    Its port is taken here, before anything begins; raises SettingsError when it is not to be had.
    """
    backgrounds = []
    if settings.traces_endpoint:
        from server.trace import tracing  # noqa: PLC0415 - costs nothing when off

        backgrounds.append(tracing(settings.traces_endpoint, part))
    if settings.metrics_listen:
        backgrounds.append(operations(_bind(settings.metrics_listen)))
    return backgrounds


def _bind(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), int(port)), family=family)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise SettingsError(
            f'{PREFIX}METRICS_LISTEN "{address}": {reason}; choose another port or host'
        ) from None


def operations(listener: socket.socket) -> Background:
    """Give what answers /metrics, /healthz and /readyz on a bound socket beside the real work."""

    @asynccontextmanager
    async def run(console: Console) -> AsyncIterator[None]:
        routes = [Route("/metrics", metrics), *Readiness(console).routes()]
        server = SideServer(side_config(Starlette(routes=routes)))
        async with measuring(console.database, console.clock):
            serving = asyncio.create_task(server.serve([listener]), name="operations")
            try:
                yield
            finally:
                server.should_exit = True
                await serving

    return run
