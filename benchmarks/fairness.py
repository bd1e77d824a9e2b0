"""How long ten messages and single ones take while another account has 200,000 queued.

The peer is the same on an empty queue. All of it goes through one worker and one carrier that
takes 1,000 messages a second, on SQLite with synchronous=FULL.

    python benchmarks/fairness.py [--quick] [--million] [--json]
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy
from sqlmodel import SQLModel, col, func, select

sys.path.pop(0)  # this folder has a module of the name of one that Python has
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import db  # noqa: F401 - knows every table
from benchmarks.report import Report, Row, read_options
from db.message import MessageRow
from db.session import Database
from delivery.carriers.base import Answered, LiveState, Sink
from delivery.settings import DeliverySettings
from delivery.worker import Worker
from domain.carrier import Answer, Outgoing, Receipt, Verdict
from tests import sending

RATE = 1_000
WINDOW = 100
FEW = 10
BIG, SMALL = 12_345_678, 12_345_679
MOST_RATIO = 5
"""How many times longer a few may take beside a full queue than alone."""


def now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


class Metered:
    """A carrier that takes so many messages a second, a window of them at a time."""

    name = "simulator"

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._held = 0

    async def start(self, _sink: Sink, /) -> None:
        """Bring nothing."""

    async def stop(self) -> None:
        """Bring nothing."""

    def room(self) -> int:
        """Take no more than a window."""
        return max(0, WINDOW - self._held)

    async def submit(self, batch: Sequence[Outgoing], answered: Answered, /) -> None:
        """Answer one part after the other at the pace of the carrier."""
        self._held += len(batch)
        for start in range(0, len(batch), FEW):
            part = batch[start : start + FEW]
            async with self._turn:
                await asyncio.sleep(len(part) / RATE)
            self._held -= len(part)
            answered(
                [
                    Answer(one.message_id, Verdict.ACCEPTED, (f"ref-{one.message_id}",))
                    for one in part
                ]
            )

    async def query(self, _references: Sequence[str], /) -> Sequence[Receipt]:
        """Know nothing."""
        return ()

    def state(self) -> LiveState:
        """Be bound."""
        return LiveState(binds=1, binds_wanted=1, window=self._held, rate=RATE)


@asynccontextmanager
async def sending_worker(path: Path, queued: int) -> AsyncIterator[tuple[Database, Worker]]:
    """Run a worker that is busy with the first account's messages, if it has any."""
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    SQLModel.metadata.create_all(engine)
    engine.dispose()
    database = Database(f"sqlite+aiosqlite:///{path}")
    for uin in (BIG, SMALL):
        await sending.add_account(database, now(), uin=uin)
    if queued:
        await sending.add_task(database, now(), sending.phones(queued), uin=BIG)
    carrier = Metered()
    worker = Worker(database, lambda _row: carrier, None, now, DeliverySettings())
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(2)
    yield database, worker
    worker.stop()
    await running
    await database.close()


async def ten(database: Database, number: int) -> None:
    """Queue a small task of the second account."""
    first = sending.FIRST_PHONE + 1_000_000 + 100 * number
    await sending.add_task(database, now(), sending.phones(FEW, first), uin=SMALL)


async def singles(database: Database, number: int) -> None:
    """Queue single messages of the second account, as one-time passwords are."""
    first = sending.FIRST_PHONE + 2_000_000 + 100 * number
    async with database.write() as session:
        for phone in sending.phones(FEW, first):
            await sending.add_single(session, SMALL, now(), phone=phone, urgent=True)


async def to_the_last(
    database: Database,
    worker: Worker,
    queue: Callable[[Database, int], Awaitable[None]],
    rounds: int,
) -> float:
    """Queue a few, again and again; gives the median milliseconds until all were accepted."""
    query = select(func.count()).where(
        MessageRow.account_uin == SMALL, col(MessageRow.submitted_at).is_not(None)
    )
    taken = []
    for number in range(rounds):
        async with database.read() as session:
            before = (await session.exec(query)).one()
        await queue(database, number)
        started = time.perf_counter()
        worker.wake()
        accepted = before
        while accepted < before + FEW:
            await asyncio.sleep(0.01)
            async with database.read() as session:
                accepted = (await session.exec(query)).one()
        taken.append(1_000 * (time.perf_counter() - started))
    return sorted(taken)[rounds // 2]


async def measured(path: Path, queued: int, rounds: int) -> tuple[float, float]:
    """Give the milliseconds a small task, and single messages, take to the last."""
    async with sending_worker(path, queued) as (database, worker):
        return (
            await to_the_last(database, worker, ten, rounds),
            await to_the_last(database, worker, singles, rounds),
        )


def main() -> int:
    """Measure, print and judge."""
    flags = {"million": "queue a million messages of the other account instead of 200,000"}
    options = read_options("How long few messages take beside very many.", flags)
    report = Report(f"Fairness at a carrier of {RATE:,} messages a second", options)
    report.facts("sqlalchemy", "aiosqlite")
    queued = 1_000_000 if "million" in options.asked else 20_000 if options.quick else 200_000
    rounds = 5 if options.quick else 15
    with tempfile.TemporaryDirectory() as folder:
        alone = asyncio.run(measured(Path(folder) / "alone.sqlite", 0, rounds))
        beside = asyncio.run(measured(Path(folder) / "beside.sqlite", queued, rounds))
    names = (f"{FEW} messages of a task", f"{FEW} single messages")
    for name, one, other in zip(names, alone, beside, strict=True):
        peer = f"{name}, on an empty queue"
        report.add(Row(name=peer, value=one, unit="ms to the last"))
        report.add(
            Row(
                name=f"{name}, beside {queued:,} of another account",
                value=other,
                unit="ms to the last",
                peer=peer,
                ratio=one / other,
                goal=f"at most {MOST_RATIO} times as long",
                met=other <= MOST_RATIO * one,
            )
        )
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
