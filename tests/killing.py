"""Servers and workers that are killed with -9 while they send a task, until one may finish it.

On SQLite one server does all the work. On PostgreSQL two workers share it, and each time one of
them, whichever, is killed while the other goes on.
"""

import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from operator import eq, le
from pathlib import Path
from typing import Any, Final, Self

import sqlalchemy

from db import migrate
from db.session import Database
from domain.sandbox import ENDINGS
from domain.task import UnknownPolicy
from server.sending_settings import SendingSettings
from tests import aftermath, sending
from tests.aftermath import Aftermath
from tests.serving import COMMAND, ROOT, environment, free_port
from tests.working import HASTY, LEASE_SECONDS, Worker, run

IN_FLIGHT: Final[int] = SendingSettings.model_fields["in_flight"].default
PATIENCE: Final = 600.0
SEGMENTS: Final = 2
MAGIC_EACH: Final = 20
MAGIC: Final = ("9901", "9920", "9921")  # fails, is refused, is throttled first
AT_ONCE: Final = 0.0001  # hours

_DONE: Final = "SELECT accepted + refused + delivered + failed FROM bulk_task WHERE id = :task"
_OPEN: Final = (
    "SELECT count(*) FROM bulk_task"
    " WHERE id = :task AND (settled_at IS NULL OR accepted > delivered + failed)"
)
_TO_HEAR_OF: Final = (
    "SELECT count(*) FROM message"
    " LEFT JOIN simulated_submission ON reference = 'sim-' || message.id"
    " WHERE task_id = :task AND (state IN ('queued', 'waiting', 'claimed', 'submitted')"
    " OR state = 'unknown' AND times > 0)"
)
_UNSETTLED: Final = "SELECT count(*) FROM bulk_task WHERE id = :task AND settled_at IS NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordeal:
    """What is sent, and how often a process is killed on the way."""

    messages: int
    kills: int
    seed: int
    policy: UnknownPolicy = UnknownPolicy.RESEND
    in_flight: int = IN_FLIGHT
    hasty: bool = False
    """Whether processes wait seconds where the product waits many."""

    @property
    def bound(self) -> int:
        """The most that may be submitted twice: what is in flight, for each process killed."""
        return self.kills * self.in_flight if self.policy is UnknownPolicy.RESEND else 0

    def numbers(self) -> list[str]:
        """Give the recipients; every twentieth is one of those that carriers treat otherwise."""
        if not ENDINGS.keys() >= set(MAGIC):
            raise LookupError("the simulator has other magic endings")
        ordinary = sending.phones(self.messages)
        for place, row in enumerate(range(0, self.messages, MAGIC_EACH)):
            ordinary[row] = f"+86139{place:04d}{MAGIC[place % len(MAGIC)]}"
        return ordinary

    def moments(self, chance: random.Random) -> list[float]:
        """Draw the moments at which to kill, in answers and receipts so far.

        Kills fall upon both. A message nobody hears of has neither, so with WAIT, where as much as
        the bound of RESEND may stay so, the last moments are no part of the draw.
        """
        most = 1.9 if self.policy is UnknownPolicy.RESEND else 0.9
        return sorted(chance.uniform(0, most * self.messages) for _ in range(self.kills))


def send_and_kill(folder: Path, url: str, ordeal: Ordeal) -> Aftermath:
    """Send a task on an empty database, kill on the way, let the last finish, and look."""
    migrate.upgrade(url)
    task = run(url, lambda database: _prepare(database, ordeal))
    chance = random.Random(ordeal.seed)  # noqa: S311 - moments, not secrets
    with _Watch(url, task) as watch:
        with _workers(folder, url, ordeal) as workers:
            for moment in ordeal.moments(chance):
                watch.until(_DONE, partial(le, moment), workers)
                time.sleep(chance.uniform(0, 0.05))
                workers.kill_one(chance)
            waits = ordeal.policy is UnknownPolicy.WAIT
            watch.until(_TO_HEAR_OF if waits else _OPEN, partial(eq, 0), workers)
        if waits:
            # What nobody has heard of by now was never submitted: wait for it no longer.
            with _workers(folder, url, ordeal, receipt_hours=str(AT_ONCE)) as workers:
                watch.until(_UNSETTLED, partial(eq, 0), workers)
    return run(url, lambda database: aftermath.look(database, task, ordeal.messages))


async def _prepare(database: Database, ordeal: Ordeal) -> int:
    now = datetime.now(UTC)
    await sending.add_account(database, now)
    return await sending.add_task(
        database, now, ordeal.numbers(), segments=SEGMENTS, unknown_policy=ordeal.policy
    )


class _Workers:
    """The processes that are alive; one that is killed has a successor at once."""

    def __init__(self, start: Callable[[], Worker], number: int) -> None:
        self._start = start
        self._alive = [start() for _ in range(number)]

    def check(self) -> None:
        """Raise RuntimeError when one has ended by itself."""
        for worker in self._alive:
            if (code := worker.process.poll()) is not None:
                raise RuntimeError(f"a process ended by itself: {code}")

    def kill_one(self, chance: random.Random) -> None:
        """Kill one of those that work, as soon as any does."""
        deadline = time.monotonic() + PATIENCE
        while not (ready := [worker for worker in self._alive if worker.is_ready()]):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no process was ready within {PATIENCE} seconds")
            time.sleep(0.02)
        victim = chance.choice(ready)
        _kill(victim)
        self._alive[self._alive.index(victim)] = self._start()

    def kill_all(self) -> None:
        """Leave nothing running."""
        for worker in self._alive:
            _kill(worker)


def _kill(worker: Worker) -> None:
    worker.process.kill()
    worker.process.wait()


@contextmanager
def _workers(folder: Path, url: str, ordeal: Ordeal, **settings: str) -> Iterator[_Workers]:
    """Let one server, or two workers, work on the database during the block."""
    plain = url.replace("+aiosqlite", "").replace("+psycopg", "")
    alone = plain.startswith("sqlite")
    if ordeal.hasty:
        settings["lease_seconds"] = str(LEASE_SECONDS)

    def start() -> Worker:
        port = free_port()
        variables = environment(
            folder,
            port,
            database_url=plain,
            in_flight=str(ordeal.in_flight),
            simulator_delay_seconds="0.2",
            log_level="error",
            **settings,
            **({} if alone else {"metrics_listen": str(port)}),
        )
        command = [*(HASTY if ordeal.hasty else COMMAND), "serve" if alone else "worker"]
        return Worker(subprocess.Popen(command, env=variables, cwd=ROOT), port)

    workers = _Workers(start, 1 if alone else 2)
    try:
        yield workers
    finally:
        workers.kill_all()


class _Watch:
    """Asks the database how far a task has come."""

    def __init__(self, url: str, task: int) -> None:
        plain = url.replace("+aiosqlite", "")
        self._engine = sqlalchemy.create_engine(plain, isolation_level="AUTOCOMMIT")
        self._task = task

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    def until(self, query: str, holds: Callable[[Any], bool], workers: _Workers) -> None:
        """Wait until what a query counts is so."""
        deadline = time.monotonic() + PATIENCE
        statement = sqlalchemy.text(query)
        with self._engine.connect() as connection:
            while True:
                # A question that takes long is not asked at once again.
                asked = time.monotonic()
                count = connection.execute(statement, {"task": self._task}).scalar_one()
                if holds(count):
                    return
                if time.monotonic() > deadline:
                    raise TimeoutError(f"task {self._task} stands at {count}: {query}")
                workers.check()
                time.sleep(max(0.01, 3 * (time.monotonic() - asked)))
