"""What the statistics and the tasks of a database count."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import select

from db.country_statistic import CountryStatisticRow
from db.session import Database
from db.statistic import FailureStatisticRow, StatisticRow
from db.task import TaskFailureRow
from domain.message import MessageStatus
from domain.statistic import day_of, hour_of

Hours = Mapping[tuple[Any, ...], tuple[int, ...]]
"""Account, region, hour, application and template to their five counts."""


async def statistics(database: Database) -> Hours:
    """Give the rollups as they are kept."""
    async with database.read() as session:
        rows = await session.exec(select(StatisticRow))
        return {
            (row.account_uin, row.region, row.hour, row.app_id, row.template_id): _counts(row)
            for row in rows
        }


async def countries(database: Database) -> Hours:
    """Give the rollups by account, region, day, country and application."""
    async with database.read() as session:
        rows = await session.exec(select(CountryStatisticRow))
        return {
            (row.account_uin, row.region, row.day, row.country, row.app_id): _counts(row)
            for row in rows
        }


def _counts(row: StatisticRow | CountryStatisticRow) -> tuple[int, ...]:
    return row.requests, row.accepted, row.segments, row.delivered, row.failed


async def told(database: Database) -> dict[str, int]:
    """Give the failures that receipts told of, by code."""
    async with database.read() as session:
        rows = (await session.exec(select(FailureStatisticRow))).all()
    codes: Counter[str] = Counter()
    for row in rows:
        codes[row.code] += row.receipts
    return dict(+codes)


async def failures(database: Database) -> tuple[dict[str, int], dict[str, int]]:
    """Give failures by code, as the statistics and as the tasks count them."""
    async with database.read() as session:
        by_hour = (await session.exec(select(FailureStatisticRow))).all()
        by_task = (await session.exec(select(TaskFailureRow))).all()
    hours: Counter[str] = Counter()
    tasks: Counter[str] = Counter()
    for hour in by_hour:
        hours[hour.code] += hour.count
    for task in by_task:
        tasks[task.code] += task.count
    return dict(hours), dict(tasks)


def recount_days(rows: Iterable[Any], zones: Mapping[int, ZoneInfo]) -> tuple[Hours, Counter[str]]:
    """Count from messages alone what the days by country, and receipts by code, must say."""
    days: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 5)
    codes: Counter[str] = Counter()
    for row in rows:
        answered = _answered(row)
        if answered is None:
            continue
        day = day_of(answered, zones[row.account_uin])
        _count(days[row.account_uin, row.region, day, row.country, row.app_id], row)
        if row.state is MessageStatus.FAILED:
            codes[row.code or ""] += 1
    return {key: tuple(counts) for key, counts in days.items()}, codes


def recount(rows: Iterable[Any], zones: Mapping[int, ZoneInfo]) -> tuple[Hours, Counter[str]]:
    """Count from messages alone what rollups and failures by code must say.

    `rows` have a message's columns, `zones` are those of the accounts.
    """
    hours: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 5)
    codes: Counter[str] = Counter()
    for row in rows:
        answered = _answered(row)
        if answered is None:
            continue
        hour = hour_of(answered, zones[row.account_uin])
        _count(hours[row.account_uin, row.region, hour, row.app_id, row.template_id], row)
        if row.state in {MessageStatus.REFUSED, MessageStatus.FAILED}:
            codes[row.code or ""] += 1
    return {key: tuple(counts) for key, counts in hours.items()}, codes


def _answered(row: Any) -> datetime | None:
    """Say when a message was taken or turned down; None of one that does not count yet."""
    if row.state is MessageStatus.UNKNOWN:
        return None
    answered: datetime | None = row.submitted_at
    return row.done_at if answered is None and row.state is MessageStatus.REFUSED else answered


def _count(counts: list[int], row: Any) -> None:
    counts[0] += 1
    if row.state is not MessageStatus.REFUSED:
        counts[1] += 1
        counts[2] += row.segments
        counts[3] += row.state is MessageStatus.DELIVERED
        counts[4] += row.state is MessageStatus.FAILED
