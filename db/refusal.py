"""What rules refuse of a batch, in the transaction that takes it and before any carrier has it.

The order is that of a send's checks: blocklist and unsubscriptions first (domain.md 1.6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final, NamedTuple

from sqlalchemy import and_, bindparam, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import blocklist, listed, unsubscription
from db.application import ApplicationRow
from db.batch import Rows, given
from db.dialect import is_postgresql
from db.message import TABLE as MESSAGE
from db.queue import Claimed
from db.task import BulkTaskRow
from domain import blocklist as blocklist_rules
from domain import unsubscription as unsubscription_rules
from domain.carrier import Answer, Verdict
from domain.send_check import NO_APPLICATION

_APPLICATION: Final = ApplicationRow.metadata.tables["application"]
_CODES: Final = (blocklist_rules.CODE, unsubscription_rules.CODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The part of the installation's terms that a refusal depends on."""

    blocklist_delay: timedelta


async def refused(
    session: AsyncSession, batch: Sequence[Claimed], now: datetime, rules: Rules
) -> list[Answer]:
    """Give the answer to each message that must not be submitted; one statement for both lists."""
    added_by = blocklist_rules.in_force_since(now, rules.blocklist_delay)
    query = _finding(postgresql=is_postgresql(session))
    # Of two lists that have a number, the first is told.
    first: dict[int, int] = {}
    for message_id, place in await listed.among(session, batch, query, added_by=added_by):
        first[message_id] = min(place, first.get(message_id, place))
    refused_by = sorted((place, message_id) for message_id, place in first.items())
    return [
        Answer(message_id, Verdict.REFUSED, code=_CODES[place]) for place, message_id in refused_by
    ]


async def of_deleted(session: AsyncSession, batch: Sequence[Claimed]) -> list[Answer]:
    """Give the answer to single messages whose application was deleted since.

    A restore brings the application back and none of them: most are passwords of that moment.
    """
    asked = {one.app_id for one in batch if one.task_id is None}
    if not asked:
        return []
    gone = select(_APPLICATION.c.id).where(
        _APPLICATION.c.id.in_(asked), _APPLICATION.c.deleted_at.is_not(None)
    )
    deleted = set((await (await session.connection()).execute(gone)).scalars())
    return [
        Answer(one.id, Verdict.REFUSED, code=NO_APPLICATION)
        for one in batch
        if one.task_id is None and one.app_id in deleted
    ]


@cache
def _finding(*, postgresql: bool) -> Rows:
    added_by = bindparam("added_by", type_=blocklist.TABLE.c.added_at.type)
    lists = (
        (blocklist.TABLE, blocklist.in_force(added_by)),
        (unsubscription.TABLE, unsubscription.in_force()),
    )
    return Rows(listed.finding(lists, postgresql=postgresql))


class InForce(NamedTuple):
    """The entries that are in force for a task, so far that a change of them shows."""

    blocked: int = 0
    blocked_ids: int = 0
    unsubscribed: int = 0
    unsubscribed_ids: int = 0


async def in_force(
    session: AsyncSession, tasks: Sequence[BulkTaskRow], now: datetime, rules: Rules
) -> dict[int, InForce]:
    """Give numbers and sums of ids of the entries in force at the time each task is for.

    It reads the lists of the tasks' signatures and no message: two statements for all tasks.
    """
    delay = rules.blocklist_delay
    keys = {
        row.id: (row.account_uin, row.signature_id or listed.UNSIGNED, row.sms_type)
        for row in tasks
    }
    moments = {
        row.id: blocklist_rules.in_force_since(max(row.scheduled_at or now, now), delay)
        for row in tasks
    }
    added_by = {(*keys[row.id], moments[row.id]) for row in tasks}
    blocked = await listed.sums(session, blocklist.TABLE, list(added_by), "added_at")
    left = unsubscription.in_force()
    unsubscribed = await listed.sums(
        session, unsubscription.TABLE, list(set(keys.values())), in_force=left
    )
    return {
        row.id: InForce(*blocked[*keys[row.id], moments[row.id]], *unsubscribed[keys[row.id]])
        for row in tasks
    }


async def expected(
    session: AsyncSession, tasks: Sequence[BulkTaskRow], now: datetime, rules: Rules
) -> dict[int, tuple[int, int]]:
    """Count the messages of tasks that the blocklist, and that unsubscriptions, will refuse.

    As things stand now, at the time each task is for: one statement for all of them. A message
    that both refuse counts for the blocklist, as it will.
    """
    blocked, unsubscribed = blocklist.TABLE, unsubscription.TABLE
    delay = rules.blocklist_delay
    sent = ((row.id, max(row.scheduled_at or now, now)) for row in tasks)
    asked = given(
        session,
        (MESSAGE.c.task_id, blocked.c.added_at),
        ((task_id, blocklist_rules.in_force_since(at, delay)) for task_id, at in sent),
    )
    by_blocklist = and_(listed.about(blocked), blocked.c.added_at <= asked.c.added_at)
    by_reply = and_(listed.about(unsubscribed), unsubscription.in_force(), blocked.c.id.is_(None))
    query = (
        select(asked.c.task_id, func.count(blocked.c.id), func.count(unsubscribed.c.id))
        .join(MESSAGE, MESSAGE.c.task_id == asked.c.task_id)
        .outerjoin(blocked, by_blocklist)
        .outerjoin(unsubscribed, by_reply)
        .group_by(asked.c.task_id)
    )
    found = {row.id: (0, 0) for row in tasks}
    for task_id, *counts in await (await session.connection()).execute(query):
        found[task_id] = (counts[0], counts[1])
    return found
