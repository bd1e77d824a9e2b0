"""The ASGI application: routes, and what the process opens at start and closes at the end."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import policies
from db import carrier
from db.session import Database
from db.store import Store
from db.vault import Vault
from delivery.callback.sender import HttpSender
from graph.authority import Authorities
from policies.live import PolicyDirectory
from server import download, form
from server.api.rate import RateLimit, rates
from server.api.v3 import endpoint as api_v3
from server.api.v5 import endpoint as api_v5
from server.bounds import BodyBounds
from server.credentials import PATH as CREDENTIALS
from server.credentials import credentials_file
from server.export import Exports
from server.graphql import STATIC, Endpoint, static_file
from server.readiness import Readiness
from server.redirect import Redirect
from server.request import Console
from server.settings import Settings

log = logging.getLogger(__name__)

POLICY_SECONDS: Final = 0.5
PACKAGED_POLICIES: Final = Path(policies.__file__).parent

Background = Callable[[Console], AbstractAsyncContextManager[None]]


def utc_now() -> datetime:
    """Read the machine's clock: the one place that does."""
    return datetime.now(UTC)


class SafeHeaders:
    """Tells browsers not to guess types, frame pages or send our addresses elsewhere."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to whatever is answered."""

        async def safer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-content-type-options"] = "nosniff"
                headers["referrer-policy"] = "no-referrer"
                headers.setdefault("x-frame-options", "DENY")
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self.app(scope, receive, safer)


def create_console(
    settings: Settings, directory: PolicyDirectory, clock: Callable[[], datetime] = utc_now
) -> Console:
    """Open what the process needs; nothing is connected yet."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Console(
        database=Database(settings.database),
        store=Store.open(settings.store_url or settings.data / "files"),
        vault=Vault(settings.key),
        policies=directory,
        authorities=Authorities(directory),
        terms=settings.terms,
        send=HttpSender(settings.terms.callback_networks),
        clock=clock,
    )


def create_app(
    settings: Settings,
    backgrounds: Sequence[Background] = (),
    clock: Callable[[], datetime] = utc_now,
) -> Starlette:
    """Put the application together; `backgrounds` run beside it for as long as it serves."""
    directory = PolicyDirectory(settings.policies or PACKAGED_POLICIES)
    console = create_console(settings, directory, clock)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(console.database.close)
            stack.push_async_callback(console.send.close)
            async with console.database.write() as session:
                await carrier.ensure_default(session, clock())
            watcher = asyncio.create_task(_watch(directory), name="policy files")
            stack.callback(watcher.cancel)
            for background in backgrounds:
                await stack.enter_async_context(background(console))
            yield

    app = Starlette(
        routes=routes(Readiness(console), Redirect(console)),
        middleware=[
            Middleware(SafeHeaders),
            Middleware(BodyBounds, upload_bytes=settings.terms.recipient_file_bytes),
        ],
        lifespan=lifespan,
    )
    app.state.console = console
    app.state.rates = RateLimit(settings.api_rate, rates(settings.api_rates))
    return app


def routes(readiness: Readiness, redirect: Redirect) -> list[BaseRoute]:
    """List every path this server answers."""
    return [
        Route("/graphql", Endpoint()),
        Route(f"{STATIC}/{{name:path}}", static_file),
        Route(CREDENTIALS, credentials_file),
        *api_v3.routes(),
        *api_v5.routes(),
        *readiness.routes(),
        *redirect.routes(),
        *download.routes(),
        *Exports().routes(),
        *form.routes(),
    ]


async def _watch(directory: PolicyDirectory) -> None:
    # Two looks in a row have to agree, so that no half-written save is taken: a second in all.
    while True:
        await asyncio.sleep(POLICY_SECONDS)
        before = directory.problem
        if await asyncio.to_thread(directory.refresh):
            log.info("policy files are in force as of version %s", directory.version)
        if directory.problem and directory.problem != before:
            log.error("policy files refused, the last good ones stay: %s", directory.problem)
