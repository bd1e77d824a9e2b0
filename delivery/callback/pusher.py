"""The pusher: takes callbacks that have something to push, posts, and writes down what came of it.

Callbacks whose URL fails have a few places of their own, so that those that live never wait for
them; and what one URL takes its time for keeps one place at most.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from db import callback_outcome, callback_push
from db.callback_outcome import Outcome
from db.callback_push import Claim, Push, Turn
from db.session import Database
from db.vault import SealBroken, Vault
from delivery.loop import Loop, Wait, wait
from delivery.trace import span
from domain import callback_answer, callback_signature
from domain.callback import Sender

WORKING_AT_ONCE: Final = 32
FAILING_AT_ONCE: Final = 8
LEASE: Final = timedelta(seconds=60)
# A turn of many replies ends early when the URL is slow, long before its lease does.
TURN_SECONDS: Final = 10.0
GATHER_SECONDS: Final = 0.002  # several turns that end together are one transaction

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PusherSettings:
    """How a pusher works."""

    poll: timedelta = timedelta(seconds=1)
    """How often it looks for events nobody told it of."""
    working: int = WORKING_AT_ONCE
    """URLs pushed to at once."""
    failing: int = FAILING_AT_ONCE
    """URLs taken for dead that are tried at once, beside the others."""
    alone: bool = False
    """Whether no other worker pushes: what a killed one held is taken back at once."""


class Pusher(Loop):
    """A loop whose steps record what is done and start what is due; posts go on meanwhile."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a pusher works with
        self,
        database: Database,
        vault: Vault,
        send: Sender,
        clock: Callable[[], datetime],
        settings: PusherSettings,
        wait: Wait = wait,
    ) -> None:
        """Push nothing before `run`."""
        super().__init__("the pusher", self.step, wait, gap=GATHER_SECONDS)
        self._database = database
        self._vault = vault
        self._send = send
        self._clock = clock
        self._settings = settings
        self._token = secrets.token_hex(8)
        self._claims = 0
        self._turns: dict[asyncio.Task[None], bool] = {}
        self._done: list[Outcome] = []
        self._ending = False

    @property
    def busy(self) -> int:
        """How many URLs are pushed to, or were and it is not written down yet."""
        return len(self._turns) + len(self._done)

    async def run(self) -> None:
        """Go on until stopped, then finish what is under way; cancelled, leave it to others."""
        try:
            if self._settings.alone:
                async with self._database.write() as session:
                    await callback_push.release(session, self._clock())
            await super().run()
            self._ending = True
            if self._turns:
                await asyncio.wait(list(self._turns))
            await self._attempt()
        finally:
            for task in self._turns:
                task.cancel()

    async def step(self) -> float:
        """Record and start; gives in how many seconds to look again."""
        started = await self._settle()
        return 0 if started and self._room() else self._settings.poll.total_seconds()

    async def _settle(self) -> int:
        """Record what is done and start what is due, in one transaction; gives how many turns."""
        now = self._clock()
        working, failing = (0, 0) if self._ending else self._rooms()
        done, self._done = self._done, []
        if not done and not await self._is_due(now, working + failing):
            return 0
        self._claims += 1
        request = Claim(
            token=f"{self._token}-{self._claims}",
            working=working,
            failing=failing,
            now=now,
            lease=LEASE,
        )
        try:
            async with self._database.write() as session:
                for outcome in done:
                    await callback_outcome.record(session, outcome, now)
                turns = await callback_push.claim(session, request)
        except BaseException:
            self._done[:0] = done
            raise
        for turn in turns:
            task = asyncio.create_task(self._take(turn), name=f"callback {turn.callback_id}")
            self._turns[task] = turn.failing
            task.add_done_callback(self._turns.pop)
        return len(turns)

    def _rooms(self) -> tuple[int, int]:
        failing = sum(self._turns.values())
        working = len(self._turns) - failing
        return self._settings.working - working, self._settings.failing - failing

    def _room(self) -> bool:
        return self._rooms()[0] > 0

    async def _is_due(self, now: datetime, room: int) -> bool:
        if room <= 0:
            return False
        async with self._database.read() as session:
            return await callback_push.due(session, now)

    async def _take(self, turn: Turn) -> None:
        """Push one after the other, up to the first that fails."""
        begun = asyncio.get_running_loop().time()
        delivered: list[Push] = []
        failed, error = None, ""
        for push in turn.pushes:
            if delivered and asyncio.get_running_loop().time() - begun > TURN_SECONDS:
                break
            error = await self._push(turn, push)
            if error:
                failed = push
                break
            delivered.append(push)
        self._done.append(Outcome(turn, delivered, failed, error))
        self.wake()

    async def _push(self, turn: Turn, push: Push) -> str:
        now = self._clock()
        try:
            signers = turn.sealed.signers(self._vault, now)
        except SealBroken:
            return "the secret cannot be opened: replace it, or ask the operator for the key"
        headers = callback_signature.headers(push.webhook_id, push.body, now, signers)
        try:
            with span("callback push", callback=turn.callback_id):
                return callback_answer.problem(await self._send(turn.url, headers, push.body))
        except Exception as error:  # noqa: BLE001 - a fault of ours must not push without end
            log.error("a push failed: %s", type(error).__name__)  # noqa: TRY400 - its text may hold a phone number
            return "the push failed on our side"
