"""docs/server-api.md does what it says: its commands run against a real server (API-1)."""

import asyncio
import json
import re
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import uvicorn

from db import application
from db.session import Database
from db.vault import Vault
from domain import send_code
from domain.serial_no import message_id_of
from server.api.v5.endpoint import CALLS
from server.app import PACKAGED_POLICIES, create_app
from server.settings import Settings
from tests import requesting
from tests.bulk import Parts
from tests.console import KEY, Clock
from tests.requesting import UIN
from tests.serving import free_port

PAGE: Final = (Path(__file__).parents[2] / "docs" / "server-api.md").read_text(encoding="utf-8")
CHAPTER: Final = re.compile(r"^## With the AppKey$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
EXAMPLE: Final = re.compile(r"^```bash\n(.*?)^```\n+```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
APP_KEY: Final = "5f03a35d00ee52a21327ab048186a2c4"
START_SECONDS: Final = 20


def chapter() -> str:
    (found,) = CHAPTER.findall(PAGE)
    return str(found)


@pytest.fixture
async def parts(database: Database) -> Parts:
    """An account that can send, and the AppKey of its application."""
    parts = await requesting.add_sender(database)
    async with database.write() as session:
        row = await application.changing(session, UIN, parts.app_id)
        application.set_key(row, Vault(KEY), APP_KEY)
    return parts


@pytest.fixture
def base_url(database: Database, tmp_path: Path, clock: Clock, parts: Parts) -> Iterator[str]:
    """A server on the test's database, in a thread with an event loop of its own."""
    assert parts.app_id
    clock.now = datetime.now(UTC).replace(microsecond=0)
    settings = Settings(
        data=tmp_path,
        database_url=f"sqlite:///{database.url.database}",
        policies=PACKAGED_POLICIES,
        secret_key=b64encode(KEY).decode(),
    )
    port = free_port()
    app = create_app(settings, clock=clock)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.started
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


async def run(script: str, **variables: str) -> dict[str, Any]:
    """Run a command as a reader of the page does, and read what it prints."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", script, env={"PATH": "/usr/bin:/bin", **variables}, stdout=-1
    )
    printed, _ = await process.communicate()
    answer: dict[str, Any] = json.loads(printed)
    return answer


async def test_the_commands_print_what_the_page_shows(base_url: str, parts: Parts) -> None:
    examples = EXAMPLE.findall(chapter())
    assert len(examples) == 2
    for script, shown in examples:
        answer = await run(
            script,
            BASE_URL=base_url,
            APP_ID=str(parts.app_id),
            APP_KEY=APP_KEY,
            TEMPLATE_ID=str(parts.template_id),
        )
        expected = json.loads(shown)
        if "sid" in expected:
            assert message_id_of(answer.pop("sid")) == message_id_of(expected.pop("sid"))
        assert answer == expected


def test_the_page_names_every_path_and_no_other() -> None:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", chapter(), re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(CALLS)


def test_the_page_explains_every_number_a_send_may_answer() -> None:
    explained = set(re.findall(r"\b1\d{3}\b", chapter()))
    possible = {
        str(each.legacy)
        for each in send_code.send_codes().values()
        if each.code.startswith(("LimitExceeded.PhoneNumber", "UnauthorizedOperation.SdkApp"))
    }
    assert possible <= explained
