"""How much waits to be sent, in answers that cost the same however much that is."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.kept_receipt import KeptReceiptRow
from db.message import SINGLE
from db.message import TABLE as MESSAGE
from db.task import BulkTaskRow
from domain.task import TaskStatus

TASKS_MOST: Final = 10_000
ROWS_MOST: Final = 10_000

_TASK: Final = BulkTaskRow.metadata.tables["bulk_task"]
_KEPT: Final = KeptReceiptRow.metadata.tables["kept_receipt"]


class Depth(NamedTuple):
    """How many messages wait to be answered by a carrier, and since when the oldest does."""

    messages: int
    since: datetime | None


async def bulk(session: AsyncSession) -> Depth:
    """Add up the tasks that send, at most `TASKS_MOST`: they count their own messages.

    A message waits since its task has been sending.
    """
    left = _TASK.c.recipients - _TASK.c.accepted - _TASK.c.refused
    query = select(left.label("left"), _TASK.c.started_at)
    sending = query.where(_TASK.c.status == TaskStatus.SENDING, left > 0)
    tasks = sending.limit(TASKS_MOST).subquery()
    total = func.coalesce(func.sum(tasks.c.left), 0)
    found = await (await session.connection()).execute(select(total, func.min(tasks.c.started_at)))
    messages, since = found.one()
    return Depth(int(messages), since)


async def singles(session: AsyncSession) -> Depth:
    """Count queued single messages, at most `ROWS_MOST`."""
    rows = select(MESSAGE.c.created_at).where(SINGLE).limit(ROWS_MOST).subquery()
    query = select(func.count(), func.min(rows.c.created_at))
    return Depth(*(await (await session.connection()).execute(query)).one())


async def kept_receipts(session: AsyncSession) -> int:
    """Count receipts that no message is known for (yet), at most `ROWS_MOST`."""
    rows = select(_KEPT.c.reference).limit(ROWS_MOST).subquery()
    counted = await (await session.connection()).execute(select(func.count()).select_from(rows))
    return int(counted.scalar_one())
