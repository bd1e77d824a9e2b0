"""Checking the recipients of a bulk task (BLK-3): from a file, groups or numbers to message rows.

The check commits as it goes: each batch raises the task's `rows_seen` in its own transaction. A
worker that dies in the middle costs at most one batch, which the next one reads again.
"""

import logging
from contextlib import aclosing
from functools import partial
from typing import Final

from db import checking
from db.checking import Progress, Work
from delivery.entered_recipients import store_numbers
from delivery.group_recipients import store_members
from delivery.reading import Reading, bounds_of, read_whole
from delivery.recipient_file.check import check
from delivery.recipient_file.plan import CheckPlan
from delivery.step import Job, Tools, step
from domain.errors import Code, Refused
from domain.recipient import RecipientSource

_OUR_FAULT: Final = (
    "the recipients could not be checked, through no fault of theirs: upload, select or enter "
    "them again"
)
_LOST: Final = {
    RecipientSource.FILE: "the uploaded file is gone from the store: upload it again",
    RecipientSource.NUMBERS: "the numbers are gone from the store: enter them again",
}

log = logging.getLogger(__name__)


async def check_recipients(tools: Tools, job: Job) -> None:
    """Check what was given as a task's recipients, and say on the task how that ended."""
    try:
        await step("clear", partial(_clear, tools, job))
        reading = await step("read", partial(read_whole, partial(_read, tools, job)))
    except Exception:
        log.exception("job %s: checking the recipients of task %s failed", job.id, job.subject_id)
        reading = Reading(whole=True, problem=_OUR_FAULT)
    if reading.whole:
        await step("finish", partial(_finish, tools, job, reading.problem))
    await step("tidy", partial(_tidy, tools, job))


async def _clear(tools: Tools, job: Job) -> None:
    """Remove what an earlier source of the task left."""
    erased = 1
    while erased:
        async with tools.database.write() as session:
            erased = await checking.clear(session, job.subject_id, job.id)


async def _read(tools: Tools, job: Job) -> bool:
    """Keep what is left of the source; False when the check was overtaken."""
    async with tools.database.read() as session:
        work = await checking.work(session, job.subject_id, job.id)
    if work is None:
        return False
    try:
        return await _store(tools, job, work)
    except FileNotFoundError:
        raise Refused.one(Code.NOT_FOUND, _LOST[work.source]) from None


async def _store(tools: Tools, job: Job, work: Work) -> bool:
    if work.source is RecipientSource.GROUPS:
        return await store_members(tools, job, work)
    if work.source is RecipientSource.NUMBERS:
        return await store_numbers(tools, job, work)
    return await _store_file(tools, job, work)


async def _store_file(tools: Tools, job: Job, work: Work) -> bool:
    seen = work.rows_seen
    async with tools.store.path(work.file_key) as path:
        plan = CheckPlan(
            path=path,
            region=work.region,
            template=work.template,
            signature=work.signature,
            identity=work.identity,
            bounds=bounds_of(tools.terms),
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
    """Remove what nobody needs any more: recipients that were refused, the file, and so on."""
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
