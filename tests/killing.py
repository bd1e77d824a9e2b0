"""A server that is killed with -9 while it sends, and what is left when another has finished."""

import asyncio
import contextlib
import random
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from db import migrate
from db import simulator as ledger
from db.session import Database
from delivery.settings import DeliverySettings
from tests import counting, sending
from tests.serving import COMMAND, ROOT, environment, free_port

IN_FLIGHT = DeliverySettings().in_flight
PATIENCE = 120


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a task had come to after the last start."""

    messages: int
    """Message rows, one a recipient."""
    final: int
    """Messages in a final state."""
    accepted: int
    """Messages a carrier took."""
    submitted_twice: int
    """Submissions the carrier's own ledger counts beyond the first of each message."""
    lost_receipts: int
    """Accepted messages without the receipt the carrier sent."""
    counts_agree: bool
    """Whether task and statistics count what the messages say."""
    kills: int

    @property
    def bound(self) -> int:
        """The most that may have been submitted twice: what is in flight, for each kill."""
        return self.kills * IN_FLIGHT


def send_and_kill(folder: Path, messages: int, kills: int, seed: int) -> Aftermath:
    """Send a task of this size, kill the server so many times on the way, let the last finish."""
    variables = environment(folder, free_port(), simulator_delay_seconds="0.2")
    path = folder / "console.sqlite"
    migrate.upgrade(f"sqlite+aiosqlite:///{path}")
    task = asyncio.run(_prepare(path, messages))
    # Work is what carriers answered and what receipts moved, so kills fall upon both.
    chance = random.Random(seed)  # noqa: S311 - moments, not secrets
    moments = sorted(chance.uniform(0, 1.9 * messages) for _ in range(kills))
    for moment in moments:
        with _server(variables) as server:
            _await_progress(path, task, moment, server)
            time.sleep(chance.uniform(0, 0.05))
    with _server(variables) as server:
        _await_progress(path, task, None, server)
    return asyncio.run(_look(path, task, kills))


async def _prepare(path: Path, messages: int) -> int:
    database = Database(f"sqlite+aiosqlite:///{path}")
    now = datetime.now(UTC)
    await sending.add_account(database, now)
    task = await sending.add_task(database, now, sending.phones(messages))
    await database.close()
    return task


@contextlib.contextmanager
def _server(variables: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for the block; then it is killed, whatever it is doing."""
    with subprocess.Popen(
        [*COMMAND, "serve"],
        env=variables,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _await_progress(
    path: Path, task: int, moment: float | None, server: subprocess.Popen[bytes]
) -> None:
    """Wait until the task has come this far; None waits for its last receipt."""
    reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
    deadline = time.monotonic() + PATIENCE
    query = (
        "SELECT recipients, accepted + refused, accepted - delivered - failed, delivered + failed"
        " FROM bulk_task WHERE id = ?"
    )
    try:
        while time.monotonic() < deadline:
            if server.poll() is not None:
                raise RuntimeError(f"the server ended by itself: {server.returncode}")
            recipients, answered, awaited, received = reader.execute(query, (task,)).fetchone()
            if moment is None:
                if answered == recipients and not awaited:
                    return
            elif answered + received >= moment:
                return
            time.sleep(0.01)
    finally:
        reader.close()
    raise TimeoutError(f"the task did not come as far as {moment} within {PATIENCE} seconds")


async def _look(path: Path, task_id: int, kills: int) -> Aftermath:
    database = Database(f"sqlite+aiosqlite:///{path}")
    rows = await sending.messages(database)
    task = await sending.task_row(database, task_id)
    hours = (await counting.statistics(database)).values()
    # A run over the full hour counts in two of them.
    counts = tuple(map(sum, zip(*hours, strict=True)))
    by_state = await sending.states(database)
    async with database.read() as session:
        twice = await ledger.duplicates(session)
    await database.close()
    refused = by_state.get("refused", 0)
    delivered, failed = by_state.get("delivered", 0), by_state.get("failed", 0)
    accepted = len(rows) - refused
    agree = (task.accepted, task.refused, task.delivered, task.failed) == (
        accepted,
        refused,
        delivered,
        failed,
    ) and counts == (len(rows), accepted, accepted, delivered, failed)
    return Aftermath(
        messages=len({row.phone for row in rows}),
        final=sum(row.state.is_final for row in rows),
        accepted=accepted,
        submitted_twice=twice,
        lost_receipts=accepted - delivered - failed,
        counts_agree=agree,
        kills=kills,
    )
