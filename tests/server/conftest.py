"""A server in the test's own process, spoken to over ASGI."""

from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from db.session import Database
from server.app import PACKAGED_POLICIES, create_app
from server.settings import Settings
from tests.console import KEY, Clock


@pytest.fixture
async def http(
    database: Database, tmp_path: Path, clock: Clock
) -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client of the real application on the test's database."""
    settings = Settings(
        data=tmp_path,
        database_url=f"sqlite:///{database.url.database}",
        policies=PACKAGED_POLICIES,
        secret_key=b64encode(KEY).decode(),
    )
    app = create_app(settings, clock=clock)
    transport = httpx2.ASGITransport(app=app, client=("192.0.2.7", 1234))
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://console.test") as client,
    ):
        yield client
