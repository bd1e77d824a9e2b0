"""Whether a process lives, and whether it can take requests now."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from db import migrate
from db.migrate import Standing
from server.request import Console

ANSWER_SECONDS: Final = 5.0
KEPT_SECONDS: Final = 1.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Readiness:
    """Answers health checks; however often they come, the database is asked once a second."""

    console: Console
    _asked: float = field(default=float("-inf"), init=False)
    _answer: str | None = field(default=None, init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def problems(self) -> list[str]:
        """List what keeps this process from taking requests."""
        if self.console.ending.begun:
            return ["this process is ending"]
        told = [found for trouble in self.console.troubles if (found := trouble())]
        if told:
            return told
        async with self._turn:
            now = asyncio.get_running_loop().time()
            if now - self._asked >= KEPT_SECONDS:
                self._answer = await self._database()
                self._asked = now
        return [self._answer] if self._answer else []

    def degraded(self) -> list[str]:
        """List what is wrong although requests are answered.

        A policy file that is refused changes nothing: the last good ones stay in force. Were it a
        reason to take no requests, one bad file on a shared disk would stop every server at once.
        """
        problem = self.console.policies.problem
        return [f"policies: {problem}"] if problem else []

    async def healthz(self, _request: Request) -> Response:
        """Say whether this process works, and what is degraded."""
        problems = self.degraded()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.console.database.ping()
        except Exception as error:  # noqa: BLE001 - whatever the driver raises is the answer
            log.warning("health check: the database does not answer: %s", type(error).__name__)
            problems.append("database: no answer")
        return JSONResponse({"status": "degraded" if problems else "ok", "problems": problems})

    async def readyz(self, _request: Request) -> Response:
        """Say 200 when a balancer may send requests here, else 503 with why not."""
        problems = await self.problems()
        body = {"status": "not ready" if problems else "ready", "problems": problems}
        return JSONResponse(
            {**body, "degraded": self.degraded()}, status_code=503 if problems else 200
        )

    def routes(self) -> list[Route]:
        """List the paths that are answered."""
        return [Route("/healthz", self.healthz), Route("/readyz", self.readyz)]

    async def _database(self) -> str | None:
        try:
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                self.console.database.write() as session,
            ):
                standing = await migrate.standing_within(session)
        except Exception as error:  # noqa: BLE001 - whatever the driver raises is the answer
            log.warning("readiness: the database takes nothing: %s", type(error).__name__)
            return "database: it cannot be written to"
        if standing is Standing.OLDER:
            return "database: its tables are older than this version: run `sms-console migrate`"
        return None
