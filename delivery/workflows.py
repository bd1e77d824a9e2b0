"""Durable work: jobs that transactions asked for become DBOS workflows, and survive any crash.

docs/decisions/0004-durable-work.md says why it is done this way and what was measured.
"""

import asyncio
import fcntl
import logging
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from dbos import DBOS, DBOSConfig, SetWorkflowID

from db import job as jobs
from db import worker as workers
from db.job import JobKind, JobRow
from delivery.checking import check_recipients
from delivery.customer_import import erase_customer_group, import_customers
from delivery.dump import dump_records
from delivery.notification import notify
from delivery.scheduling import erase_task, settle_task, start_task
from delivery.step import Job, Tools, step

NAME: Final = "sms-console"
# Workflows are taken up again by any later release, so the number changes only when the steps of
# a running one could no longer be followed.
VERSION: Final = "1"
RELAYED_AT_ONCE: Final = 100
BEAT: Final = timedelta(seconds=10)
SILENCE: Final = timedelta(seconds=60)
KEPT: Final = timedelta(days=7)
FORGET_EVERY: Final = timedelta(minutes=10)
THREADS: Final = 16
RECOVERIES: Final = 1_000  # restarts a workflow may see; DBOS gives up after a hundred otherwise
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)

Workflow = Callable[[int, str, int], Coroutine[Any, Any, None]]
Handler = Callable[[Tools, Job], Awaitable[None]]
HANDLERS: Final[Mapping[JobKind, Handler]] = {
    JobKind.CHECK_RECIPIENTS: check_recipients,
    JobKind.START_TASK: start_task,
    JobKind.SETTLE_TASK: settle_task,
    JobKind.ERASE_TASK: erase_task,
    JobKind.NOTIFY: notify,
    JobKind.IMPORT_CUSTOMERS: import_customers,
    JobKind.ERASE_CUSTOMER_GROUP: erase_customer_group,
    JobKind.DUMP_RECORDS: dump_records,
}
# Checks have a queue of their own: each may take a gigabyte and minutes, and nothing waits behind.
CHECKS: Final = "checks"
TASKS: Final = "tasks"
# So do notifications: each may wait for a mail server that does not answer.
NOTICES: Final = "notices"
# And dumps: each may take an hour.
DUMPS: Final = "dumps"
AT_ONCE: Final[Mapping[str, int]] = {CHECKS: 2, TASKS: 32, NOTICES: 8, DUMPS: 2}
QUEUES: Final[Mapping[JobKind, str]] = {
    JobKind.CHECK_RECIPIENTS: CHECKS,
    JobKind.IMPORT_CUSTOMERS: CHECKS,
    JobKind.NOTIFY: NOTICES,
    JobKind.DUMP_RECORDS: DUMPS,
}
POLL_SECONDS: Final = 0.25

log = logging.getLogger(__name__)


class WorkerRunsError(Exception):
    """Another worker has this SQLite database; PostgreSQL takes several."""


class Workflows:
    """Starts what is due, and takes up what a dead process left. One a process."""

    def __init__(self, tools: Tools) -> None:
        """Prepare; nothing runs before `start`."""
        self._tools = tools
        self._sqlite = tools.database.is_sqlite
        # The only worker of a SQLite file is always the same one, so it finds its work at once.
        self._worker_id = "local" if self._sqlite else f"{socket.gethostname()}-{_random()}"
        self._lock: int | None = None
        self._stopping = False
        self._running: set[asyncio.Task[object]] = set()
        self._beaten_at = self._forgotten_at = LONG_AGO

    async def start(self) -> None:
        """Open DBOS and take up what was running; raises WorkerRunsError on a busy SQLite file."""
        if self._sqlite:
            self._lock = _lock(Path(f"{self._database_path}.worker"))
        # Otherwise DBOS writes to standard error by itself, past this product's settings.
        logging.getLogger("dbos").addHandler(logging.NullHandler())
        DBOS(config=self._config())
        self._workflow = self._register()
        # On this thread, because DBOS runs workflows on the event loop it is launched from.
        DBOS.launch()
        for name, at_once in AT_ONCE.items():
            await DBOS.register_queue_async(
                name, worker_concurrency=at_once, polling_interval_sec=POLL_SECONDS
            )
        if not self._sqlite:
            await self._beat(self._tools.clock())

    async def relay(self, now: datetime) -> int:
        """Start the workflows of jobs that are due, and give their number.

        It can be called by every worker at once, and after any crash: a workflow is named by its
        job, and DBOS makes one of each name.
        """
        async with self._tools.database.read() as session:
            due = await jobs.due(session, now, RELAYED_AT_ONCE)
        for row in due:
            await self._enqueue(row)
        if due:
            async with self._tools.database.write() as session:
                await jobs.started(session, [row.id for row in due], now)
        if not self._sqlite and now - self._beaten_at >= BEAT:
            await self._beat(now)
            await self._take_over(now)
        if now - self._forgotten_at >= FORGET_EVERY:
            await self._forget(now)
        return len(due)

    async def stop(self) -> None:
        """Leave what is running where it stands, for the next start or for another worker."""
        self._stopping = True
        await self._interrupt()
        # DBOS lent the loop its threads and is about to take them back.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        await self._interrupt()
        if not self._sqlite:
            async with self._tools.database.write() as session:
                await workers.beat(session, self._worker_id, LONG_AGO)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _register(self) -> Workflow:
        @DBOS.workflow(name="job", max_recovery_attempts=RECOVERIES)
        async def run(job_id: int, kind: str, subject_id: int) -> None:
            await self._run(job_id, kind, subject_id)

        return run

    async def _run(self, job_id: int, kind: str, subject_id: int) -> None:
        current = asyncio.current_task()
        if self._stopping or current is None:
            raise asyncio.CancelledError
        self._running.add(current)
        try:
            await HANDLERS[JobKind(kind)](self._tools, Job(job_id, subject_id))
            await step("done", lambda: self._done(job_id))
        finally:
            self._running.discard(current)

    async def _done(self, job_id: int) -> None:
        async with self._tools.database.write() as session:
            await jobs.finished(session, job_id, self._tools.clock())

    async def _enqueue(self, row: JobRow) -> None:
        queue = QUEUES.get(row.kind, TASKS)
        with SetWorkflowID(_workflow_id(row.id)):
            await DBOS.enqueue_workflow_async(
                queue, self._workflow, row.id, row.kind.value, row.subject_id
            )

    async def _interrupt(self) -> None:
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _beat(self, now: datetime) -> None:
        async with self._tools.database.write() as session:
            await workers.beat(session, self._worker_id, now)
        self._beaten_at = now

    async def _take_over(self, now: datetime) -> None:
        """Put what a silent worker was doing back into its queue, for anybody."""
        async with self._tools.database.read() as session:
            silent = await workers.silent(session, now - SILENCE)
        for row in silent:
            async with self._tools.database.write() as session:
                if not await workers.take_over(session, row, now):
                    continue
            left = await DBOS.list_workflows_async(
                status="PENDING", executor_id=row.id, load_input=False, load_output=False
            )
            for queue in AT_ONCE:
                ids = [found.workflow_id for found in left if found.queue_name == queue]
                if ids:
                    await DBOS.resume_workflows_async(ids, queue_name=queue)
            log.warning("took over %d workflows of the silent worker %s", len(left), row.id)
            async with self._tools.database.write() as session:
                await workers.remove(session, row.id)

    async def _forget(self, now: datetime) -> None:
        self._forgotten_at = now
        async with self._tools.database.write() as session:
            ids = await jobs.forget(session, now - KEPT, RELAYED_AT_ONCE)
        if ids:
            await DBOS.delete_workflows_async([_workflow_id(job_id) for job_id in ids])

    @property
    def _database_path(self) -> str:
        return self._tools.database.url.database or ""

    def _config(self) -> DBOSConfig:
        url = self._tools.database.url
        if self._sqlite:
            place = f"sqlite:///{Path(self._database_path).with_suffix('.workflows.sqlite')}"
        else:
            place = url.set(drivername="postgresql").render_as_string(hide_password=False)
        return DBOSConfig(
            name=NAME,
            system_database_url=place,
            dbos_system_schema="dbos",
            application_version=VERSION,
            executor_id=self._worker_id,
            max_executor_threads=THREADS,
            log_level="WARNING",
        )


def _workflow_id(job_id: int) -> str:
    return f"job-{job_id}"


def _random() -> str:
    return secrets.token_hex(6)


def check_free(database_url: str) -> None:
    """Raise WorkerRunsError while another worker has this SQLite file; PostgreSQL takes several."""
    kind, _, path = database_url.partition(":///")
    if kind.startswith("sqlite"):
        os.close(_lock(Path(f"{path}.worker")))


def _lock(path: Path) -> int:
    # The system drops the lock with the process, however that ends.
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise WorkerRunsError(
            f'another worker runs on "{path.name.removesuffix(".worker")}": stop it, '
            "or use PostgreSQL, which takes several"
        ) from None
    return handle
