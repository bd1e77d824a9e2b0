"""Reply records (STA-3): what recipients answered, the last one first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import timeline
from db.reply import TABLE
from db.timeline import Counted, Listing, Page, Position, Stretch
from domain.region import Region


class ReplyRecord(NamedTuple):
    """One reply as the lists, files and APIs show it."""

    reply_id: int
    at: datetime
    account_uin: int
    message_id: int
    app_id: int | None
    template_id: int | None
    signature_id: int | None
    region: Region
    phone: str
    text: str
    opted_out: bool

    @property
    def position(self) -> Position:
        """Where it stands in the list."""
        return self.at, self.reply_id


_SHOWN: Final = [TABLE.c[name] for name in ReplyRecord._fields if name not in {"reply_id", "at"}]


async def page(
    session: AsyncSession, listing: Listing, *, first: int, after: Position | None = None
) -> Page[ReplyRecord]:
    """List replies, the last one first; the work is bounded, whatever is asked for."""
    return await timeline.page(session, _stretches(listing), first, after)


async def batch(
    session: AsyncSession, listing: Listing, after: Position | None, limit: int
) -> Sequence[ReplyRecord]:
    """Give the next `limit` replies behind a position; fewer are the last ones."""
    return await timeline.batch(session, _stretches(listing), after, limit)


async def count(session: AsyncSession, listing: Listing) -> Counted:
    """Count replies, up to a bound."""
    return await timeline.count(session, _stretches(listing))


async def exceeds(session: AsyncSession, listing: Listing, number: int) -> bool:
    """Say whether there are surely more than that, without looking at many more."""
    return await timeline.exceeds(session, _stretches(listing), number)


async def owned(session: AsyncSession, owner: int, reply_id: int) -> ReplyRecord | None:
    """Find one reply to an account."""
    columns = TABLE.c
    query = select(columns.id, columns.received_at, *_SHOWN).where(
        columns.id == reply_id, columns.account_uin == owner
    )
    row = (await (await session.connection()).execute(query)).first()
    return None if row is None else ReplyRecord._make(row)


def _stretches(listing: Listing) -> list[Stretch[ReplyRecord]]:
    return [_stretch(listing, region) for region in timeline.regions(listing)]


def _stretch(listing: Listing, region: Region | None) -> Stretch[ReplyRecord]:
    columns = TABLE.c
    wanted: dict[Column[Any], Any] = {
        columns.template_id: listing.template_id,
        columns.app_id: listing.app_id,
    }
    along = timeline.lead(columns, listing, region, wanted)
    return Stretch(
        at=columns.received_at,
        identity=columns.id,
        start=listing.start,
        end=listing.end,
        along=along,
        among={column: value for column, value in wanted.items() if value is not None},
        shown=[columns.id.label("reply_id"), columns.received_at.label("at"), *_SHOWN],
        make=ReplyRecord._make,
    )
