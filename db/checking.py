"""How far the check of a task's recipients has come; a check that was overtaken writes nothing.

A workflow can be started twice, by a worker that was believed dead. So each write holds the task
and compares `check_job` and `rows_seen` with what the writer believes: the second one stops.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import job as jobs
from db import recipient, task, task_group, task_number
from db.account import AccountRow
from db.job import JobKind
from db.recipient import Batch
from db.signature import SignatureRow
from db.task import BulkTaskRow
from db.template import TemplateRow
from domain.recipient import RecipientSource, none_left
from domain.region import IdentityKind, Region
from domain.task import TaskEvent, TaskStatus


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """What was given in the store, `size` in bytes, and the name a file came with."""

    key: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Work:
    """What a check needs to know; `rows_seen` is where it goes on.

    Groups have no file: `file_key` is then empty.
    """

    source: RecipientSource
    file_key: str
    region: Region
    template: str
    signature: str | None
    identity: IdentityKind
    rows_seen: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Rows of the source that are done, and how many it has."""

    rows_seen: int
    rows_total: int


async def begin(
    session: AsyncSession,
    row: BulkTaskRow,
    source: RecipientSource,
    now: datetime,
    file: UploadedFile | None = None,
) -> str | None:
    """Ask for recipients to be checked in place of what the task had before; raises Refused.

    Gives the key of an earlier file that is still in the store, to be deleted after the commit.
    """
    task.move(row, TaskEvent.CHECK)
    before = row.file_key
    row.source = source
    row.file_key = file.key if file else None
    row.file_name = row.file_bytes = None
    if file and source is RecipientSource.FILE:
        row.file_name, row.file_bytes = file.name, file.size
    row.rows_seen = row.rows_total = row.recipients = row.rejected = row.duplicates = 0
    row.segments = row.characters = 0
    row.problem = None
    await task_group.clear(session, row.id)
    row.check_job = await jobs.add(session, JobKind.CHECK_RECIPIENTS, row.id, due_at=now, now=now)
    return before


async def work(session: AsyncSession, task_id: int, job_id: int) -> Work | None:
    """Say what is to be checked; None when the task has moved on."""
    query = select(BulkTaskRow, TemplateRow.content, AccountRow.identity).where(
        BulkTaskRow.id == task_id,
        BulkTaskRow.check_job == job_id,
        BulkTaskRow.status == TaskStatus.CHECKING,
        TemplateRow.id == BulkTaskRow.template_id,
        AccountRow.uin == BulkTaskRow.account_uin,
    )
    found = (await session.exec(query)).first()
    if found is None:
        return None
    row, template, identity = found
    if row.source is None or (row.file_key is None and row.source is not RecipientSource.GROUPS):
        return None
    signature = None
    if row.signature_id is not None:
        content = select(SignatureRow.content).where(SignatureRow.id == row.signature_id)
        signature = (await session.exec(content)).one()
    return Work(
        source=row.source,
        file_key=row.file_key or "",
        region=row.region,
        template=template,
        signature=signature,
        identity=IdentityKind(identity),
        rows_seen=row.rows_seen,
    )


async def clear(session: AsyncSession, task_id: int, job_id: int) -> int:
    """Delete some of what an earlier source left; 0 says that nothing is, or not ours to do."""
    row = await _ours(session, task_id, job_id)
    if row is None or row.rows_seen:
        return 0
    return await recipient.erase(session, task_id)


async def store(  # noqa: PLR0913 - whose batch, what it holds, and where it stands in the file
    session: AsyncSession,
    task_id: int,
    job_id: int,
    batch: Batch,
    *,
    before: int,
    progress: Progress,
    now: datetime,
) -> bool:
    """Keep the batch that follows row `before`; False when the check was overtaken."""
    row = await current(session, task_id, job_id, before)
    if row is None:
        return False
    await keep(session, row, batch, progress, now)
    return True


async def current(
    session: AsyncSession, task_id: int, job_id: int, before: int
) -> BulkTaskRow | None:
    """Hold a task whose check stands at row `before`; None when the check was overtaken."""
    row = await _ours(session, task_id, job_id)
    return row if row is not None and row.rows_seen == before else None


async def keep(
    session: AsyncSession, row: BulkTaskRow, batch: Batch, progress: Progress, now: datetime
) -> None:
    """Store a batch of a task that the caller holds, and count it."""
    await recipient.add(session, row, batch, now)
    row.rows_seen, row.rows_total = progress.rows_seen, progress.rows_total
    row.recipients += len(batch.recipients)
    row.rejected += len({number for number, *_ in batch.errors})
    row.duplicates += len(batch.duplicates)
    row.characters += sum(found[4] for found in batch.recipients)
    row.segments += sum(found[5] for found in batch.recipients)


async def finish(session: AsyncSession, task_id: int, job_id: int, problem: str | None) -> None:
    """End a check. With a problem the source is refused as a whole and no recipient counts."""
    row = await _ours(session, task_id, job_id)
    if row is None:
        return
    if not problem and not row.recipients:
        problem = none_left(row.source or RecipientSource.FILE, row.rows_seen)
    task.move(row, TaskEvent.REJECT if problem else TaskEvent.ACCEPT)
    row.problem = problem
    if problem:
        row.recipients = row.segments = row.characters = 0


async def discard(session: AsyncSession, task_id: int, job_id: int) -> int:
    """Delete some of what nobody needs after a check; 0 says that nothing is left.

    That is recipients of a source that was refused, and the numbers a copy of groups remembered.
    """
    row = await task.held(session, task_id)
    if row is None or row.check_job != job_id or row.status is TaskStatus.CHECKING:
        return 0
    if row.status is TaskStatus.DRAFT:
        return await recipient.erase(session, task_id, errors=False)
    return await task_number.erase(session, task_id)


async def _ours(session: AsyncSession, task_id: int, job_id: int) -> BulkTaskRow | None:
    row = await task.held(session, task_id)
    if row is None or row.check_job != job_id or row.status is not TaskStatus.CHECKING:
        return None
    return row


async def file_of(session: AsyncSession, task_id: int, job_id: int) -> str | None:
    """Give the key of a file whose check has ended, and which nobody needs any more."""
    query = select(BulkTaskRow.file_key).where(
        BulkTaskRow.id == task_id,
        BulkTaskRow.check_job == job_id,
        BulkTaskRow.status != TaskStatus.CHECKING,
    )
    return (await session.exec(query)).first()


async def forget_file(session: AsyncSession, task_id: int, key: str) -> None:
    """Note that a file is gone."""
    row = await task.held(session, task_id)
    if row is not None and row.file_key == key:
        row.file_key = None
