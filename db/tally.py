"""What a batch of messages changes in every count, written in the batch's transaction."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import add
from typing import Any, Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, update
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db import warning_threshold
from db.country_statistic import CountryStatisticRow
from db.dialect import insert
from db.message import TABLE as MESSAGE
from db.statistic import FailureStatisticRow, StatisticRow, zones
from db.task import BulkTaskRow, TaskFailureRow
from domain.region import Region
from domain.statistic import day_of, hour_of

_TASK: Final = BulkTaskRow.metadata.tables["bulk_task"]

_HOURLY: Final = ("account_uin", "region", "hour", "app_id", "template_id")
_DAILY: Final = ("account_uin", "region", "day", "country", "app_id")
_COUNTS: Final = ("requests", "accepted", "segments", "delivered", "failed")
_REQUESTS, _ACCEPTED, _SEGMENTS, _DELIVERED, _FAILED = range(len(_COUNTS))
_FAILURES: Final = ("count", "receipts")
_COUNT, _RECEIPTS = range(len(_FAILURES))
_TASK_COUNTS: Final = ("accepted", "refused", "delivered", "failed")
# All that tells two counts apart in any roll-up; each is summed up from these, once a batch.
_Key = tuple[int, Region, datetime, int, int, str]
_Parts = Iterable[tuple[tuple[Any, ...], list[int]]]


class Countable(Protocol):
    """Whatever says where a message counts."""

    @property
    def account_uin(self) -> int:
        """Its account."""

    @property
    def region(self) -> Region:
        """Its region."""

    @property
    def app_id(self) -> int:
        """Its application."""

    @property
    def template_id(self) -> int:
        """Its template."""

    @property
    def country(self) -> str:
        """Where its phone is registered, as ISO 3166-1."""

    @property
    def task_id(self) -> int | None:
        """Its task; None for a single message."""

    @property
    def segments(self) -> int:
        """What it is billed as."""


class Counted(NamedTuple):
    """The columns of a message that say where it counts."""

    account_uin: int
    region: Region
    app_id: int
    template_id: int
    country: str
    task_id: int | None
    segments: int


COUNTED: Final = tuple(MESSAGE.c[name] for name in Counted._fields)


class Tally:
    """Adds a batch up, then writes each row once.

    Rows are written table by table in the order of their keys, so that transactions that touch the
    same rows wait for each other instead of locking each other out.
    """

    def __init__(self, zones: dict[int, ZoneInfo]) -> None:
        self._zones = zones
        self._messages: defaultdict[_Key, list[int]] = defaultdict(lambda: [0] * len(_COUNTS))
        self._failures: defaultdict[tuple[_Key, str], list[int]] = defaultdict(
            lambda: [0] * len(_FAILURES)
        )
        self._tasks: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._task_failures: Counter[tuple[int, str]] = Counter()
        self._hours: dict[tuple[datetime, ZoneInfo], datetime] = {}
        self._accepted_at: datetime | None = None

    @classmethod
    async def open(cls, session: AsyncSession, accounts: Iterable[int]) -> "Tally":
        """Begin with the time zones of the accounts to be counted for."""
        tally = cls({})
        await tally.include(session, accounts)
        return tally

    async def include(self, session: AsyncSession, accounts: Iterable[int]) -> None:
        """Learn the time zones of more accounts to be counted for."""
        new = set(accounts) - self._zones.keys()
        if new:
            self._zones |= await zones(session, new)

    @property
    def tasks(self) -> Sequence[int]:
        """The tasks whose counts change, in order."""
        return sorted(self._tasks)

    def accepted(self, message: Countable, at: datetime) -> None:
        """Count a message that a carrier took at `at`."""
        self._accepted_at = at
        counts = self._messages[self._key(message, at)]
        counts[_REQUESTS] += 1
        counts[_ACCEPTED] += 1
        counts[_SEGMENTS] += message.segments
        self._count_task(message, "accepted")

    def refused(self, message: Countable, at: datetime, code: str) -> None:
        """Count a message that was turned down at `at`."""
        key = self._key(message, at)
        self._messages[key][_REQUESTS] += 1
        self._count_task(message, "refused")
        self._fail(message, key, code)

    def delivered(self, message: Countable, submitted_at: datetime) -> None:
        """Count a receipt of success for a message accepted at `submitted_at`."""
        self._messages[self._key(message, submitted_at)][_DELIVERED] += 1
        self._count_task(message, "delivered")

    def failed(self, message: Countable, submitted_at: datetime, code: str) -> None:
        """Count a receipt of failure for a message accepted at `submitted_at`."""
        key = self._key(message, submitted_at)
        self._messages[key][_FAILED] += 1
        self._count_task(message, "failed")
        self._fail(message, key, code)[_RECEIPTS] += 1

    async def write(self, session: AsyncSession) -> None:
        """Add the counts to their rows."""
        connection = await session.connection()
        if self._tasks:
            added = {
                _TASK.c[name]: _TASK.c[name] + bindparam(f"plus_{name}") for name in _TASK_COUNTS
            }
            statement = update(_TASK).where(_TASK.c.id == bindparam("task")).values(added)
            await connection.execute(
                statement,
                [
                    {"task": task_id, **{f"plus_{name}": counts[name] for name in _TASK_COUNTS}}
                    for task_id, counts in sorted(self._tasks.items())
                ],
            )
        await _add(
            session,
            TaskFailureRow,
            [
                {"task_id": task_id, "code": code, "count": count}
                for (task_id, code), count in sorted(self._task_failures.items())
            ],
            ("count",),
        )
        hourly = _sums((key[:-1], counts) for key, counts in self._messages.items())
        await _add(session, StatisticRow, _rows((*_HOURLY, *_COUNTS), hourly), _COUNTS)
        daily = _sums((self._day(*key), counts) for key, counts in self._messages.items())
        await _add(session, CountryStatisticRow, _rows((*_DAILY, *_COUNTS), daily), _COUNTS)
        failures = _sums(((*key[:-1], code), told) for (key, code), told in self._failures.items())
        names = (*_HOURLY, "code", *_FAILURES)
        await _add(session, FailureStatisticRow, _rows(names, failures), _FAILURES)
        if self._accepted_at is not None:
            await warning_threshold.count(session, _sent(daily), self._accepted_at)

    def _key(self, message: Countable, at: datetime) -> _Key:
        zone = self._zones[message.account_uin]
        hour = self._hours.get((at, zone))
        if hour is None:
            hour = self._hours[at, zone] = hour_of(at, zone)
        return (
            message.account_uin,
            message.region,
            hour,
            message.app_id,
            message.template_id,
            message.country,
        )

    def _day(
        self,
        account_uin: int,
        region: Region,
        hour: datetime,
        app_id: int,
        _template_id: int,
        country: str,
    ) -> tuple[int, Region, date, str, int]:
        return account_uin, region, day_of(hour, self._zones[account_uin]), country, app_id

    def _count_task(self, message: Countable, name: str) -> None:
        if message.task_id is not None:
            self._tasks[message.task_id][name] += 1

    def _fail(self, message: Countable, key: _Key, code: str) -> list[int]:
        failures = self._failures[key, code]
        failures[_COUNT] += 1
        if message.task_id is not None:
            self._task_failures[message.task_id, code] += 1
        return failures


def _sums(parts: _Parts) -> Sequence[tuple[tuple[Any, ...], list[int]]]:
    """Add up the counts of each key, in the order of the keys."""
    sums: dict[tuple[Any, ...], list[int]] = {}
    for key, counts in parts:
        before = sums.get(key)
        sums[key] = counts if before is None else list(map(add, before, counts))
    return sorted(sums.items())


def _rows(names: Sequence[str], sums: _Parts) -> list[dict[str, Any]]:
    return [dict(zip(names, (*key, *counts), strict=True)) for key, counts in sums]


def _sent(daily: _Parts) -> Mapping[tuple[int, Region, date], int]:
    """Give what was accepted of each application, region and day."""
    sent: Counter[tuple[int, Region, date]] = Counter()
    for (_, region, day, _, app_id), counts in daily:
        sent[app_id, region, day] += counts[_ACCEPTED]
    return +sent


async def _add(
    session: AsyncSession,
    row: type[SQLModel],
    rows: Sequence[dict[str, Any]],
    counts: Sequence[str],
) -> None:
    if not rows:
        return
    table = row.metadata.tables[str(row.__tablename__)]
    statement = insert(session, table)
    added = {name: table.c[name] + statement.excluded[name] for name in counts}
    upsert = statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=added)
    await (await session.connection()).execute(upsert, rows)
