"""What a kill -9 costs: the one server is killed at ten random moments of a 20,000-message task.

Nothing may be lost; what was submitted twice is counted by the simulated carrier's own ledger and
must stay within the documented bound of what is in flight, for each kill.

    python benchmarks/crash.py [--quick] [--json]
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import Report, Row, read_options
from tests.killing import send_and_kill


def main() -> int:
    """Kill, count and judge."""
    options = read_options("What a kill -9 of the server costs a task that is being sent.")
    report = Report("kill -9 while a task is being sent", options)
    report.facts("sqlalchemy", "aiosqlite", "dbos")
    messages, kills = (3_000, 3) if options.quick else (20_000, 10)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        after = send_and_kill(Path(folder), messages, kills, seed=time.time_ns())
    report.add(Row(name="messages", value=after.messages, unit="recipients"))
    report.add(Row(name="kills", value=after.kills, unit="times"))
    report.add(Row(name="seconds in all", value=time.perf_counter() - started, unit="s"))
    lost = messages - after.final
    report.add(
        Row(name="without a final state", value=lost, unit="messages", goal="0", met=lost == 0)
    )
    report.add(
        Row(
            name="receipts lost",
            value=after.lost_receipts,
            unit="messages",
            goal="0",
            met=after.lost_receipts == 0,
        )
    )
    report.add(
        Row(
            name="task and statistics count what the messages say",
            value="yes" if after.counts_agree else "no",
            unit="",
            goal="yes",
            met=after.counts_agree,
        )
    )
    report.add(
        Row(
            name="submitted twice",
            value=after.submitted_twice,
            unit="messages",
            goal=f"at most {after.bound} ({after.kills} kills)",
            met=after.submitted_twice <= after.bound,
        )
    )
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
