"""Members of customer groups become recipients of a bulk task, batch by batch (BLK-11)."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import checking, customer_group, task_group, task_number
from db.checking import Progress
from db.customer import Member
from db.customer_group import CustomerGroupRow
from db.task import BulkTaskRow
from db.task_group import TaskGroupRow
from domain import number
from domain.recipient import Found, RecipientSource, group_gone
from domain.segment import Measure


async def among(
    session: AsyncSession, owner: int, group_ids: Sequence[int]
) -> list[CustomerGroupRow | None]:
    """Find groups of this owner, each at its place; None for one that is not there."""
    query = select(CustomerGroupRow).where(
        CustomerGroupRow.account_uin == owner,
        col(CustomerGroupRow.id).in_(group_ids),
        col(CustomerGroupRow.deleted_at).is_(None),
    )
    found = {row.id: row for row in await session.exec(query)}
    return [found.get(group_id) for group_id in group_ids]


async def begin(
    session: AsyncSession, row: BulkTaskRow, groups: Sequence[CustomerGroupRow], now: datetime
) -> str | None:
    """Ask for the members of groups to be copied in place of what the task had; raises Refused.

    Gives the key of an earlier file that is still in the store, to be deleted after the commit.
    """
    replaced = await checking.begin(session, row, RecipientSource.GROUPS, now)
    row.rows_total = sum(group.members for group in groups)
    await task_group.add(session, row.id, groups)
    return replaced


async def store(  # noqa: PLR0913 - whose members, which, as what they are sent, and where
    session: AsyncSession,
    job_id: int,
    group: TaskGroupRow,
    members: Sequence[Member],
    *,
    before: int,
    size: Measure,
    is_last: bool,
    ends: bool,
    now: datetime,
) -> bool:
    """Keep the members of a group that follow the first `before` of all; False when overtaken.

    A number counts where it was met first, so one that stands in two groups is sent to once.
    `is_last` says that the group has no more members, `ends` that no group has. Raises Refused
    when the group was deleted.
    """
    row = await checking.current(session, group.task_id, job_id, before)
    if row is None:
        return False
    if await customer_group.owned(session, row.account_uin, group.group_id) is None:
        raise group_gone(group.name)
    seen = before + len(members)
    found = await _sort(session, row, group, members, before + 1, size)
    total = seen if ends else max(seen, row.rows_total)
    await checking.keep(session, row, found, Progress(seen, total), now)
    await task_group.advance(
        session,
        group,
        members=len(members),
        copied_to=members[-1].id if members else group.copied_to,
        is_whole=is_last,
    )
    return True


async def _sort(  # noqa: PLR0913, PLR0917 - whose members, which, as what they are sent, and where
    session: AsyncSession,
    row: BulkTaskRow,
    group: TaskGroupRow,
    members: Sequence[Member],
    first: int,
    size: Measure,
) -> Found:
    numbered = list(enumerate(members, first))
    fitting = {one.phone: place for place, one in numbered if one.region is row.region}
    known = await task_number.add(session, row.id, fitting)
    found = Found()
    for place, one in numbered:
        if one.region is not row.region:
            problem = number.elsewhere(one.phone, one.country, row.region)
            error = (place, group.name, problem.code, one.phone, problem.message)
            found.errors.append(error)
        elif one.phone in known:
            found.duplicates.append((place, known[one.phone], one.phone))
        else:
            found.recipients.append(
                (place, one.phone, one.country, [], size.characters, size.segments)
            )
    return found
