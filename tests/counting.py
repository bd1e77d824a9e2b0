"""What the statistics and the tasks of a database count."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlmodel import select

from db.session import Database
from db.statistic import FailureStatisticRow, StatisticRow
from db.task import TaskFailureRow


async def statistics(database: Database) -> Mapping[tuple[Any, ...], tuple[int, ...]]:
    """Give the rollups: (account, region, hour, application, template) to their five counts."""
    async with database.read() as session:
        rows = await session.exec(select(StatisticRow))
        return {
            (row.account_uin, row.region, row.hour, row.app_id, row.template_id): (
                row.requests,
                row.accepted,
                row.segments,
                row.delivered,
                row.failed,
            )
            for row in rows
        }


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
