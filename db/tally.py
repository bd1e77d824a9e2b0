"""What a batch of messages changes in every count, written in the batch's transaction."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, update
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db import warning_threshold
from db.dialect import insert
from db.message import TABLE as MESSAGE
from db.statistic import FailureStatisticRow, StatisticRow, zones
from db.task import BulkTaskRow, TaskFailureRow
from domain.region import Region
from domain.statistic import hour_of

_TASK: Final = BulkTaskRow.metadata.tables["bulk_task"]

_KEY: Final = ("account_uin", "region", "hour", "app_id", "template_id")
_COUNTS: Final = ("requests", "accepted", "segments", "delivered", "failed")
_TASK_COUNTS: Final = ("accepted", "refused", "delivered", "failed")
_Key = tuple[int, Region, datetime, int, int]


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
        self._statistics: defaultdict[_Key, Counter[str]] = defaultdict(Counter)
        self._failures: Counter[tuple[_Key, str]] = Counter()
        self._tasks: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._task_failures: Counter[tuple[int, str]] = Counter()
        self._hours: dict[tuple[datetime, ZoneInfo], datetime] = {}
        self._accepted_at: datetime | None = None

    @classmethod
    async def open(cls, session: AsyncSession, accounts: Iterable[int]) -> "Tally":
        """Begin with the time zones of the accounts to be counted for."""
        return cls(await zones(session, set(accounts)))

    @property
    def tasks(self) -> Sequence[int]:
        """The tasks whose counts change, in order."""
        return sorted(self._tasks)

    def accepted(self, message: Countable, at: datetime) -> None:
        """Count a message that a carrier took at `at`."""
        self._accepted_at = at
        counts = self._statistics[self._key(message, at)]
        counts["requests"] += 1
        counts["accepted"] += 1
        counts["segments"] += message.segments
        self._count_task(message, "accepted")

    def refused(self, message: Countable, at: datetime, code: str) -> None:
        """Count a message that was turned down at `at`."""
        self._statistics[self._key(message, at)]["requests"] += 1
        self._count_task(message, "refused")
        self._fail(message, at, code)

    def delivered(self, message: Countable, submitted_at: datetime) -> None:
        """Count a receipt of success for a message accepted at `submitted_at`."""
        self._statistics[self._key(message, submitted_at)]["delivered"] += 1
        self._count_task(message, "delivered")

    def failed(self, message: Countable, submitted_at: datetime, code: str) -> None:
        """Count a receipt of failure for a message accepted at `submitted_at`."""
        self._statistics[self._key(message, submitted_at)]["failed"] += 1
        self._count_task(message, "failed")
        self._fail(message, submitted_at, code)

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
        await _add(
            session,
            StatisticRow,
            [
                dict(zip(_KEY, key, strict=True)) | {name: counts[name] for name in _COUNTS}
                for key, counts in sorted(self._statistics.items())
            ],
            _COUNTS,
        )
        await _add(
            session,
            FailureStatisticRow,
            [
                dict(zip(_KEY, key, strict=True)) | {"code": code, "count": count}
                for (key, code), count in sorted(self._failures.items())
            ],
            ("count",),
        )
        if self._accepted_at is not None:
            await warning_threshold.count(session, self._statistics, self._zones, self._accepted_at)

    def _key(self, message: Countable, at: datetime) -> _Key:
        zone = self._zones[message.account_uin]
        hour = self._hours.get((at, zone))
        if hour is None:
            hour = self._hours[at, zone] = hour_of(at, zone)
        return message.account_uin, message.region, hour, message.app_id, message.template_id

    def _count_task(self, message: Countable, name: str) -> None:
        if message.task_id is not None:
            self._tasks[message.task_id][name] += 1

    def _fail(self, message: Countable, at: datetime, code: str) -> None:
        self._failures[self._key(message, at), code] += 1
        if message.task_id is not None:
            self._task_failures[message.task_id, code] += 1


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
