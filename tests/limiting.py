"""Messages held to frequency limits as a worker does it, without the carrier."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import select

from db import allowlist, frequency_check, queue
from db.frequency import FrequencyDayRow
from db.queue import Claimed
from db.session import Database
from domain.carrier import Answer
from domain.frequency import GUIDE, Limits
from domain.number import Number
from domain.region import Region
from tests import sending
from tests.console import START as NOW

ONE, TWO, THREE = sending.phones(3)
SECOND = timedelta(seconds=1)


async def take(
    database: Database,
    now: datetime = NOW,
    *,
    limits: Limits = GUIDE,
    worker: str = "one",
    limit: int = 100,
) -> tuple[list[Claimed], list[Answer]]:
    """Take a batch as a worker does; gives what passed and what was refused."""
    async with database.write() as session:
        request = sending.request(now, worker=worker, limit=limit)
        batch = await queue.claim(session, request)
        texts = {message.id: message.params for message in batch}
        refused = await frequency_check.check(session, batch, texts, now, limits)
        await sending.sifted(session, request, batch, refused)
    gone = {answer.message_id for answer in refused}
    return [message for message in batch if message.id not in gone], refused


async def send(
    database: Database, phones: Sequence[str], now: datetime = NOW, **how: Any
) -> list[str]:
    """Send a task whose rows differ, and give the codes of those that did not pass."""
    await sending.add_task(database, now, phones)
    passed, refused = await take(database, now, **how)
    await sending.record(database, *map(sending.accepted, passed))
    assert len(passed) + len(refused) == len(phones)
    return [answer.code for answer in refused]


async def allow(database: Database, account: int, *phones: str) -> None:
    numbers = [Number(phone, "CN", "86", Region.MAINLAND) for phone in phones]
    async with database.write() as session:
        await allowlist.add(session, account, account, numbers, NOW, account)


async def used(database: Database, app_id: int) -> tuple[str, int]:
    async with database.read() as session:
        query = select(FrequencyDayRow).where(FrequencyDayRow.app_id == app_id)
        row = (await session.exec(query)).one()
    return row.day, row.used
