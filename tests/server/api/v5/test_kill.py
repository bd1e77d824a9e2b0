"""A server that is killed in the middle of sends: what it answered is there, and paid for once."""

import asyncio
import itertools
import signal
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from db import application, migrate
from db.session import Database
from db.vault import Vault
from domain.message import MessageStatus
from domain.serial_no import message_id_of
from server.api.v5.proof import signature
from tests import requesting
from tests.bulk import Parts
from tests.console import KEY
from tests.requesting import kept, ledger
from tests.server.api.v5.conftest import APP_KEY
from tests.serving import environment, free_port, serving

CLIENTS = 4
BEFORE_THE_KILL = 60
UNITS = 100_000


async def test_what_was_answered_is_kept_and_paid_for_exactly_once(tmp_path: Path) -> None:
    """PKG-4: each answer is given after its commit, and a commit has all of it."""
    url = f"sqlite+aiosqlite:///{tmp_path}/console.sqlite"
    await asyncio.to_thread(migrate.upgrade, url)
    database = Database(url)
    parts = await prepare(database)
    await database.close()
    port = free_port()
    key = b64encode(KEY).decode()
    answered: list[str] = []
    random, mobile = itertools.count(1), itertools.count(13_900_000_000)
    with serving(environment(tmp_path, port, secret_key=key)) as process:

        async def client(http: httpx2.AsyncClient) -> None:
            while True:
                mobiles = [str(next(mobile)) for _ in range(5)]
                path, body = signed(parts, str(next(random)), mobiles)
                answer = (await http.post(path, json=body)).json()
                assert answer["result"] == 0, answer
                answered.extend(one["sid"] for one in answer["detail"])
                if len(answered) >= BEFORE_THE_KILL:
                    process.send_signal(signal.SIGKILL)

        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            ended = await asyncio.gather(
                *(client(http) for _ in range(CLIENTS)), return_exceptions=True
            )
    assert all(isinstance(each, httpx2.TransportError) for each in ended), ended
    database = Database(url)
    rows = await kept(database)
    paid = await ledger(database)
    await database.close()
    assert {message_id_of(sid) for sid in answered} <= {row.id for row in rows}
    assert len(answered) >= BEFORE_THE_KILL
    refused = {row.id for row in rows if row.state is MessageStatus.REFUSED}
    assert paid == {row.id: 0 if row.id in refused else row.segments for row in rows}


async def prepare(database: Database) -> Parts:
    """Add an account that can send, and the AppKey of its application."""
    parts = await requesting.add_sender(database, UNITS)
    async with database.write() as session:
        row = await application.changing(session, parts.account_uin, parts.app_id)
        application.set_key(row, Vault(KEY), APP_KEY)
    return parts


def signed(parts: Parts, random: str, mobiles: list[str]) -> tuple[str, dict[str, object]]:
    """Give path and body of a request by the machine's clock, which the server goes by."""
    now = int(datetime.now(UTC).timestamp())
    body = {
        "tel": [{"nationcode": "86", "mobile": each} for each in mobiles],
        "tpl_id": parts.template_id,
        "params": ["A1", "Monday"],
        "time": now,
        "sig": signature(APP_KEY, random, now, mobiles),
    }
    return f"/v5/tlssmssvr/sendmultisms2?sdkappid={parts.app_id}&random={random}", body
