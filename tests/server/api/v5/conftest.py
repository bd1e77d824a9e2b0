"""A program that holds an AppKey, and the application it is of."""

import itertools
from typing import Any

import httpx2
import pytest

from db import application
from db.session import Database
from db.vault import Vault
from domain.region import Region
from server.api.v5.proof import signature
from tests import bulk, requesting
from tests.bulk import Parts
from tests.console import KEY, START, Clock
from tests.requesting import UIN

APP_KEY = "5f03a35d00ee52a21327ab048186a2c4"


class Program:
    """Signs requests as the SDK does, each with a random number of its own."""

    def __init__(self, http: httpx2.AsyncClient, clock: Clock, parts: Parts, other: Parts) -> None:
        self.http = http
        self.clock = clock
        self.parts = parts
        self.other = other
        """What Global messages are made of, of the same account."""
        self.key = APP_KEY
        self._random = itertools.count(100_000)

    def signed(self, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Give the query and the body of a request."""
        random, time = str(next(self._random)), int(self.clock.now.timestamp())
        tel = body.get("tel")
        mobiles = None
        if tel is not None:
            mobiles = [str(one["mobile"]) for one in (tel if isinstance(tel, list) else [tel])]
        sig = signature(self.key, random, time, mobiles)
        query = f"sdkappid={self.parts.app_id}&random={random}"
        return query, {"time": time, "sig": sig, **body}

    async def post(self, path: str, query: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post a request that is signed already."""
        answer = await self.http.post(f"/v5/tlssmssvr/{path}?{query}", json=body)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        read: dict[str, Any] = answer.json()
        assert {"result", "errmsg", "ext"} <= read.keys()
        return read

    async def ask(self, path: str, **body: Any) -> dict[str, Any]:
        """Post a request."""
        return await self.post(path, *self.signed(body))

    async def send(self, *mobiles: str, **changes: Any) -> dict[str, Any]:
        """Send to many numbers of Mainland China."""
        content = {"tpl_id": self.parts.template_id, "params": ["A1", "Monday"], **changes}
        tel = [{"nationcode": "86", "mobile": mobile} for mobile in mobiles]
        return await self.ask("sendmultisms2", tel=tel, **content)


@pytest.fixture
async def program(database: Database, http: httpx2.AsyncClient, clock: Clock) -> Program:
    """An account with 1,000 units, and a program with the AppKey of its application."""
    parts = await requesting.add_sender(database)
    other = await bulk.add_parts(database, UIN, START, Region.GLOBAL)
    async with database.write() as session:
        row = await application.changing(session, UIN, parts.app_id)
        application.set_key(row, Vault(KEY), APP_KEY)
    return Program(http, clock, parts, other)
