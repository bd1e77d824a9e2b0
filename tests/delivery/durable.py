"""A worker's durable part for tests; as a program, one that stands still where it is told to.

`python -m tests.delivery.durable DATABASE FILES AFTER` relays what is due and goes on until it is
killed; its check or import keeps AFTER batches, then waits for ever.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlmodel import col, select

from db import checking, customer_import, group_recipient, task
from db.checking import UploadedFile
from db.job import JobRow
from db.session import Database
from db.store import Store, new_key
from delivery.step import Tools
from delivery.workflows import Workflows
from domain.recipient import RecipientSource
from domain.task import TaskStatus
from domain.terms import Terms
from tests import bulk, filling
from tests.bulk import Parts
from tests.console import START, Clock
from tests.delivery.recipients import csv_file

ROOT = Path(__file__).parents[2]
HEADER = ["Mobile number", "Variable 1", "Variable 2"]
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Bench:
    """A database with an account, a store, and what a worker needs."""

    tools: Tools
    parts: Parts
    folder: Path

    @property
    def database(self) -> Database:
        """The database."""
        return self.tools.database

    @classmethod
    async def make(cls, database: Database, folder: Path, clock: Clock) -> "Bench":
        """Add an account with what a Mainland task needs, and 100 units."""
        owner = await bulk.add_account(database, START)
        await bulk.grant(database, owner.uin, 100, START)
        parts = await bulk.add_parts(database, owner.uin, START)
        tools = Tools(database, Store.open(folder / "files"), Terms(), clock)
        return cls(tools, parts, folder)

    def under(self, terms: Terms) -> "Bench":
        """Give the same bench under other settings."""
        return replace(self, tools=replace(self.tools, terms=terms))

    async def put(self, table: Iterable[Sequence[str]]) -> str:
        """Store a file; gives its key."""
        key = new_key("recipients", "")
        data = csv_file(self.folder / "list.csv", table).read_bytes()
        await self.tools.store.put(key, data, limit=len(data))
        return key

    async def upload(
        self, table: Iterable[Sequence[str]], parts: Parts | None = None
    ) -> tuple[int, str]:
        """Make a task whose file waits to be checked; gives the task and the file's key."""
        task_id = await bulk.add_task(self.database, parts or self.parts, START)
        key = await self.put(table)
        await bulk.begin(self.database, task_id, START, key)
        return task_id, key

    async def select(self, *group_ids: int, content: str = filling.PLAIN) -> int:
        """Make a task without variables whose groups wait to be copied; gives its id."""
        task_id = await self.plain_task(content)
        async with self.database.write() as session:
            row = await task.changing(session, self.parts.account_uin, task_id)
            found = await group_recipient.among(session, row.account_uin, group_ids)
            groups = [one for one in found if one is not None]
            await group_recipient.begin(session, row, groups, START)
        return task_id

    async def enter(self, *numbers: str) -> int:
        """Make a task without variables whose numbers wait to be checked; gives its id."""
        task_id, key = await self.plain_task(), new_key("recipients", "")
        data = orjson.dumps(list(enumerate(numbers, 1)))
        await self.tools.store.put(key, data, limit=len(data))
        async with self.database.write() as session:
            row = await task.changing(session, self.parts.account_uin, task_id)
            file = UploadedFile(key, "", len(data))
            await checking.begin(session, row, RecipientSource.NUMBERS, START, file)
        return task_id

    async def plain_task(self, content: str = filling.PLAIN) -> int:
        """Make a draft whose template has no variables; gives its id."""
        template_id = await filling.add_template(self.database, self.parts, START, content)
        return await bulk.add_task(self.database, self.parts, START, template_id=template_id)

    async def is_checked(self, task_id: int) -> bool:
        """Say whether a check has ended and its file is gone."""
        row = await bulk.task_of(self.database, task_id)
        return row.status is not TaskStatus.CHECKING and row.file_key is None

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Workflows]:
        """Run a worker's durable part."""
        workflows = Workflows(self.tools)
        await workflows.start()
        try:
            yield workflows
        finally:
            await workflows.stop()

    async def standing_worker(self, after: int) -> Process:
        """Start a worker in a process of its own, and wait until it stands still."""
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.delivery.durable"),
            self.database.url.render_as_string(hide_password=False),
            *(str(self.folder / "files"), str(after)),
            stdout=PIPE,
            cwd=ROOT,
        )
        assert worker.stdout is not None
        assert await asyncio.wait_for(worker.stdout.readline(), PATIENCE) == b"stands\n"
        return worker


def rows(count: int) -> Iterable[Sequence[str]]:
    """Give a table of that many good rows."""
    yield HEADER
    for number in range(count):
        yield f"138{number:08d}", f"A{number}", "Monday"


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until the database shows a condition; fails after half a minute."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - what another process did sets no event here
            await asyncio.sleep(0.02)


async def all_done(bench: Bench) -> bool:
    """Say whether no job is left."""
    async with bench.database.read() as session:
        query = select(JobRow.id).where(col(JobRow.finished_at).is_(None))
        return not (await session.exec(query)).all()


def stand_still(patch: pytest.MonkeyPatch, after: int) -> asyncio.Event:
    """Make what goes by batches wait for ever once it kept `after`; the event tells so."""
    stands = asyncio.Event()
    kept = 0

    def slow(store: Callable[..., Awaitable[bool]]) -> Callable[..., Awaitable[bool]]:
        async def standing(*given: Any, **named: Any) -> bool:
            nonlocal kept
            if kept == after:
                stands.set()
                await asyncio.Event().wait()
            kept += 1
            return await store(*given, **named)

        return standing

    for module in (checking, group_recipient, customer_import):
        patch.setattr(module, "store", slow(module.store))
    return stands


async def main(url: str, files: str, after: int) -> None:
    """Work on what is due, and stand still."""
    workflows = Workflows(Tools(Database(url), Store.open(files), Terms(), Clock()))
    with pytest.MonkeyPatch.context() as patch:
        stands = stand_still(patch, after)
        await workflows.start()
        await workflows.relay(START)
        await stands.wait()
        print("stands", flush=True)  # noqa: T201 - the test waits for this line
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
