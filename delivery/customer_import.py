"""Importing customers from a form (CUS-1), and erasing groups that were deleted (CUS-4).

An import commits as it goes: each batch raises its `rows_seen` in its own transaction. A worker
that dies in the middle costs at most one batch, which the next one reads again.
"""

import logging
from contextlib import aclosing
from functools import partial
from typing import Final

from db import customer, customer_group, customer_import
from db.checking import Progress
from db.customer_import import Work
from delivery.reading import Reading, bounds_of, read_whole
from delivery.recipient_file.check import NumberPlan, check
from delivery.step import Job, Tools, step
from domain.errors import Code, Refused

_OUR_FAULT: Final = "the form could not be read, through no fault of it: import it again"
_LOST: Final = "the uploaded form is gone from the store: import it again"

log = logging.getLogger(__name__)


async def import_customers(tools: Tools, job: Job) -> None:
    """Add the numbers of a form to its group, and say on the import how that ended."""
    try:
        reading = await step("read", partial(read_whole, partial(_read, tools, job.subject_id)))
    except Exception:
        log.exception("job %s: import %s of customers failed", job.id, job.subject_id)
        reading = Reading(whole=True, problem=_OUR_FAULT)
    if reading.whole:
        await step("finish", partial(_finish, tools, job.subject_id, reading.problem))
    await step("tidy", partial(_tidy, tools, job.subject_id))


async def erase_customer_group(tools: Tools, job: Job) -> None:
    """Remove a deleted group, its customers first."""
    await step("erase", partial(_erase, tools, job.subject_id))


async def _read(tools: Tools, import_id: int) -> bool:
    """Keep what is left of the form; False when the import was overtaken."""
    async with tools.database.read() as session:
        work = await customer_import.work(session, import_id)
    if work is None:
        return False
    try:
        return await _store_batches(tools, import_id, work)
    except FileNotFoundError:
        raise Refused.one(Code.NOT_FOUND, _LOST) from None


async def _store_batches(tools: Tools, import_id: int, work: Work) -> bool:
    seen = work.rows_seen
    async with tools.store.path(work.file_key) as path:
        batches = check(NumberPlan(path, bounds_of(tools.terms)), skip_rows=seen)
        async with aclosing(batches):
            async for batch in batches:
                async with tools.database.write() as session:
                    kept = await customer_import.store(
                        session,
                        import_id,
                        batch,
                        before=seen,
                        progress=Progress(batch.rows_seen, batch.rows_total),
                        now=tools.clock(),
                    )
                if not kept:
                    return False
                seen = batch.rows_seen
    return True


async def _finish(tools: Tools, import_id: int, problem: str | None) -> None:
    async with tools.database.write() as session:
        await customer_import.finish(session, import_id, problem, tools.clock())


async def _tidy(tools: Tools, import_id: int) -> None:
    async with tools.database.read() as session:
        key = await customer_import.file_of(session, import_id)
    if key is not None:
        await tools.store.delete(key)
        async with tools.database.write() as session:
            await customer_import.forget_file(session, import_id)


async def _erase(tools: Tools, group_id: int) -> None:
    erased = 1
    while erased:
        async with tools.database.write() as session:
            erased = await customer.erase(session, group_id)
    async with tools.database.write() as session:
        await customer_group.purge(session, group_id)
