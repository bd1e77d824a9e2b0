"""Workers in processes of their own, on one PostgreSQL database, and what they leave behind.

As a program this is `sms-console`, which waits seconds where the product waits many, for what no
setting says.
"""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import httpx2
import psycopg
from prometheus_client.parser import text_string_to_metric_families

from db import migrate
from db import session as sessions
from db import simulator as ledger
from db.session import Database
from delivery import receipt_keeping
from server import cli
from tests import counting, sending
from tests.serving import ROOT, environment, free_port

LEASE_SECONDS: Final = 10
IN_FLIGHT: Final = 200
IDLE_SECONDS: Final = 2
KEEPING_SECONDS: Final = 1.0
PATIENCE: Final = 90.0
READY: Final = 200
HASTY: Final = (sys.executable, "-m", "tests.working")

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Worked:
    """What a task has come to."""

    messages: int
    """Recipients that have a message."""
    final: int
    """Those in a final state."""
    submitted_twice: int
    """Submissions beyond the first of each message, by the carrier's own ledger."""
    counts_agree: bool
    """Whether task and statistics count what the messages say."""


class Worker:
    """One process, and the port at which it is asked how it does."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process = process
        self._url = f"http://127.0.0.1:{port}"

    def is_ready(self) -> bool:
        """Ask whether it works."""
        if self.process.poll() is not None:
            raise RuntimeError(f"a worker ended by itself: {self.process.returncode}")
        try:
            return httpx2.get(f"{self._url}/readyz").status_code == READY
        except httpx2.TransportError:
            return False

    def submitted(self) -> int:
        """Ask how many messages it has submitted."""
        scrape = httpx2.get(f"{self._url}/metrics", timeout=30).text
        return sum(
            int(sample.value)
            for family in text_string_to_metric_families(scrape)
            for sample in family.samples
            if sample.name == "sms_console_submitted_total"
        )

    def freeze(self) -> None:
        """Let it see and do nothing, as one whose machine stands still."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on as if nothing had been."""
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Ask it to end."""
        self.process.terminate()

    def ended(self, within: float) -> int:
        """Wait until it has, and give its exit code."""
        return self.process.wait(within)


class Crew:
    """Some workers on one database."""

    def __init__(self, url: str, workers: list[Worker]) -> None:
        self.workers = workers
        self._url = url

    def add_task(self, messages: int, first: int) -> int:
        """Let a task be sending to so many numbers."""

        async def add(database: Database) -> int:
            numbers = sending.phones(messages, first)
            return await sending.add_task(database, datetime.now(UTC), numbers)

        return run(self._url, add)

    def await_answers(self, task_id: int, number: int) -> None:
        """Wait until so many messages of a task have an answer."""
        query = "SELECT accepted + refused FROM bulk_task WHERE id = %s"
        self._await(query, task_id, number)

    def await_receipts(self, task_id: int, number: int) -> None:
        """Wait until so many messages of a task have come to their end."""
        query = "SELECT delivered + failed + refused FROM bulk_task WHERE id = %s"
        self._await(query, task_id, number)

    def _await(self, query: str, task_id: int, number: int) -> None:
        deadline = time.monotonic() + PATIENCE
        with psycopg.connect(self._url.replace("+psycopg", ""), autocommit=True) as connection:
            while time.monotonic() < deadline:
                row = connection.execute(query, (task_id,)).fetchone()
                if row is not None and row[0] >= number:
                    return
                time.sleep(0.02)
        raise TimeoutError(f"task {task_id} stands at {row}, not at {number}")

    def worked(self) -> Worked:
        """Look at everything that was sent."""
        return run(self._url, _look)

    def held(self) -> int:
        """Count messages that a worker holds."""
        return run(self._url, sending.states).get("claimed", 0)


async def _within(url: str, action: Callable[[Database], Awaitable[Made]]) -> Made:
    database = Database(url)
    try:
        return await action(database)
    finally:
        await database.close()


def run(url: str, action: Callable[[Database], Awaitable[Made]]) -> Made:
    """Do something with the database and leave it."""
    return asyncio.run(_within(url, action))


async def _look(database: Database) -> Worked:
    rows = await sending.messages(database)
    states = await sending.states(database)
    delivered, failed = states.get("delivered", 0), states.get("failed", 0)
    accepted = delivered + failed + states.get("submitted", 0)
    refused = states.get("refused", 0)
    tasks = [await sending.task_row(database, task) for task in {row.task_id or 0 for row in rows}]
    counted = [(one.accepted, one.refused, one.delivered, one.failed) for one in tasks]
    hours = (await counting.statistics(database)).values()
    # A run over the full hour counts in two of them.
    rolled_up = tuple(map(sum, zip(*hours, strict=True)))
    async with database.read() as session:
        twice = await ledger.duplicates(session)
    return Worked(
        messages=len({row.phone for row in rows}),
        final=sum(row.state.is_final for row in rows),
        submitted_twice=twice,
        counts_agree=tuple(map(sum, zip(*counted, strict=True)))
        == (accepted, refused, delivered, failed)
        and rolled_up == (accepted + refused, accepted, accepted, delivered, failed),
    )


@contextmanager
def crew(folder: Path, url: str, number: int) -> Iterator[Crew]:
    """Migrate a database, add an account to it, and let workers work on it during the block."""
    migrate.upgrade(url)
    run(url, lambda database: sending.add_account(database, datetime.now(UTC)))
    plain = url.replace("+psycopg", "")
    with ExitStack() as stack:
        workers = [stack.enter_context(_worker(folder, plain, free_port())) for _ in range(number)]
        deadline = time.monotonic() + PATIENCE
        while not all(worker.is_ready() for worker in workers):
            if time.monotonic() > deadline:
                raise TimeoutError("the workers were not ready in time")
            time.sleep(0.05)
        yield Crew(url, workers)


@contextmanager
def _worker(folder: Path, url: str, port: int) -> Iterator[Worker]:
    variables = environment(
        folder,
        port,
        database_url=url,
        metrics_listen=str(port),
        log_level="warning",
        lease_seconds=str(LEASE_SECONDS),
        in_flight=str(IN_FLIGHT),
        claim_batch=str(IN_FLIGHT // 2),
    )
    command = [*HASTY, "worker"]
    with subprocess.Popen(command, env=variables, cwd=ROOT) as process:
        try:
            yield Worker(process, port)
        finally:
            process.kill()


def main() -> None:
    """Do what `sms-console` does, in less time."""
    sessions.IDLE_SECONDS = IDLE_SECONDS  # type: ignore[misc]  # - only here
    receipt_keeping.PAUSE = KEEPING_SECONDS  # type: ignore[misc]  # - only here
    cli.app()


if __name__ == "__main__":
    main()
