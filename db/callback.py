"""Callbacks (CFG-2, RPL-1): the URLs events are pushed to, and the events that wait for it.

Events are written in the transaction of what they tell of, so none is lost and none is made up.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Index, UniqueConstraint, and_, select, text
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db import pull
from db.account import AccountRow
from db.application import ApplicationRow
from db.batch import given
from db.dialect import BigId, insert
from db.pull import QUEUE
from db.signature import SignatureRow
from db.vault import Vault
from domain.callback import ReplyEvent, StatusEvent

REPLIES: Final = 0
"""Stands for the application of an account's reply callback, which belongs to none."""
URL_MOST: Final = 1_000
ERROR_MOST: Final = 300

# What partial indexes cover; a query has to repeat these words for the index to be used.
FRESH: Final = text("push_id IS NULL")
PUSHED: Final = text("push_id IS NOT NULL")


class CallbackRow(SQLModel, table=True):
    """One URL: the event callback of application `app_id`, or with `REPLIES` the reply callback.

    `sealed_old` signs beside the secret until `old_until`. `failures` counts pushes that failed in
    a row; from the second on nothing is pushed before `held_until`. `claimed_by` pushes alone
    until `claimed_until`.
    """

    __tablename__ = "callback"
    __table_args__ = (UniqueConstraint("account_uin", "app_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    app_id: int = Field(index=True, sa_type=BigId)
    url: str = Field(max_length=URL_MOST)
    enabled: bool
    sealed_secret: str = Field(max_length=200)
    sealed_old: str | None = Field(default=None, max_length=200)
    old_until: datetime | None = None
    changed_at: datetime
    tested_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    held_until: datetime | None = None
    suspended_at: datetime | None = None
    error: str = Field(default="", max_length=ERROR_MOST)
    error_at: datetime | None = None
    pushed_at: datetime | None = None
    claimed_by: str | None = Field(default=None, max_length=64)
    claimed_until: datetime | None = None


class CallbackEventRow(SQLModel, table=True):
    """One event that is not delivered yet, as JSON; `push_id` once it was put into a push.

    `at` is when it happened: for receipts and replies the carrier's time.

    Its id says its place: a message's earlier event has the lower one, because whoever writes an
    event holds the message until the transaction ends.
    """

    __tablename__ = "callback_event"
    __table_args__ = (
        Index(
            "ix_callback_event_fresh",
            "callback_id",
            "id",
            sqlite_where=FRESH,
            postgresql_where=FRESH,
        ),
        Index(
            "ix_callback_event_push", "push_id", "id", sqlite_where=PUSHED, postgresql_where=PUSHED
        ),
        Index(
            "ix_callback_event_message",
            "callback_id",
            "message_id",
            sqlite_where=PUSHED,
            postgresql_where=PUSHED,
        ),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    callback_id: int = Field(sa_type=BigId)
    message_id: int = Field(sa_type=BigId)
    push_id: int | None = Field(default=None, sa_type=BigId)
    body: str
    at: datetime


class Sealed(NamedTuple):
    """The secrets of a callback; the old one signs beside the other until `old_until`."""

    place: str
    secret: str
    old: str | None
    old_until: datetime | None

    def signers(self, vault: Vault, now: datetime) -> list[str]:
        """Give the secrets that sign at `now`, the one in force first; raises SealBroken."""
        sealed = [self.secret]
        if self.old and self.old_until and now < self.old_until:
            sealed.append(self.old)
        return [vault.open(each, self.place) for each in sealed]


def place(account_uin: int, app_id: int) -> str:
    """Name the place a callback's secrets are sealed for."""
    return f"callback/{account_uin}/{app_id}"


CALLBACK: Final = CallbackRow.metadata.tables["callback"]
EVENT: Final = CallbackEventRow.metadata.tables["callback_event"]
_ACCOUNT: Final = AccountRow.metadata.tables["account"]
_APPLICATION: Final = ApplicationRow.metadata.tables["application"]
_SIGNATURE: Final = SignatureRow.metadata.tables["signature"]


async def status(session: AsyncSession, rows: Sequence[StatusEvent]) -> None:
    """Queue status events of applications whose event callback is on, or who pull them, or both.

    One statement when no application does either, else two more to push and one to be pulled,
    whatever the number of events.
    """
    if not rows:
        return
    query = (
        select(_APPLICATION.c.id, CALLBACK.c.id, QUEUE.c.id, _ACCOUNT.c.time_zone)
        .join(_ACCOUNT, _ACCOUNT.c.uin == _APPLICATION.c.account_uin)
        .outerjoin(
            CALLBACK, and_(CALLBACK.c.app_id == _APPLICATION.c.id, CALLBACK.c.enabled.is_(True))
        )
        .outerjoin(QUEUE, QUEUE.c.app_id == _APPLICATION.c.id)
        .where(
            _APPLICATION.c.id.in_({event.app_id for event in rows}),
            _APPLICATION.c.deleted_at.is_(None),
        )
    )
    found = (await (await session.connection()).execute(query)).all()
    pushed = {row[0]: (row[1], ZoneInfo(row[3])) for row in found if row[1]}
    pulled: dict[int, int] = {row[0]: row[2] for row in found if row[2]}
    await _push_statuses(session, pushed, [event for event in rows if event.app_id in pushed])
    taken = [(pulled[event.app_id], event) for event in rows if event.app_id in pulled]
    await pull.add_statuses(session, taken)


async def reply(session: AsyncSession, rows: Sequence[ReplyEvent]) -> None:
    """Queue replies of accounts whose reply callback is on, or who pull them, or both.

    One statement when no account does either, else two more to push and one to be pulled, whatever
    the number of replies.
    """
    if not rows:
        return
    uin = _ACCOUNT.c.uin
    on = and_(
        CALLBACK.c.account_uin == uin, CALLBACK.c.app_id == REPLIES, CALLBACK.c.enabled.is_(True)
    )
    query = (
        select(uin, CALLBACK.c.id, QUEUE.c.id)
        .outerjoin(CALLBACK, on)
        .outerjoin(QUEUE, and_(QUEUE.c.account_uin == uin, QUEUE.c.app_id == pull.OF_REPLIES))
        .where(uin.in_({event.account_uin for event in rows}))
    )
    found = (await (await session.connection()).execute(query)).all()
    pushed: dict[int, int] = {row[0]: row[1] for row in found if row[1]}
    pulled: dict[int, int] = {row[0]: row[2] for row in found if row[2]}
    await _push_replies(session, pushed, [event for event in rows if event.account_uin in pushed])
    taken = [(pulled[event.account_uin], event) for event in rows if event.account_uin in pulled]
    await pull.add_replies(session, taken)


async def _push_statuses(
    session: AsyncSession,
    pushed: Mapping[int, tuple[int, ZoneInfo]],
    heard: Sequence[StatusEvent],
) -> None:
    if not heard:
        return
    created = await pull.created(session, [event.message_id for event in heard])
    queued = []
    for event in heard:
        callback_id, zone = pushed[event.app_id]
        # The month of the message may be gone; its number names it anyway.
        told = event.payload(zone, created.get(event.message_id, event.at))
        body = orjson.dumps(told).decode()
        queued.append((callback_id, event.message_id, body, event.at))
    await _queue(session, queued)


async def _push_replies(
    session: AsyncSession, pushed: Mapping[int, int], heard: Sequence[ReplyEvent]
) -> None:
    if not heard:
        return
    signs = await _signs(session, {event.signature_id for event in heard if event.signature_id})
    await _queue(
        session,
        [
            (
                pushed[event.account_uin],
                event.message_id,
                orjson.dumps(event.payload(signs.get(event.signature_id or 0, ""))).decode(),
                event.at,
            )
            for event in heard
        ],
    )


async def _signs(session: AsyncSession, signature_ids: Collection[int]) -> Mapping[int, str]:
    query = select(_SIGNATURE.c.id, _SIGNATURE.c.content).where(_SIGNATURE.c.id.in_(signature_ids))
    return {row[0]: row[1] for row in await (await session.connection()).execute(query)}


async def _queue(session: AsyncSession, rows: Sequence[tuple[int, int, str, datetime]]) -> None:
    if not rows:
        return
    columns = EVENT.c
    # The place of each is handed over as an id, so that ids are given in this order.
    numbered = [(place, *row) for place, row in enumerate(rows)]
    taken = (columns.callback_id, columns.message_id, columns.body, columns.at)
    table = given(session, (columns.id, *taken), numbered)
    ordered = select(*(table.c[column.name] for column in taken)).order_by(table.c.id)
    statement = insert(session, EVENT).from_select([column.name for column in taken], ordered)
    await (await session.connection()).execute(statement)
