"""Message records (STA-2): what was handed to a carrier or turned down, newest first.

A record's moment is when its carrier answered or, without one, when it was turned down: the one
that statistics count it by.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Column, Select, TextClause, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import signature as signatures
from db import template as templates
from db import timeline
from db.message import SENT, TURNED_DOWN
from db.message import TABLE as MESSAGE
from db.timeline import Counted, Page, Position, Stretch
from domain import template
from domain.errors import Refused
from domain.message import MessageStatus
from domain.region import Region, SmsType


class Record(NamedTuple):
    """One message as the lists, files and APIs show it; `params` is a JSON list of texts."""

    message_id: int
    at: datetime
    phone: str
    country: str
    account_uin: int
    app_id: int
    template_id: int
    signature_id: int | None
    task_id: int | None
    region: Region
    sms_type: SmsType
    characters: int
    segments: int
    state: MessageStatus
    code: str | None
    submitted_at: datetime | None
    done_at: datetime | None
    params: str
    created_at: datetime

    @property
    def position(self) -> Position:
        """Where it stands in the list."""
        return self.at, self.message_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(timeline.Listing):
    """Which records of an account, by what replies are narrowed by and more."""

    task_id: int | None = None
    state: MessageStatus | None = None


_COLUMNS: Final = [MESSAGE.c[name] for name in Record._fields if name not in {"message_id", "at"}]
_TIMES: Final = ((SENT, MESSAGE.c.submitted_at), (TURNED_DOWN, MESSAGE.c.done_at))


async def page(
    session: AsyncSession, listing: Listing, *, first: int, after: Position | None = None
) -> Page[Record]:
    """List records, newest first; the work is bounded, whatever is asked for."""
    return await timeline.page(session, _stretches(listing), first, after)


async def batch(
    session: AsyncSession, listing: Listing, after: Position | None, limit: int
) -> Sequence[Record]:
    """Give the next `limit` records behind a position, newest first; fewer are the last ones.

    For files, which read a listing to its end: it looks as far as it has to.
    """
    return await timeline.batch(session, _stretches(listing), after, limit)


async def count(session: AsyncSession, listing: Listing) -> Counted:
    """Count records, up to a bound."""
    return await timeline.count(session, _stretches(listing))


async def exceeds(session: AsyncSession, listing: Listing, number: int) -> bool:
    """Say whether there are surely more than that, without looking at many more."""
    return await timeline.exceeds(session, _stretches(listing), number)


async def owned(session: AsyncSession, owner: int, message_id: int) -> Record | None:
    """Find one record of an account; a message that still waits is none."""
    columns = MESSAGE.c
    at = func.coalesce(columns.submitted_at, columns.done_at)
    query = select(columns.id, at, *_COLUMNS).where(
        columns.id == message_id, columns.account_uin == owner, at.is_not(None)
    )
    rows = await _run(session, query)
    return Record._make(rows[0]) if rows else None


async def among(session: AsyncSession, message_ids: Iterable[int]) -> Mapping[int, Record]:
    """Find the messages that replies answer; those of a month that was detached are absent."""
    columns = MESSAGE.c
    at = func.coalesce(columns.submitted_at, columns.done_at, columns.created_at)
    query = select(columns.id, at, *_COLUMNS).where(columns.id.in_(set(message_ids)))
    return {row[0]: Record._make(row) for row in await _run(session, query)}


async def contents(session: AsyncSession, records: Sequence[Record]) -> list[str]:
    """Give the text of each record, with signature and variables.

    Texts are not stored: an approved template never changes, nor does a signature.
    """
    bodies = await templates.among(session, {record.template_id for record in records})
    signed = await signatures.among(session, {record.signature_id or 0 for record in records})
    compiled = {key: template.compile(row.content) for key, row in bodies.items()}
    texts = []
    for record in records:
        row = signed.get(record.signature_id or 0)
        sign = None if row is None else row.content
        texts.append(_text(record, compiled.get(record.template_id), sign))
    return texts


def _text(record: Record, compiled: template.Compiled | None, sign: str | None) -> str:
    """Put one text together; none where that is just what the record was turned down for."""
    params = orjson.loads(record.params)
    if compiled is None or len(params) < compiled.variables:
        return ""
    try:
        return template.full_text(sign, compiled.render(params), record.region)
    except Refused:
        return ""


def _stretches(listing: Listing) -> list[Stretch[Record]]:
    return [
        _stretch(listing, kind, at, region)
        for (kind, at), region in product(_TIMES, timeline.regions(listing))
    ]


def _stretch(
    listing: Listing, kind: TextClause, at: Column[datetime], region: Region | None
) -> Stretch[Record]:
    columns = MESSAGE.c
    wanted: dict[Column[Any], Any] = {
        columns.template_id: listing.template_id,
        columns.app_id: listing.app_id,
        columns.task_id: listing.task_id,
        columns.state: listing.state,
    }
    along = [kind, *timeline.lead(columns, listing, region, wanted)]
    return Stretch(
        at=at,
        identity=columns.id,
        start=listing.start,
        end=listing.end,
        along=along,
        among={column: value for column, value in wanted.items() if value is not None},
        shown=[columns.id.label("message_id"), at.label("at"), *_COLUMNS],
        make=Record._make,
    )


async def _run(session: AsyncSession, query: Select[Any]) -> Sequence[tuple[Any, ...]]:
    return [tuple(row) for row in await (await session.connection()).execute(query)]
