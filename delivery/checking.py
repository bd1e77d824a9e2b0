"""Checking the recipient file of a bulk task (BLK-3): from the stored file to message rows.

The check commits as it goes: each batch raises the task's `rows_seen` in its own transaction. A
worker that dies in the middle costs at most one batch, which the next one reads again.
"""

import logging
from contextlib import aclosing
from functools import partial
from typing import Final

from db import checking
from db.checking import Progress, Work
from delivery.recipient_file.bounds import Bounds, FileRefused
from delivery.recipient_file.check import check
from delivery.recipient_file.plan import CheckPlan
from delivery.step import Job, Tools, step

# A reader that was killed looks like a file that cannot be read: one more try tells them apart.
READERS: Final = 2
_OUR_FAULT: Final = "the file could not be checked, through no fault of it: upload it again"
_LOST: Final = "the uploaded file is gone from the store: upload it again"

log = logging.getLogger(__name__)


async def check_recipients(tools: Tools, job: Job) -> None:
    """Check what was uploaded for a task, and say on the task how that ended."""
    try:
        await step("clear", partial(_clear, tools, job))
        problem = await step("read", partial(_read, tools, job))
    except Exception:
        log.exception("job %s: checking the recipients of task %s failed", job.id, job.subject_id)
        problem = _OUR_FAULT
    await step("finish", partial(_finish, tools, job, problem))
    await step("tidy", partial(_tidy, tools, job))


async def _clear(tools: Tools, job: Job) -> None:
    """Remove what an earlier file of the task left."""
    erased = 1
    while erased:
        async with tools.database.write() as session:
            erased = await checking.clear(session, job.subject_id, job.id)


async def _read(tools: Tools, job: Job) -> str | None:
    """Read the file to its end; gives what is wrong with it as a whole."""
    for reader in range(1, READERS + 1):
        async with tools.database.read() as session:
            work = await checking.work(session, job.subject_id, job.id)
        if work is None:
            return None
        try:
            await _store_batches(tools, job, work)
        except FileRefused as refused:
            if reader == READERS:
                return refused.message
        except FileNotFoundError:
            return _LOST
        else:
            return None
    return None


async def _store_batches(tools: Tools, job: Job, work: Work) -> None:
    seen = work.rows_seen
    async with tools.store.path(work.file_key) as path:
        plan = CheckPlan(
            path=path,
            region=work.region,
            template=work.template,
            signature=work.signature,
            identity=work.identity,
            bounds=Bounds(
                file_bytes=tools.terms.recipient_file_bytes, rows=tools.terms.recipient_rows
            ),
        )
        batches = check(plan, skip_rows=seen)
        async with aclosing(batches):  # type: ignore[type-var]  # it is an async generator
            async for batch in batches:
                async with tools.database.write() as session:
                    kept = await checking.store(
                        session,
                        job.subject_id,
                        job.id,
                        batch,
                        before=seen,
                        progress=Progress(batch.rows_seen, batch.rows_total),
                        now=tools.clock(),
                    )
                if not kept:
                    return
                seen = batch.rows_seen


async def _finish(tools: Tools, job: Job, problem: str | None) -> None:
    async with tools.database.write() as session:
        await checking.finish(session, job.subject_id, job.id, problem)


async def _tidy(tools: Tools, job: Job) -> None:
    """Remove what nobody needs any more: recipients of a refused file, and the file itself."""
    erased = 1
    while erased:
        async with tools.database.write() as session:
            erased = await checking.discard(session, job.subject_id, job.id)
    async with tools.database.read() as session:
        key = await checking.file_of(session, job.subject_id, job.id)
    if key is not None:
        await tools.store.delete(key)
        async with tools.database.write() as session:
            await checking.forget_file(session, job.subject_id, key)
