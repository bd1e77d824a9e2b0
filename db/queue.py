"""The queue of messages: workers take batches of it, and accounts share alike.

Single messages go before tasks, urgent ones first, and what waits for a carrier that has room now
goes before what no carrier was chosen for yet.
"""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    TextClause,
    and_,
    bindparam,
    exists,
    or_,
    select,
    update,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from db import claim_lock, sending
from db.batch import Rows, given
from db.message import PARKED, SINGLE
from db.message import TABLE as MESSAGE
from db.task import BulkTaskRow
from domain.message import MessageEvent, MessageStatus, step
from domain.region import Region, SmsType
from domain.task import TaskStatus

REROUTED_AT_ONCE: Final = 5_000

_TASK: Final = BulkTaskRow.metadata.tables["bulk_task"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who wants how many messages; `after` is the account served last.

    `carriers` are those that have room: of what waits for a carrier, only what waits for them.
    """

    worker: str
    limit: int
    now: datetime
    lease: timedelta
    application_delay: timedelta
    after: int = 0
    carriers: Sequence[str] = ()


class Claimed(NamedTuple):
    """What a worker needs to know of a message to submit it and to count it."""

    id: int
    account_uin: int
    region: Region
    app_id: int
    template_id: int
    task_id: int | None
    segments: int
    signature_id: int | None
    sms_type: SmsType
    phone: str
    country: str
    params: str
    counted_on: str | None


@dataclass(slots=True)
class _Source:
    """Where messages of one account lie, in the order of their ids; `last` is taken already."""

    rows: Rows
    parameters: Mapping[str, Any]
    task_id: int | None = None
    last: int = 0


_Sources = dict[int, deque[_Source]]
_Condition = ColumnElement[bool] | TextClause


def _picks(*where: _Condition) -> Rows:
    query: Select[Any] = (
        select(*(MESSAGE.c[name] for name in Claimed._fields))
        .where(*where, MESSAGE.c.id > bindparam("last"))
        .order_by(MESSAGE.c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(of=MESSAGE, skip_locked=True)
    )
    return Rows(query)


_OF_TASK: Final = and_(
    MESSAGE.c.task_id == bindparam("task"),
    exists().where(_TASK.c.id == bindparam("task"), _TASK.c.status == TaskStatus.SENDING),
)
_OF_APP: Final = and_(
    SINGLE, MESSAGE.c.urgent == bindparam("urgent"), MESSAGE.c.app_id == bindparam("app")
)
_CARRIER: Final = MESSAGE.c.carrier == bindparam("carrier")
_FRESH: Final = _picks(_OF_TASK, MESSAGE.c.state == MessageStatus.QUEUED)
_PARKED: Final = _picks(_OF_TASK, PARKED, _CARRIER)
_FRESH_SINGLES: Final = _picks(_OF_APP, MESSAGE.c.carrier.is_(None))
_PARKED_SINGLES: Final = _picks(_OF_APP, _CARRIER)

_SENDING: Final = exists().where(_TASK.c.status == TaskStatus.SENDING)
_SINGLES: Final = select(MESSAGE.c.id).where(SINGLE).exists()


async def waiting(session: AsyncSession) -> bool:
    """Say whether there may be anything to send: the cheap question an idle worker asks."""
    anything = select(or_(_SENDING, _SINGLES))
    return bool((await (await session.connection()).execute(anything)).scalar())


async def claim(session: AsyncSession, request: Claim) -> list[Claimed]:
    """Pick up to `limit` messages, and hold them until the transaction ends.

    `take`, `park` and `refuse` say what becomes of them. Accounts share alike, and an account's
    share is spread over its oldest tasks; what one leaves goes to the others, so a million of one
    account delay ten of another by one batch.
    """
    claimed: list[Claimed] = []
    parked = exists().where(PARKED, MESSAGE.c.carrier.in_(request.carriers))
    found = await (await session.connection()).execute(select(_SINGLES, parked))
    singles, anything_parked = found.one()
    if singles:
        for urgent in (True, False):
            for carrier in (*request.carriers, None):
                sources = await _singles(session, request, carrier, urgent=urgent)
                await _share_out(session, request, sources, claimed)
    if anything_parked:
        for carrier in request.carriers:
            sources = await _tasks(session, request, carrier)
            await _share_out(session, request, sources, claimed)
    await _share_out(session, request, await _tasks(session, request), claimed)
    return claimed


async def take(
    session: AsyncSession, request: Claim, chosen: Sequence[tuple[Claimed, str]]
) -> None:
    """Mark messages that are held as submitted to these carriers from now on."""
    await _mark(
        session,
        chosen,
        state=step(MessageStatus.QUEUED, MessageEvent.CLAIM),
        claimed_by=request.worker,
        claimed_until=request.now + request.lease,
        attempts=MESSAGE.c.attempts + 1,
    )


async def park(session: AsyncSession, chosen: Sequence[tuple[Claimed, str]]) -> None:
    """Let messages that are held wait for these carriers."""
    await _mark(session, chosen, state=step(MessageStatus.QUEUED, MessageEvent.PARK))


async def reroute(session: AsyncSession, carriers: Collection[str] | None = None) -> int:
    """Queue some of what waits again, for any carrier, and say how many those are.

    With `carriers` only what waits for one of them.
    """
    named = MESSAGE.c.carrier
    # That each has a carrier goes without saying, but not for SQLite's choice of an index.
    picked = select(MESSAGE.c.id).where(
        PARKED, named > "" if carriers is None else named.in_(carriers)
    )
    held = picked.limit(REROUTED_AT_ONCE).with_for_update(skip_locked=True).cte("picked")
    ids = select(held.c.id)
    statement = update(MESSAGE).where(MESSAGE.c.id.in_(ids)).returning(MESSAGE.c.id)
    queued = step(MessageStatus.WAITING, MessageEvent.REROUTE)
    moved = await (await session.connection()).execute(statement.values(state=queued, carrier=None))
    return len(moved.all())


async def _mark(
    session: AsyncSession, chosen: Sequence[tuple[Claimed, str]], **values: Any
) -> None:
    if not chosen:
        return
    rows = ((message.id, carrier) for message, carrier in chosen)
    table = given(session, (MESSAGE.c.id, MESSAGE.c.carrier), rows)
    statement = update(MESSAGE).where(MESSAGE.c.id == table.c.id)
    await (await session.connection()).execute(statement.values(carrier=table.c.carrier, **values))


async def _singles(
    session: AsyncSession, request: Claim, carrier: str | None, *, urgent: bool
) -> _Sources:
    found = await sending.applications(session, request, carrier, urgent=urgent)
    rows = _FRESH_SINGLES if carrier is None else _PARKED_SINGLES
    return {
        account_uin: deque(
            _Source(rows, {"urgent": urgent, "app": app_id, **_named(carrier)})
            for _, app_id in group
        )
        for account_uin, group in groupby(found, key=lambda row: row[0])
    }


async def _tasks(session: AsyncSession, request: Claim, carrier: str | None = None) -> _Sources:
    found = await sending.tasks(session, request, carrier)
    rows = _FRESH if carrier is None else _PARKED
    return {
        account_uin: deque(
            _Source(rows, {"task": task_id, **_named(carrier)}, task_id) for _, task_id in group
        )
        for account_uin, group in groupby(found, key=lambda row: row[0])
    }


def _named(carrier: str | None) -> dict[str, str]:
    return {} if carrier is None else {"carrier": carrier}


async def _share_out(
    session: AsyncSession, request: Claim, sources: _Sources, claimed: list[Claimed]
) -> None:
    """Add to what is claimed, account by account, up to the limit."""
    while sources and len(claimed) < request.limit:
        share = max(1, (request.limit - len(claimed)) // len(sources))
        for account_uin, own in list(sources.items()):
            wanted = min(share, request.limit - len(claimed))
            claimed += await _take_share(session, own, wanted)
            if not own:
                del sources[account_uin]


async def _take_share(session: AsyncSession, own: deque[_Source], wanted: int) -> list[Claimed]:
    """Spread one account's share over its sources; those with no more messages leave the queue."""
    taken: list[Claimed] = []
    while own and len(taken) < wanted:
        part = max(1, (wanted - len(taken)) // len(own))
        source = own.popleft()
        found = await _pick(session, source, part)
        taken += found
        if len(found) == part:
            own.append(source)
    return taken


async def _pick(session: AsyncSession, source: _Source, most: int) -> list[Claimed]:
    if source.task_id is not None and not await claim_lock.share(session, source.task_id):
        return []
    parameters = {**source.parameters, "last": source.last, "most": most}
    found = [Claimed(*row) for row in await source.rows.all(session, parameters)]
    if found:
        source.last = found[-1].id
    return found
