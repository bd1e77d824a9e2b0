"""Filling a bulk task from customer groups (BLK-11): members become message rows, in batches.

Each batch commits with the place it ended at, so a worker that dies costs one batch at most, and
what is held in memory is one batch however many members there are.
"""

from typing import Final

from db import customer, group_recipient, task_group
from db.checking import Work
from db.task_group import TaskGroupRow
from delivery.step import Job, Tools
from domain.recipient import check_copied, one_text
from domain.segment import Measure

MEMBERS_AT_ONCE: Final = 5_000


async def store_members(tools: Tools, job: Job, work: Work) -> bool:
    """Keep what is left of the task's groups; False when overtaken.

    Raises Refused when the task cannot be filled from them at all.
    """
    size = one_text(work.template, work.signature, work.region, work.identity)
    async with tools.database.read() as session:
        groups = await task_group.of(session, [job.subject_id])
    left = [group for group in groups if not group.is_whole]
    seen: int | None = work.rows_seen
    for group in left:
        if seen is None:
            return False
        seen = await _store_group(tools, job, group, seen, size, ends=group is left[-1])
    return seen is not None


async def _store_group(  # noqa: PLR0913 - which group, as what, and where it stands among all
    tools: Tools, job: Job, group: TaskGroupRow, seen: int, size: Measure, *, ends: bool
) -> int | None:
    """Copy one group to its end; gives how many members are seen by then, None when overtaken."""
    after, is_last = group.copied_to, False
    while not is_last:
        async with tools.database.read() as session:
            members = await customer.batch(
                session, group.group_id, after=after, limit=MEMBERS_AT_ONCE
            )
        is_last = len(members) < MEMBERS_AT_ONCE
        check_copied(seen + len(members), tools.terms.recipient_rows)
        async with tools.database.write() as session:
            kept = await group_recipient.store(
                session,
                job.id,
                group,
                members,
                before=seen,
                size=size,
                is_last=is_last,
                ends=is_last and ends,
                now=tools.clock(),
            )
        if not kept:
            return None
        seen += len(members)
        after = members[-1].id if members else after
    return seen
