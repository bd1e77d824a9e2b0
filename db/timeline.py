"""Timelines: lists of what happened, newest first, out of one or more stretches of indexes.

A stretch leads with whose it is, so a page costs what it shows, however many rows there are. What
no index leads to is looked for among `SCANNED_MOST` rows at a time, and a page may be short.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from sqlalchemy import Column, ColumnElement, Select, false, func, literal, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.region import Region

SCANNED_MOST: Final = 10_000
"""How many rows one page, or one count, looks at where no index leads to what is asked for."""
COUNTED_MOST: Final = 10_000

Position = tuple[datetime, int]
"""Moment and id: where a list is, for it goes from the newest on."""


class Placed(Protocol):
    """What a timeline shows."""

    @property
    def position(self) -> Position:
        """Where it stands in the list."""


T = TypeVar("T", bound=Placed)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a list, and where the list goes on behind them, if it does.

    There may be fewer than were asked for, or none, and more behind them.
    """

    records: Sequence[T]
    after: Position | None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many there are; `more` says that counting stopped there."""

    number: int
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch(Generic[T]):
    """A part of a list that is one stretch of one index: from `start` on and before `end`.

    `along` are the columns that the index leads with, `among` what rows are narrowed by beside it.
    `make` takes a row of `shown`, which labels every column.
    """

    at: Column[datetime]
    identity: Column[int]
    start: datetime
    end: datetime
    along: Sequence[Any]
    among: Mapping[Column[Any], Any]
    shown: Sequence[ColumnElement[Any]]
    make: Callable[[Iterable[Any]], T]

    async def rows(
        self, session: AsyncSession, after: Position | None, limit: int, scanned: int | None
    ) -> list[T]:
        """Give what comes next behind a position, newest first, among `scanned` rows at most."""
        query = self._query(self.shown, after, limit, scanned)
        return [self.make(row) for row in await _run(session, query)]

    async def stop(self, session: AsyncSession, after: Position | None) -> Position | None:
        """Say where looking at so many rows ended; None when all were looked at."""
        query = self._behind(select(self.at, self.identity), after)
        rows = await _run(session, query.offset(SCANNED_MOST - 1).limit(1))
        return (rows[0][0], rows[0][1]) if rows else None

    async def count(self, session: AsyncSession) -> Counted:
        """Count up to the bound."""
        query = self._query([self.identity], None, COUNTED_MOST + 1, SCANNED_MOST)
        ((number,),) = await _run(session, select(func.count()).select_from(query.subquery()))
        more = bool(self.among) and await self.stop(session, None) is not None
        return Counted(number, more or number > COUNTED_MOST)

    async def found(self, session: AsyncSession, looked_at: int) -> int:
        """Count among so many rows."""
        query = self._query([self.identity], None, looked_at, looked_at)
        ((number,),) = await _run(session, select(func.count()).select_from(query.subquery()))
        return int(number)

    def _query(
        self,
        shown: Sequence[ColumnElement[Any]],
        after: Position | None,
        limit: int,
        scanned: int | None,
    ) -> Select[Any]:
        narrowed = [_beside(column == value) for column, value in self.among.items()]
        if not narrowed or scanned is None:
            return self._behind(select(*shown).where(*narrowed), after).limit(limit)
        fits = [condition.label(f"fits_{place}") for place, condition in enumerate(narrowed)]
        looked_at = self._behind(select(*shown, *fits), after).limit(scanned).subquery()
        wanted = [looked_at.c[one.name] for one in fits]
        return select(*list(looked_at.c)[: len(shown)]).where(*wanted).limit(limit)

    def _behind(self, query: Any, after: Position | None) -> Select[Any]:
        # One bound from above only: of two SQLite may begin at the one that is further away.
        before: ColumnElement[bool] = self.at < self.end
        if after is not None and after[0] < self.end:
            place = literal(after[0], self.at.type), literal(after[1], self.identity.type)
            before = tuple_(self.at, self.identity) < tuple_(*place)
        found: Select[Any] = query.where(*self.along, self.at >= self.start, before)
        return found.order_by(self.at.desc(), self.identity.desc())


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a list shows of an account: from `start` on and before `end`, and narrowed by the rest.

    `region` is None for both. `phone` is E.164.
    """

    owner: int
    region: Region | None
    start: datetime
    end: datetime
    phone: str | None = None
    app_id: int | None = None
    template_id: int | None = None


def regions(listing: Listing) -> Sequence[Region | None]:
    """Say of which regions a listing needs a stretch each; that of a number holds both."""
    if listing.region is None and listing.phone is None:
        return list(Region)
    return [listing.region]


def lead(
    columns: Any, listing: Listing, region: Region | None, wanted: dict[Column[Any], Any]
) -> list[ColumnElement[bool]]:
    """Choose the index that leads to the fewest rows; gives the conditions on what it leads with.

    By number, else by the first of `wanted` that has an index, else by account. What the index
    does not hold is left in `wanted`.
    """
    own = _beside(columns.account_uin == listing.owner)
    if listing.phone is not None:
        # All of a number is of its own region: nothing is passed over but in a listing of another.
        within = [] if region is None else [_beside(columns.region == region)]
        return [columns.phone == listing.phone, own, *within]
    for column in (columns.template_id, columns.app_id):
        if (value := wanted[column]) is not None:
            del wanted[column]
            return [column == value, own, columns.region == region]
    return [columns.account_uin == listing.owner, columns.region == region]


async def page(
    session: AsyncSession, stretches: Sequence[Stretch[T]], first: int, after: Position | None
) -> Page[T]:
    """List what comes next behind a position; the work is bounded, whatever is asked for."""
    found: list[T] = []
    stops: list[Position] = []
    for stretch in stretches:
        rows = await stretch.rows(session, after, first + 1, SCANNED_MOST)
        found += rows
        if stretch.among and len(rows) <= first:
            stop = await stretch.stop(session, after)
            stops += [] if stop is None else [stop]
    # Behind where one stretch stopped it may hold what comes before the others' rows.
    last = max(stops, default=None)
    found = [one for one in _newest(found) if last is None or one.position >= last]
    if len(found) > first:
        return Page(found[:first], found[first - 1].position)
    return Page(found, last)


async def batch(
    session: AsyncSession, stretches: Sequence[Stretch[T]], after: Position | None, limit: int
) -> Sequence[T]:
    """Give the next `limit` behind a position, looking as far as it has to."""
    found = [row for one in stretches for row in await one.rows(session, after, limit, None)]
    return _newest(found)[:limit]


async def exceeds(session: AsyncSession, stretches: Sequence[Stretch[Any]], number: int) -> bool:
    """Say whether there are surely more than that; it looks at no more of each stretch."""
    found = 0
    for stretch in stretches:
        found += await stretch.found(session, number + 1)
    return found > number


async def count(session: AsyncSession, stretches: Sequence[Stretch[Any]]) -> Counted:
    """Count up to `COUNTED_MOST`."""
    counts = [await stretch.count(session) for stretch in stretches]
    number = sum(each.number for each in counts)
    more = number > COUNTED_MOST or any(each.more for each in counts)
    return Counted(min(number, COUNTED_MOST), more)


def _beside(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    # Judged row by row: the database might else take this column's index, and read all of an
    # account for one of its templates, or of an application for one number.
    return func.coalesce(condition, false())


def _newest(found: Iterable[T]) -> list[T]:
    return sorted(found, key=lambda one: one.position, reverse=True)


async def _run(session: AsyncSession, query: Select[Any]) -> Sequence[tuple[Any, ...]]:
    return [tuple(row) for row in await (await session.connection()).execute(query)]
