"""What happens to a bulk task at its time, and after its end (BLK-5, BLK-6)."""

from functools import partial
from typing import Final

from dbos import DBOS

from db import recipient, settlement, task
from delivery.step import Job, Tools, step

SOON: Final = 2.0  # seconds to the second look at messages that are still under way
SELDOM: Final = 600.0  # seconds between looks in the end: a lost message is given up after days


async def start_task(tools: Tools, job: Job) -> None:
    """Begin a scheduled task; the job is due at its time."""
    await step("begin", partial(_begin, tools, job))


async def settle_task(tools: Tools, job: Job) -> None:
    """Return what a stopped task did not need, as soon as no message of it is under way."""
    pause = SOON
    while not await step("settle", partial(_settle, tools, job)):
        await DBOS.sleep_async(pause)
        pause = min(2 * pause, SELDOM)


async def erase_task(tools: Tools, job: Job) -> None:
    """Remove a deleted draft with everything that hangs on it."""
    await step("erase", partial(_erase, tools, job))


async def _begin(tools: Tools, job: Job) -> None:
    async with tools.database.write() as session:
        await settlement.come_due(session, job.subject_id, tools.clock())


async def _settle(tools: Tools, job: Job) -> bool:
    async with tools.database.write() as session:
        return await settlement.finish(session, job.subject_id, tools.clock())


async def _erase(tools: Tools, job: Job) -> None:
    erased = 1
    while erased:
        async with tools.database.write() as session:
            erased = await recipient.erase(session, job.subject_id)
    async with tools.database.write() as session:
        row = await task.held(session, job.subject_id)
        key = row.file_key if row else None
    if key is not None:
        await tools.store.delete(key)
    async with tools.database.write() as session:
        await task.purge(session, job.subject_id)
