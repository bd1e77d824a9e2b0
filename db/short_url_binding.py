"""Which templates hold which short URLs (URL-3), found when a template is submitted."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import short_url
from db.short_url import ShortUrlRow, ShortUrlTemplateRow
from domain import short_url as rules
from domain.region import Region
from domain.short_url import Held, Known
from domain.terms import Terms


async def bind(  # noqa: PLR0913, PLR0917 - which template, where, what it says and since when
    session: AsyncSession,
    owner: int,
    template_id: int,
    region: Region,
    content: str,
    now: datetime,
    terms: Terms,
) -> None:
    """Note which short URLs the content of a template holds.

    Raises Refused for short URLs that would lead its recipients nowhere. A content without any
    address of their form costs no statement.
    """
    mentioned = rules.mentions(content)
    if not mentioned:
        return
    found = await short_url.coded(session, {each.code for each in mentioned if each.code})
    known = {
        code: Known(row.id, row.account_uin, rules.host(row.base), row.expires_at)
        for code, row in found.items()
        if row.deleted_at is None
    }
    candidates = {f"{scheme}://{each.host}" for each in mentioned for scheme in ("http", "https")}
    used = await short_url.bases(session, owner, candidates)
    hosts = {rules.host(base) for base in {*used, terms.short_url_base} if base}
    bound = rules.bound(mentioned, known, hosts, owner, now)
    session.add_all(
        ShortUrlTemplateRow(short_url_id=key, template_id=template_id, region=region)
        for key in sorted(bound)
    )


async def held(session: AsyncSession, template_ids: Collection[int]) -> Mapping[int, list[Held]]:
    """Find the short URLs that each of some templates holds, deleted ones too; at once for all."""
    link = ShortUrlTemplateRow
    query = (
        select(link.template_id, ShortUrlRow)
        .join(ShortUrlRow, col(ShortUrlRow.id) == link.short_url_id)
        .where(col(link.template_id).in_(template_ids))
        .order_by(col(ShortUrlRow.id))
    )
    found = defaultdict[int, list[Held]](list)
    for template_id, row in await session.exec(query):
        url = rules.address(row.base, row.code)
        found[template_id].append(Held(url, row.expires_at, row.deleted_at is not None))
    return found


async def release(session: AsyncSession, template_id: int) -> None:
    """Forget what a template held: its content is another one now, or it is erased."""
    held = delete(ShortUrlTemplateRow).where(col(ShortUrlTemplateRow.template_id) == template_id)
    await session.exec(held)
