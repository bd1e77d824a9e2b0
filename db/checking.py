"""How far the check of a task's recipient file has come; a check that was overtaken writes nothing.

A workflow can be started twice, by a worker that was believed dead. So each write holds the task
and compares `check_job` and `rows_seen` with what the writer believes: the second one stops.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import job as jobs
from db import recipient, task
from db.account import AccountRow
from db.job import JobKind
from db.recipient import Batch
from db.signature import SignatureRow
from db.task import BulkTaskRow
from db.template import TemplateRow
from domain.region import IdentityKind, Region
from domain.task import TaskEvent, TaskStatus


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A recipient file in the store, `size` in bytes, and the name it came with."""

    key: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Work:
    """What a check needs to know; `rows_seen` is where it goes on."""

    file_key: str
    region: Region
    template: str
    signature: str | None
    identity: IdentityKind
    rows_seen: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Rows of the sheet that are done, and how many it has."""

    rows_seen: int
    rows_total: int


async def begin(
    session: AsyncSession, row: BulkTaskRow, file: UploadedFile, now: datetime
) -> str | None:
    """Ask for a file to be checked in place of what the task had before; raises Refused.

    Gives the key of an earlier file that is still in the store, to be deleted after the commit.
    """
    task.move(row, TaskEvent.CHECK)
    before = row.file_key
    row.file_key, row.file_name, row.file_bytes = file.key, file.name, file.size
    row.rows_seen = row.rows_total = row.recipients = row.rejected = row.duplicates = 0
    row.segments = row.characters = 0
    row.problem = None
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
    if row.file_key is None:
        return None
    signature = None
    if row.signature_id is not None:
        content = select(SignatureRow.content).where(SignatureRow.id == row.signature_id)
        signature = (await session.exec(content)).one()
    return Work(
        file_key=row.file_key,
        region=row.region,
        template=template,
        signature=signature,
        identity=IdentityKind(identity),
        rows_seen=row.rows_seen,
    )


async def clear(session: AsyncSession, task_id: int, job_id: int) -> int:
    """Delete some of what an earlier file left; 0 says that nothing is left, or not ours to do."""
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
    row = await _ours(session, task_id, job_id)
    if row is None or row.rows_seen != before:
        return False
    await recipient.add(session, row, batch, now)
    row.rows_seen, row.rows_total = progress.rows_seen, progress.rows_total
    row.recipients += len(batch.recipients)
    row.rejected += len({number for number, *_ in batch.errors})
    row.duplicates += len(batch.duplicates)
    row.characters += sum(found[4] for found in batch.recipients)
    row.segments += sum(found[5] for found in batch.recipients)
    return True


async def finish(session: AsyncSession, task_id: int, job_id: int, problem: str | None) -> None:
    """End a check. With a problem the file is refused as a whole and no recipient of it counts."""
    row = await _ours(session, task_id, job_id)
    if row is None:
        return
    if not problem and not row.recipients:
        problem = "no row of the file can be sent to: see the row errors and upload it again"
    task.move(row, TaskEvent.REJECT if problem else TaskEvent.ACCEPT)
    row.problem = problem
    if problem:
        row.recipients = row.segments = row.characters = 0


async def discard(session: AsyncSession, task_id: int, job_id: int) -> int:
    """Delete some recipients of a file that was refused; 0 says that none are left."""
    row = await task.held(session, task_id)
    if row is None or row.check_job != job_id or row.status is not TaskStatus.DRAFT:
        return 0
    return await recipient.erase(session, task_id, errors=False)


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
