"""Body templates (TPL-4): where each stands."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import String, cast
from sqlmodel import Field, col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db import quota as quotas
from db import restorable, short_url_binding
from db import review as reviews
from db import signature as signatures
from db.dialect import choice
from db.page import Key, Order, Slice
from db.review import Reviewed, ReviewKind
from db.short_url import ShortUrlTemplateRow
from domain import quota
from domain import review as rules
from domain.errors import Code, Refused
from domain.region import Region, SmsType
from domain.restore import RestoreKind
from domain.review import ReviewStatus
from domain.template import Draft
from domain.terms import Terms


class TemplateRow(Reviewed, table=True):
    """One body template; `variables` is how many it has."""

    __tablename__ = "template"

    name: str = Field(max_length=60)
    sms_type: SmsType = Field(sa_type=choice(SmsType))
    content: str = Field(max_length=500)
    remarks: str = Field(default="", max_length=500)
    variables: int


_NEWEST: Final = Order(col(TemplateRow.created_at), col(TemplateRow.id))


@dataclass(frozen=True, slots=True)
class Listing:
    """Which templates a list shows."""

    owner: int
    region: Region | None = None
    status: ReviewStatus | None = None
    sms_type: SmsType | None = None
    search: str = ""

    def query(self) -> SelectOfScalar[TemplateRow]:
        """Put the conditions together; pages and counts share them."""
        query = _of(self.owner)
        if self.region is not None:
            query = query.where(col(TemplateRow.region) == self.region)
        if self.status is not None:
            query = query.where(col(TemplateRow.status) == self.status)
        if self.sms_type is not None:
            query = query.where(col(TemplateRow.sms_type) == self.sms_type)
        if not self.search:
            return query
        named = col(TemplateRow.name).icontains(self.search, autoescape=True)
        says = col(TemplateRow.content).icontains(self.search, autoescape=True)
        numbered = cast(col(TemplateRow.id), String).startswith(self.search, autoescape=True)
        return query.where(or_(named, says, numbered))


def _of(owner: int) -> SelectOfScalar[TemplateRow]:
    return select(TemplateRow).where(
        TemplateRow.account_uin == owner, col(TemplateRow.deleted_at).is_(None)
    )


async def owned(session: AsyncSession, owner: int, template_id: int) -> TemplateRow | None:
    """Find one template of this owner."""
    return (await session.exec(_of(owner).where(TemplateRow.id == template_id))).first()


async def editable(session: AsyncSession, owner: int, template_id: int) -> TemplateRow:
    """Find one template that may be edited, and hold it; raises Refused."""
    row = await changing(session, owner, template_id)
    rules.check_edit("template", row.status)
    return row


async def changing(session: AsyncSession, owner: int, template_id: int) -> TemplateRow:
    """Find one template and hold it until the transaction ends; raises Refused."""
    query = _of(owner).where(TemplateRow.id == template_id).with_for_update()
    row = (await session.exec(query)).first()
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such template", "id")
    return row


async def reviewed(session: AsyncSession, template_id: int) -> TemplateRow:
    """Hold a template of any account, for an operator's decision."""
    query = select(TemplateRow).where(TemplateRow.id == template_id).with_for_update()
    return (await session.exec(query)).one()


async def among(session: AsyncSession, template_ids: set[int]) -> Mapping[int, TemplateRow]:
    """Find the templates on a page of the review queue, of whatever account."""
    query = select(TemplateRow).where(col(TemplateRow.id).in_(template_ids))
    return {row.id: row for row in await session.exec(query)}


async def holding(
    session: AsyncSession, owner: int, short_url_ids: Collection[int], most: int
) -> Mapping[int, Sequence[TemplateRow]]:
    """Find the templates that hold each of some short URLs, newest first, at most so many each."""
    link, key = ShortUrlTemplateRow, col(ShortUrlTemplateRow.short_url_id)
    newest = func.row_number().over(partition_by=key, order_by=col(link.template_id).desc())
    ranked = (
        select(key, col(link.template_id), newest.label("place"))
        .join(TemplateRow, col(TemplateRow.id) == col(link.template_id))
        .where(key.in_(short_url_ids), col(TemplateRow.deleted_at).is_(None))
        .subquery()
    )
    query = (
        select(ranked.c.short_url_id, TemplateRow)
        .join(TemplateRow, col(TemplateRow.id) == ranked.c.template_id)
        .where(ranked.c.place <= most, TemplateRow.account_uin == owner)
        .order_by(ranked.c.short_url_id, ranked.c.place)
    )
    found: defaultdict[int, list[TemplateRow]] = defaultdict(list)
    for short_url_id, row in await session.exec(query):
        found[short_url_id].append(row)
    return found


async def page(
    session: AsyncSession, listing: Listing, *, first: int, after: Key | None
) -> Slice[TemplateRow]:
    """List templates, newest first."""
    return await pages.keyset(session, listing.query(), _NEWEST, first=first, after=after)


async def part(
    session: AsyncSession, listing: Listing, *, ids: Collection[int], offset: int, limit: int
) -> Sequence[TemplateRow]:
    """List the templates of these ids, or all when there are none, newest first.

    An account has few enough for an offset to cost nothing.
    """
    query = listing.query()
    if ids:
        query = query.where(col(TemplateRow.id).in_(ids))
    return await pages.part(session, query, _NEWEST, offset=offset, limit=limit)


async def count(session: AsyncSession, listing: Listing) -> int:
    """Count what the list shows in all."""
    return await pages.count(session, listing.query())


async def add(  # noqa: PLR0913, PLR0917 - whose, where, and what
    session: AsyncSession,
    owner: int,
    region: Region,
    draft: Draft,
    now: datetime,
    terms: Terms,
) -> TemplateRow:
    """Create a template and submit it; one for Mainland China needs a signature to go with it."""
    if region is Region.MAINLAND and not await signatures.exists(session, owner, region):
        message = (
            "a template for Mainland China needs a signature to be sent with, and this account "
            "has none there: apply for a signature first"
        )
        raise Refused.one(Code.WRONG_STATE, message, "region")
    row = TemplateRow(
        account_uin=owner,
        region=region,
        status=ReviewStatus.PENDING,
        created_at=now,
        submitted_at=now,
        name=draft.name,
        sms_type=draft.sms_type,
        content=draft.content,
        remarks=draft.remarks,
        variables=draft.variables,
    )
    session.add(row)
    await session.flush()
    await short_url_binding.bind(session, owner, row.id, region, row.content, now, terms)
    await reviews.submit(session, ReviewKind.TEMPLATE, row, now, terms, row.region)
    return row


async def revise(
    session: AsyncSession, row: TemplateRow, draft: Draft, now: datetime, terms: Terms
) -> None:
    """Edit and submit again."""
    row.name, row.sms_type = draft.name, draft.sms_type
    row.content, row.variables = draft.content, draft.variables
    row.remarks = draft.remarks
    await short_url_binding.release(session, row.id)
    await short_url_binding.bind(
        session, row.account_uin, row.id, row.region, row.content, now, terms
    )
    await reviews.submit(session, ReviewKind.TEMPLATE, row, now, terms, row.region)


async def remove(session: AsyncSession, owner: int, template_id: int, now: datetime) -> None:
    """Hide a template from its account, and give its place in the quota back.

    The quota comes first: whoever creates holds it before anything else.
    """
    await quotas.give_back(session, owner, quota.TEMPLATES)
    row = await changing(session, owner, template_id)
    await reviews.withdraw(session, ReviewKind.TEMPLATE, row, now)
    row.deleted_at = now
    restorable.note(session, owner, RestoreKind.TEMPLATE, row.id, row.name, now)


async def bring_back(session: AsyncSession, template_id: int, now: datetime, terms: Terms) -> None:
    """Show a deleted template to its account again, in review if it was."""
    row = await reviewed(session, template_id)
    row.deleted_at = None
    if row.status is ReviewStatus.PENDING:
        await reviews.submit(session, ReviewKind.TEMPLATE, row, now, terms, row.region)
