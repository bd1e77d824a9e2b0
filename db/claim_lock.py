"""Keeping claims and the stop of one task apart, on the database where both run at once.

A claim that has not committed yet is invisible to a stop, which would give units back for messages
that are then sent. So claims share a lock on the task's number, and a stop takes it alone.
SQLite has one writer and needs neither.
"""

from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import is_postgresql

# Task numbers above this one keep apart from whatever else locks by number in the database.
FIRST: Final = 1 << 48


async def share(session: AsyncSession, task_id: int) -> bool:
    """Let this transaction claim from a task; False while somebody is about to change it.

    It never waits: a worker may hold other tasks, and two that wait for each other would both fail.
    """
    if not is_postgresql(session):
        return True
    asked = text("SELECT pg_try_advisory_xact_lock_shared(:key)").bindparams(key=FIRST + task_id)
    return bool((await (await session.connection()).execute(asked)).scalar_one())


async def take(session: AsyncSession, task_id: int) -> None:
    """Wait until no claim on a task is under way, and allow none until this transaction ends."""
    if is_postgresql(session):
        asked = text("SELECT pg_advisory_xact_lock(:key)").bindparams(key=FIRST + task_id)
        await (await session.connection()).execute(asked)
