"""Queues to pull from, and what is taken off them."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select

from db import pull, pull_setting
from db.pull import OF_REPLIES, PullQueueRow, PullReplyRow, PullStatusRow
from db.session import Database
from domain.pull import PulledReply, PulledStatus
from tests import pushing, sending
from tests.console import START
from tests.pushing import UIN


async def add_queue(database: Database, *, uin: int = UIN, replies: bool = False) -> int:
    """Add an account whose application, or whose replies, are pulled; gives the queue's id."""
    await sending.add_account(database, START, uin=uin)
    row = await switch(database, uin=uin, app_id=OF_REPLIES if replies else uin)
    assert row is not None
    return row.id


async def switch(
    database: Database, *, uin: int = UIN, app_id: int = UIN, on: bool = True, now: datetime = START
) -> PullQueueRow | None:
    """Switch a queue."""
    async with database.write() as session:
        return await pull_setting.switch(session, uin, app_id, on=on, now=now)


async def statuses(
    database: Database, app_id: int = UIN, limit: int = 100
) -> Sequence[PulledStatus]:
    """Take statuses."""
    async with database.write() as session:
        return await pull.statuses(session, app_id, limit)


async def replies(database: Database, app_id: int = UIN, limit: int = 100) -> Sequence[PulledReply]:
    """Take replies."""
    async with database.write() as session:
        return await pull.replies(session, UIN, app_id, limit)


async def ids(database: Database, app_id: int = UIN, limit: int = 100) -> list[int]:
    """Take statuses and name their messages."""
    return [status.message_id for status in await statuses(database, app_id, limit)]


async def waiting(database: Database) -> tuple[list[int], list[int]]:
    """Give the messages whose statuses, and whose replies, wait in any queue."""
    async with database.read() as session:
        statuses = await session.exec(select(PullStatusRow).order_by(col(PullStatusRow.id)))
        replies = await session.exec(select(PullReplyRow).order_by(col(PullReplyRow.id)))
        return [each.message_id for each in statuses], [each.message_id for each in replies]


async def queue(database: Database, app_id: int = UIN) -> PullQueueRow:
    """Give a queue that is on."""
    async with database.read() as session:
        row = await pull_setting.find(session, UIN, app_id)
    assert row is not None
    return row


async def happen(database: Database, count: int, first: int = 1, at: datetime = START) -> None:
    """Let receipts of messages come."""
    events = [pushing.receipt(number, at=at) for number in range(first, first + count)]
    await pushing.happen(database, *events)
