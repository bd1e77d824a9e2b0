"""Erasing what was deleted and not asked back in time (APP-6).

First the deletion is marked, so that nothing brings the object back; then its bytes go, and last
its rows. Whoever dies in between leaves work that the next one finds.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, delete, exists, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import (
    alarm_contact,
    blocklist,
    callback_setting,
    pull_setting,
    short_url_binding,
    warning_threshold,
)
from db import file as files
from db.allowlist import AllowlistRow
from db.application import ApplicationRow
from db.file import FileRow
from db.restorable import RestorableRow
from db.restorable import held as hold
from db.restore import RestoreRow
from db.signature import SignatureRow
from db.template import TemplateRow
from domain.restore import RestorableState, RestoreKind
from domain.review import ReviewStatus


async def begin(session: AsyncSession, before: datetime, limit: int) -> int:
    """Mark what was deleted until `before`, at most `limit`; gives how many that were.

    What somebody asked for in time waits for the decision.
    """
    asked = exists().where(
        col(RestoreRow.restorable_id) == col(RestorableRow.id),
        col(RestoreRow.status) == ReviewStatus.PENDING,
    )
    query = (
        select(RestorableRow)
        .where(
            RestorableRow.state == RestorableState.DELETED,
            RestorableRow.deleted_at <= before,
            ~asked,
        )
        .order_by(col(RestorableRow.deleted_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = (await session.exec(query)).all()
    for row in rows:
        row.state = RestorableState.PURGING
    return len(rows)


async def marked(session: AsyncSession, limit: int) -> Sequence[RestorableRow]:
    """List what is marked and not erased yet."""
    query = select(RestorableRow).where(RestorableRow.state == RestorableState.PURGING)
    return (await session.exec(query.order_by(col(RestorableRow.deleted_at)).limit(limit))).all()


async def keys(session: AsyncSession, row: RestorableRow) -> Sequence[str]:
    """Give the keys of the files of something marked."""
    if row.kind is not RestoreKind.SIGNATURE:
        return []
    query = select(FileRow.key).join(
        SignatureRow,
        col(FileRow.id).in_([col(SignatureRow.certificate_id), col(SignatureRow.authorization_id)]),
    )
    return (await session.exec(query.where(SignatureRow.id == row.object_id))).all()


async def finish(session: AsyncSession, restorable_id: int) -> None:
    """Erase the rows of something marked whose bytes are gone; once more changes nothing.

    What was never approved was never sent with and goes altogether. Of the rest stays what
    delivery records quote, without its papers, its key, its lists of numbers and what was only for
    reviewers.
    """
    row = await hold(session, restorable_id)
    if row.state is not RestorableState.PURGING:
        return
    if row.kind is RestoreKind.APPLICATION:
        await _erase_application(session, row.object_id)
    elif row.kind is RestoreKind.SIGNATURE:
        await _erase_signature(session, row.object_id)
    else:
        await _erase_template(session, row.object_id)
    row.state = RestorableState.PURGED


async def _erase_application(session: AsyncSession, app_id: int) -> None:
    query = select(ApplicationRow).where(ApplicationRow.id == app_id)
    application = (await session.exec(query)).one()
    application.overview = application.sealed_key = ""
    await session.exec(delete(AllowlistRow).where(col(AllowlistRow.app_id) == app_id))
    await callback_setting.erase(session, app_id)
    await alarm_contact.erase(session, app_id)
    await warning_threshold.forget(session, app_id)
    await pull_setting.erase(session, application.account_uin, app_id)


async def _erase_signature(session: AsyncSession, signature_id: int) -> None:
    query = select(SignatureRow).where(SignatureRow.id == signature_id)
    signature = (await session.exec(query)).one()
    await blocklist.clear(session, signature.account_uin, signature_id)
    papers = [key for key in (signature.certificate_id, signature.authorization_id) if key]
    signature.certificate_id = signature.authorization_id = None
    signature.note = ""
    await session.flush()
    await files.remove(session, signature.account_uin, papers)
    if signature.status is not ReviewStatus.APPROVED:
        await session.exec(delete(SignatureRow).where(col(SignatureRow.id) == signature_id))


async def _erase_template(session: AsyncSession, template_id: int) -> None:
    query = select(TemplateRow).where(TemplateRow.id == template_id)
    template = (await session.exec(query)).one()
    template.remarks = ""
    if template.status is not ReviewStatus.APPROVED:
        await short_url_binding.release(session, template_id)
        await session.exec(delete(TemplateRow).where(col(TemplateRow.id) == template_id))
