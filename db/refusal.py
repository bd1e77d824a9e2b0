"""What rules refuse of a batch, in the transaction that takes it and before any carrier has it.

The order is that of a send's checks: blocklist and unsubscriptions first (domain.md 1.6).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from db import blocklist, listed
from db.queue import Claimed
from domain import blocklist as blocklist_rules
from domain.carrier import Answer, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The part of the installation's terms that a refusal depends on."""

    blocklist_delay: timedelta


async def refused(
    session: AsyncSession, batch: Sequence[Claimed], now: datetime, rules: Rules
) -> list[Answer]:
    """Give the answer to each message that must not be submitted; each list takes one statement."""
    added_by = blocklist_rules.in_force_since(now, rules.blocklist_delay)
    blocked = await listed.among(session, batch, blocklist.TABLE, blocklist.in_force(added_by))
    return _answers(batch, blocked, blocklist_rules.CODE)


def _answers(batch: Iterable[Claimed], listed_ids: frozenset[int], code: str) -> list[Answer]:
    return [
        Answer(message.id, Verdict.REFUSED, code=code)
        for message in batch
        if message.id in listed_ids
    ]
