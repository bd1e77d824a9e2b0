"""Messages that move by a receipt: written, counted and told of in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import update
from sqlmodel.ext.asyncio.session import AsyncSession

from db import callback
from db.batch import given
from db.message import CODE_MOST
from db.message import TABLE as MESSAGE
from db.tally import Countable, Tally
from domain.callback import StatusEvent
from domain.carrier import Receipt
from domain.message import MessageEvent, MessageStatus, step
from domain.region import Region

EVENTS: Final = {True: MessageEvent.DELIVER, False: MessageEvent.FAIL}
"""What a receipt does to its message, by whether that was delivered."""
_FREE: Final[dict[str, Any]] = {"claimed_by": None, "claimed_until": None}


class Message(NamedTuple):
    """A message as a receipt finds it; `reference` is the carrier's id of its first part."""

    id: int
    reference: str | None
    state: MessageStatus
    phone: str
    submitted_at: datetime | None
    account_uin: int
    region: Region
    app_id: int
    template_id: int
    country: str
    task_id: int | None
    segments: int


class Fate(NamedTuple):
    """What a message becomes, by which code, and when."""

    message: Message
    state: MessageStatus
    code: str
    at: datetime


class Settled(Countable, Protocol):
    """A message that was written down with its answer and its receipt at once."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def phone(self) -> str:
        """Whom it is for, in E.164."""


async def move(session: AsyncSession, fates: Sequence[Fate], tally: Tally) -> None:
    """Move messages, count them, and queue what their applications want to be told."""
    if not fates:
        return
    columns = MESSAGE.c
    rows = ((fate.message.id, fate.state, fate.code, fate.at) for fate in fates)
    table = given(session, (columns.id, columns.state, columns.code, columns.done_at), rows)
    statement = update(MESSAGE).where(MESSAGE.c.id == table.c.id)
    own = {name: table.c[name] for name in ("state", "code", "done_at")}
    await (await session.connection()).execute(statement.values({**own, **_FREE}))
    await _tell(session, fates, tally)


async def count_settled(
    session: AsyncSession, settled: Sequence[tuple[Settled, Receipt]], at: datetime, tally: Tally
) -> None:
    """Count receipts of messages that were accepted at `at`, and are counted as that."""
    fates = [
        Fate(
            message=Message(
                id=message.id,
                reference=one.reference,
                state=MessageStatus.SUBMITTED,
                phone=message.phone,
                submitted_at=at,
                account_uin=message.account_uin,
                region=message.region,
                app_id=message.app_id,
                template_id=message.template_id,
                country=message.country,
                task_id=message.task_id,
                segments=message.segments,
            ),
            state=step(MessageStatus.SUBMITTED, EVENTS[one.delivered]),
            code=one.code[:CODE_MOST],
            at=max(one.at, at),
        )
        for message, one in settled
    ]
    await _tell(session, fates, tally)


async def _tell(session: AsyncSession, fates: Sequence[Fate], tally: Tally) -> None:
    if not fates:
        return
    await tally.include(session, {fate.message.account_uin for fate in fates})
    for fate in fates:
        message, at = fate.message, fate.message.submitted_at or fate.at
        if message.state is not MessageStatus.SUBMITTED:
            tally.accepted(message, at)
        if fate.state is MessageStatus.DELIVERED:
            tally.delivered(message, at)
        else:
            tally.failed(message, at, fate.code)
    await callback.status(session, [_told(fate) for fate in fates])


def _told(fate: Fate) -> StatusEvent:
    message = fate.message
    return StatusEvent(
        account_uin=message.account_uin,
        app_id=message.app_id,
        message_id=message.id,
        phone=message.phone,
        delivered=fate.state is MessageStatus.DELIVERED,
        code=fate.code,
        at=fate.at,
    )
