"""Checking the recipient file of a bulk task (BLK-3): from the stored file to message rows.

The check commits as it goes: each batch raises the task's `rows_seen` in its own transaction. A
worker that dies in the middle costs at most one batch, which the next one reads again.
"""

import logging
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Final

from db import checking
from db.checking import Progress, Work
from delivery.recipient_file.bounds import Bounds, FileRefused
from delivery.recipient_file.check import ReaderKilled, check
from delivery.recipient_file.plan import CheckPlan
from delivery.step import Job, Tools, step

# Whether a reader was killed for its file or for something else, one more try tells.
READERS: Final = 2
_OUR_FAULT: Final = "the file could not be checked, through no fault of it: upload it again"
_LOST: Final = "the uploaded file is gone from the store: upload it again"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """How reading a file ended: `whole` when nothing of it is left to be read, or worth it.

    Otherwise the task has moved on, or another worker is at it and will say how it ends.
    """

    whole: bool
    problem: str | None = None


async def check_recipients(tools: Tools, job: Job) -> None:
    """Check what was uploaded for a task, and say on the task how that ended."""
    try:
        await step("clear", partial(_clear, tools, job))
        reading = await step("read", partial(_read, tools, job))
    except Exception:
        log.exception("job %s: checking the recipients of task %s failed", job.id, job.subject_id)
        reading = Reading(whole=True, problem=_OUR_FAULT)
    if reading.whole:
        await step("finish", partial(_finish, tools, job, reading.problem))
    await step("tidy", partial(_tidy, tools, job))


async def _clear(tools: Tools, job: Job) -> None:
    """Remove what an earlier file of the task left."""
    erased = 1
    while erased:
        async with tools.database.write() as session:
            erased = await checking.clear(session, job.subject_id, job.id)


async def _read(tools: Tools, job: Job) -> Reading:
    """Read the file to its end, or to what is wrong with it as a whole."""
    problem = ""
    for _reader in range(READERS):
        async with tools.database.read() as session:
            work = await checking.work(session, job.subject_id, job.id)
        if work is None:
            return Reading(whole=False)
        try:
            return Reading(whole=await _store_batches(tools, job, work))
        except ReaderKilled as killed:
            problem = killed.message
        except FileRefused as refused:
            return Reading(whole=True, problem=refused.message)
        except FileNotFoundError:
            return Reading(whole=True, problem=_LOST)
    return Reading(whole=True, problem=problem)


async def _store_batches(tools: Tools, job: Job, work: Work) -> bool:
    """Keep what is left of the file; False when the check was overtaken."""
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
        async with aclosing(batches):
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
                    return False
                seen = batch.rows_seen
    return True


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
