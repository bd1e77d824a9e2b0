"""Dumps for tests: many records, the order of them, and the archive it became.

As a program, `python -m tests.dumping DATABASE FILES AFTER` works on what is due in parts of 4,000
rows, and stands still for ever when AFTER batches were read.
"""

import asyncio
import csv
import io
import sys
import zipfile
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy

from db import dump as dumps
from db import quota as quotas
from db.dump import DumpRow
from db.message import TABLE as MESSAGE
from db.session import Database
from db.store import Store
from delivery.export import part
from delivery.export.part import Part
from delivery.step import Tools
from delivery.workflows import BEAT, SILENCE, Workflows
from domain.dump import DumpKind, DumpStatus
from domain.message import MessageStatus
from domain.quota import DUMPS
from domain.region import Region, SmsType
from domain.terms import Terms
from tests import bulk
from tests.bulk import Parts
from tests.console import START, Clock
from tests.delivery.durable import PATIENCE, ROOT, until

PART_ROWS: Final = 4_000
HOUR: Final = timedelta(hours=1)


async def add_records(
    database: Database, parts: Parts, count: int, *, since: datetime = START, **changes: Any
) -> None:
    """Add delivered messages, a hundred a minute from `since` on; `params` is one of each."""
    params = changes.pop("params", None) or [f'["A{number}","Monday"]' for number in range(count)]
    columns: dict[str, Any] = {
        "account_uin": parts.account_uin,
        "app_id": parts.app_id,
        "template_id": parts.template_id,
        "signature_id": parts.signature_id,
        "region": parts.region,
        "sms_type": SmsType.REGULAR,
        "country": "CN",
        "characters": 30,
        "segments": 1,
        "state": MessageStatus.DELIVERED,
        "code": "DELIVRD",
        "attempts": 1,
        "urgent": False,
        **changes,
    }
    async with database.write() as session:
        connection = await session.connection()
        for begin in range(0, count, 10_000):
            rows = [
                {
                    **columns,
                    "phone": f"+86138{number:08d}",
                    "params": params[number],
                    "created_at": since + number // 100 * timedelta(minutes=1),
                    "submitted_at": since + number // 100 * timedelta(minutes=1),
                    "done_at": since + number // 100 * timedelta(minutes=1),
                }
                for number in range(begin, min(begin + 10_000, count))
            ]
            await connection.execute(sqlalchemy.insert(MESSAGE), rows)


@dataclass(frozen=True, slots=True)
class Bench:
    """A database with an account, a store, and what a worker needs."""

    tools: Tools
    parts: Parts
    folder: Path

    @classmethod
    async def make(cls, database: Database, folder: Path, clock: Clock, **terms: Any) -> "Bench":
        """Add an account with what messages need."""
        owner = await bulk.add_account(database, START)
        parts = await bulk.add_parts(database, owner.uin, START)
        tools = Tools(database, Store.open(folder / "files"), Terms(**terms), clock)
        return cls(tools, parts, folder)

    async def order(self, **changes: Any) -> int:
        """Order the Mainland records of ten days; gives the dump's id."""
        columns: dict[str, Any] = {
            "account_uin": self.parts.account_uin,
            "kind": DumpKind.RECORDS,
            "region": Region.MAINLAND,
            "start": START - timedelta(days=5),
            "end": START + timedelta(days=5),
            "created_at": START,
            "created_by": self.parts.account_uin,
            **changes,
        }
        async with self.tools.database.write() as session:
            assert await quotas.take(session, self.parts.account_uin, DUMPS)
            return (await dumps.order(session, DumpRow(**columns))).id

    async def row(self, dump_id: int) -> DumpRow:
        """Give a dump as it stands."""
        async with self.tools.database.read() as session:
            row = await dumps.get(session, dump_id)
        assert row is not None
        return row

    async def is_over(self, dump_id: int) -> bool:
        """Say whether the work on a dump has ended."""
        return (await self.row(dump_id)).status not in {DumpStatus.WAITING, DumpStatus.RUNNING}

    async def used(self) -> int:
        """Say how much of the quota is taken."""
        async with self.tools.database.read() as session:
            return await quotas.used(session, self.parts.account_uin, DUMPS)

    async def work(self, *dump_ids: int) -> None:
        """Work until dumps are over."""
        workflows = Workflows(self.tools)
        await workflows.start()
        try:
            await workflows.relay(START)
            for dump_id in dump_ids:
                await until(lambda dump_id=dump_id: self.is_over(dump_id))  # type: ignore[misc]  # - mypy knows no default of a lambda
            await until(self._idle)
        finally:
            await workflows.stop()

    async def take_over(self, dump_id: int) -> None:
        """Work on what a worker left that was killed, as soon as it is taken for dead."""
        workflows = Workflows(self.tools)
        await workflows.start()
        try:
            if not self.tools.database.is_sqlite:
                await workflows.relay(START + BEAT)
                await workflows.relay(START + SILENCE + BEAT)
            await until(lambda: self.is_over(dump_id))
            await until(self._idle)
        finally:
            await workflows.stop()

    async def _idle(self) -> bool:
        query = sqlalchemy.text("SELECT count(*) FROM job WHERE finished_at IS NULL")
        async with self.tools.database.read() as session:
            return not (await (await session.connection()).execute(query)).scalar_one()

    async def archive(self, dump_id: int) -> dict[str, list[list[str]]]:
        """Give the rows below the headings of each file of a ready dump."""
        row = await self.row(dump_id)
        assert row.key is not None
        data = await self.tools.store.get(row.key, limit=2**30)
        assert len(data) == row.size
        return read_archive(data)

    def left(self) -> list[Path]:
        """List the files of the store."""
        return [path for path in (self.folder / "files").rglob("*") if path.is_file()]

    async def standing_worker(self, after: int) -> Process:
        """Start a worker in a process of its own, and wait until it stands still."""
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.dumping"),
            self.tools.database.url.render_as_string(hide_password=False),
            *(str(self.folder / "files"), str(after)),
            stdout=PIPE,
            cwd=ROOT,
        )
        assert worker.stdout is not None
        assert await asyncio.wait_for(worker.stdout.readline(), PATIENCE) == b"stands\n"
        return worker


def read_archive(data: bytes) -> dict[str, list[list[str]]]:
    """Read the files of an archive, as a program does."""
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        return {name: _rows(opened.read(name)) for name in opened.namelist()}


def _rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))[1:]


def phones(files: dict[str, list[list[str]]]) -> list[str]:
    """Give the numbers of all rows, in order."""
    return [row[1] for rows in files.values() for row in rows]


def expected(count: int) -> Sequence[str]:
    """Give the numbers that `add_records` added, newest first."""
    return [f"+86138{number:08d}" for number in reversed(range(count))]


def stand_still(patch: pytest.MonkeyPatch, after: int) -> tuple[asyncio.Event, asyncio.Event]:
    """Make dumps stand still once they read `after` batches of rows.

    The first event tells that they do, the second lets them go on.
    """
    following, stands, goes = Part._next, asyncio.Event(), asyncio.Event()  # noqa: SLF001 - between two reads, while no session is open
    read = 0

    async def slow(*given: Any) -> Any:
        nonlocal read
        if read == after:
            stands.set()
            await goes.wait()
        found = await following(*given)
        read += bool(found.rows)
        return found

    patch.setattr(Part, "_next", slow)
    return stands, goes


async def main(url: str, files: str, after: int) -> None:
    """Work on what is due, and stand still."""
    workflows = Workflows(Tools(Database(url), Store.open(files), Terms(), Clock()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(part, "PART_ROWS", PART_ROWS)
        stands, goes = stand_still(patch, after)
        await workflows.start()
        await workflows.relay(START)
        await stands.wait()
        print("stands", flush=True)  # noqa: T201 - the test waits for this line
        await goes.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
