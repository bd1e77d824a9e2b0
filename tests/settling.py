"""Tasks that are paid for: what tests of settling them begin with."""

from datetime import datetime
from typing import Any

from db import quota, settlement, task
from db.session import Database
from domain.terms import Terms
from tests import bulk
from tests.bulk import Parts
from tests.console import START

UIN = 12_345_678
TERMS = Terms()
TODAY = "2026-03-02"


async def consent(
    database: Database, task_id: int, now: datetime = START, terms: Terms = TERMS
) -> None:
    """Agree to a task's fee, as its owner."""
    async with database.write() as session:
        row = await task.changing(session, UIN, task_id)
        await settlement.consent_to(session, row, now, terms)


async def ready(database: Database, parts: Parts, count: int = 3, **changes: Any) -> int:
    """Add a task whose recipients are checked, with two segments each; gives its id."""
    task_id = await bulk.add_task(database, parts, START, **changes)
    await bulk.make_ready(database, task_id, START, bulk.found(count, segments=2))
    return task_id


async def used_today(database: Database, day: str = TODAY) -> int:
    """Give how many Global messages count for a day."""
    async with database.read() as session:
        return await quota.used(session, UIN, settlement.daily_quota(TERMS), day)
