"""A server that answers real HTTP on the test's database, and an account that sends."""

import threading
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn

from server.api.rate import PUBLISHED
from server.app import PACKAGED_POLICIES, create_app
from server.settings import Settings
from tests import bulk, requesting
from tests.console import KEY, Console
from tests.server.api.v3.client import ALL, LIMITED, START_SECONDS, Api
from tests.server.api.v3.raw import Raw
from tests.server.api.v3.shop import Shop
from tests.serving import free_port


@pytest.fixture
def settings(console: Console, tmp_path: Path) -> Settings:
    """The server's settings: only one action can be called too often."""
    return Settings(
        data=tmp_path,
        database_url=f"sqlite:///{console.database.url.database}",
        policies=PACKAGED_POLICIES,
        secret_key=b64encode(KEY).decode(),
        api_rate=10_000,
        api_rates=",".join(f"{action}=10000" for action in PUBLISHED if action != LIMITED),
    )


@pytest.fixture
def api(console: Console, settings: Settings) -> Iterator[Api]:
    """A server on the test's database, in a thread with an event loop of its own."""
    console.clock.now = datetime.now(UTC).replace(microsecond=0)
    port = free_port()
    app = create_app(settings, clock=console.clock)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.started
    yield Api(console, port)
    server.should_exit = True
    thread.join()


@pytest.fixture
async def shop(api: Api) -> Shop:
    """A shop whose program may do everything with SMS."""
    account = await bulk.add_account(api.console.database, api.clock.now, requesting.UIN)
    granted = api.clock.now - timedelta(hours=1)
    await bulk.grant(api.console.database, account.uin, 1_000, granted)
    parts = await bulk.add_parts(api.console.database, account.uin, api.clock.now)
    return Shop(api, account, await api.sdk(account, ALL), parts)


@pytest.fixture
async def raw(api: Api) -> AsyncIterator[Raw]:
    """A client with the key of a sub-account that may do everything with SMS."""
    client = Raw(api, await api.pair(await api.user(await api.console.add_account(), ALL)))
    with client.http:
        yield client
