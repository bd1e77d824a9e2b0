"""Message records (STA-2): what was handed to a carrier or turned down, newest first.

A record's moment is when its carrier answered or, without one, when it was turned down: the one
that statistics count it by. Each listing follows an index that leads with whose it is, so a page
costs what it shows, however many messages there are. What no index leads to is looked for among
`SCANNED_MOST` records at a time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Select, func, literal, literal_column, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from db import signature as signatures
from db import template as templates
from db.message import SENT, TURNED_DOWN
from db.message import TABLE as MESSAGE
from domain import template
from domain.message import MessageStatus
from domain.region import Region, SmsType

SCANNED_MOST: Final = 10_000
"""How many records one page, or one count, looks at where no index leads to what is asked for."""
COUNTED_MOST: Final = 10_000

Position = tuple[datetime, int]
"""Moment and id of a record: where a list is, for it goes from the newest on."""


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
class Listing:
    """Which records of an account: from `start` on and before `end`, and narrowed by the rest.

    `region` is None for both. `phone` is E.164.
    """

    owner: int
    region: Region | None
    start: datetime
    end: datetime
    phone: str | None = None
    app_id: int | None = None
    template_id: int | None = None
    task_id: int | None = None
    state: MessageStatus | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and where the list goes on behind them, if it does.

    There may be fewer records than were asked for, or none, and more behind them.
    """

    records: Sequence[Record]
    after: Position | None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many records there are; `more` says that counting stopped there."""

    number: int
    more: bool


_COLUMNS: Final = [MESSAGE.c[name] for name in Record._fields if name not in {"message_id", "at"}]
_TIMES: Final = ((SENT, MESSAGE.c.submitted_at), (TURNED_DOWN, MESSAGE.c.done_at))


class _Branch:
    """The part of a listing that is one stretch of one index."""

    def __init__(
        self, listing: Listing, kind: Any, at: ColumnElement[datetime], region: Region | None
    ) -> None:
        columns = MESSAGE.c
        self.at, self.end = at, listing.end
        # Of another column than the index leads with the database makes no use: it might take
        # that one's index, and read all of an account for one of its templates.
        own = columns.account_uin + literal_column("0") == listing.owner
        self.along = [kind, at >= listing.start]
        wanted: dict[str, Any] = {
            "template_id": listing.template_id,
            "app_id": listing.app_id,
            "task_id": listing.task_id,
            "state": listing.state,
        }
        if listing.phone is not None:
            self.along += [columns.phone == listing.phone, own]
            wanted["region"] = region
        else:
            leads = next((name for name in ("template_id", "app_id") if wanted[name]), None)
            first = [columns.account_uin == listing.owner]
            if leads is not None:
                first = [columns[leads] == wanted.pop(leads), own]
            self.along += [*first, columns.region == region]
        self.among = {name: value for name, value in wanted.items() if value is not None}

    def query(
        self, *shown: ColumnElement[Any], after: Position | None, limit: int, scanned: int | None
    ) -> Select[Any]:
        """Look for the next `limit` records behind a position, among `scanned` at most."""
        query = self._behind(select(*shown), after)
        if not self.among:
            return query.limit(limit)
        if scanned is None:
            return query.where(*self._narrowed(MESSAGE.c)).limit(limit)
        looked_at = query.limit(scanned).subquery()
        return select(looked_at).where(*self._narrowed(looked_at.c)).limit(limit)

    def _behind(self, query: Select[Any], after: Position | None) -> Select[Any]:
        at, message_id = self.at, MESSAGE.c.id
        # One bound from above only: of two SQLite may begin at the one that is further away.
        before = at < self.end
        if after is not None and after[0] < self.end:
            place = literal(after[0], at.type), literal(after[1], message_id.type)
            before = tuple_(at, message_id) < tuple_(*place)
        return query.where(*self.along, before).order_by(at.desc(), message_id.desc())

    def _narrowed(self, columns: Any) -> Iterable[ColumnElement[bool]]:
        return [columns[name] == value for name, value in self.among.items()]

    async def records(
        self, session: AsyncSession, after: Position | None, limit: int, scanned: int | None = None
    ) -> list[Record]:
        """Give the next records behind a position, newest first."""
        shown = MESSAGE.c.id.label("message_id"), self.at.label("at"), *_COLUMNS
        query = self.query(*shown, after=after, limit=limit, scanned=scanned)
        return [Record._make(row) for row in await _run(session, query)]

    async def looked_at(self, session: AsyncSession, after: Position | None) -> Position | None:
        """Say where the scan of a page ended; None when it came to the end of the branch."""
        query = self._behind(select(self.at, MESSAGE.c.id), after)
        rows = await _run(session, query.offset(SCANNED_MOST - 1).limit(1))
        return (rows[0][0], rows[0][1]) if rows else None


async def page(
    session: AsyncSession, listing: Listing, *, first: int, after: Position | None = None
) -> Page:
    """List records, newest first; the work is bounded, whatever is asked for."""
    found: list[Record] = []
    stops: list[Position] = []
    for branch in _branches(listing):
        records = await branch.records(session, after, first + 1, SCANNED_MOST)
        found += records
        if branch.among and len(records) <= first:
            stop = await branch.looked_at(session, after)
            stops += [] if stop is None else [stop]
    # Behind where one branch stopped it may hold what comes before the others' records.
    stop = max(stops, default=None)
    found = [record for record in _newest(found) if stop is None or record.position >= stop]
    if len(found) > first:
        return Page(found[:first], found[first - 1].position)
    return Page(found, stop)


async def batch(
    session: AsyncSession, listing: Listing, after: Position | None, limit: int
) -> Sequence[Record]:
    """Give the next `limit` records behind a position, newest first; none are left of fewer.

    For files, which read a listing to its end: it looks as far as it has to.
    """
    found = [
        record
        for branch in _branches(listing)
        for record in await branch.records(session, after, limit)
    ]
    return _newest(found)[:limit]


async def count(session: AsyncSession, listing: Listing) -> Counted:
    """Count up to `COUNTED_MOST` records."""
    number, more = 0, False
    for branch in _branches(listing):
        columns = [MESSAGE.c[name] for name in branch.among]
        counted = branch.query(
            MESSAGE.c.id, *columns, after=None, limit=COUNTED_MOST + 1, scanned=SCANNED_MOST
        )
        rows = await _run(session, select(func.count()).select_from(counted.subquery()))
        number += rows[0][0]
        more = more or (bool(branch.among) and await branch.looked_at(session, None) is not None)
    return Counted(min(number, COUNTED_MOST), more=more or number > COUNTED_MOST)


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
        body = compiled[record.template_id].render(orjson.loads(record.params))
        texts.append(template.full_text(sign, body, record.region))
    return texts


def _branches(listing: Listing) -> list[_Branch]:
    # A number is of one region, and all it ever got is in one stretch.
    both = listing.region is None and listing.phone is None
    regions: Sequence[Region | None] = list(Region) if both else [listing.region]
    return [_Branch(listing, kind, at, region) for (kind, at), region in product(_TIMES, regions)]


def _newest(records: Iterable[Record]) -> list[Record]:
    return sorted(records, key=lambda record: record.position, reverse=True)


async def _run(session: AsyncSession, query: Select[Any]) -> Sequence[tuple[Any, ...]]:
    return [tuple(row) for row in await (await session.connection()).execute(query)]
