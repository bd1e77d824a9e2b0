"""What a task lost between its consent and its scheduled time, so that it cannot be sent."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from db import short_url_binding
from db import signature as signatures
from db import template as templates
from db.application import ApplicationRow
from db.task import BulkTaskRow
from domain import short_url
from domain.task import gone
from domain.text import quoted


async def problem(session: AsyncSession, row: BulkTaskRow, now: datetime) -> str | None:
    """Say why a task cannot be sent any more, and the way out; None where it can.

    Its application, template or signature was deleted, or a short URL in the template leads
    nowhere any more (URL-2).
    """
    deleted = await _deleted(session, row)
    if deleted:
        return gone(deleted)
    held = await short_url_binding.held(session, {row.template_id})
    dead = short_url.dead(held.get(row.template_id, ()), now)
    return dead[0].message if dead else None


async def _deleted(session: AsyncSession, row: BulkTaskRow) -> list[str]:
    # What is erased for good after its deletion may have no row, and no name, any more.
    app = await session.get(ApplicationRow, row.app_id)
    template = (await templates.among(session, {row.template_id})).get(row.template_id)
    deleted = []
    if app is None or app.deleted_at is not None:
        deleted.append(_named("application", app.name if app else ""))
    if template is None or template.deleted_at is not None:
        deleted.append(_named("template", template.name if template else ""))
    if row.signature_id is not None:
        signature = (await signatures.among(session, {row.signature_id})).get(row.signature_id)
        if signature is None or signature.deleted_at is not None:
            deleted.append(_named("signature", signature.content if signature else ""))
    return deleted


def _named(what: str, name: str) -> str:
    return f"{what} {quoted(name)}" if name else what
