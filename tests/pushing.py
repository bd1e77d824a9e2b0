"""Callbacks with events that wait, and a pusher that does what there is to do at one moment."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from sqlmodel import col, select

from db import callback, callback_setting
from db.callback import REPLIES, CallbackEventRow, CallbackRow
from db.callback_push import CallbackPushRow
from db.session import Database
from db.vault import Vault
from delivery.callback.pusher import Pusher, PusherSettings
from domain.callback import Heard, ReplyEvent, Sender, StatusEvent
from domain.callback_signature import new_secret
from tests import sending
from tests.console import KEY, START, Clock
from tests.posting import Post

VAULT = Vault(KEY)
SECRET = new_secret()
UIN = 12_345_678
URL = "https://hooks.example/sms"
BROKEN = Heard(status=500)


async def add_callback(
    database: Database, *, uin: int = UIN, replies: bool = False, url: str = URL
) -> int:
    """Add an account whose application, or whose replies, have a callback; gives its id."""
    await sending.add_account(database, START, uin=uin)
    async with database.write() as session:
        app_id = REPLIES if replies else uin
        row = await callback_setting.add(
            session, uin, app_id, url, VAULT, SECRET, enabled=True, now=START
        )
        return row.id


def receipt(message_id: int, *, uin: int = UIN, at: datetime = START) -> StatusEvent:
    """Make the event of a receipt."""
    return StatusEvent(
        account_uin=uin,
        app_id=uin,
        message_id=message_id,
        phone="+8613800138000",
        delivered=True,
        code="DELIVRD",
        at=at,
    )


def reply(message_id: int, text: str = "Y") -> ReplyEvent:
    """Make the event of a reply."""
    return ReplyEvent(
        account_uin=UIN,
        app_id=UIN,
        message_id=message_id,
        phone="+8613800138000",
        text=text,
        signature_id=UIN,
        at=START,
    )


async def happen(database: Database, *events: StatusEvent | ReplyEvent) -> None:
    """Let events happen in one transaction."""
    async with database.write() as session:
        await callback.status(session, [each for each in events if isinstance(each, StatusEvent)])
        await callback.reply(session, [each for each in events if isinstance(each, ReplyEvent)])


async def receipts(database: Database, ids: Iterable[int], *, uin: int = UIN) -> None:
    """Let the receipts of these messages come at once."""
    await happen(database, *(receipt(message_id, uin=uin) for message_id in ids))


async def push(database: Database, send: Sender, clock: Clock, **settings: Any) -> None:
    """Let a new pusher do whatever there is to do now."""

    async def pause(event: asyncio.Event, _seconds: float) -> None:
        if pusher.busy:
            await event.wait()
        else:
            pusher.stop()

    pusher = Pusher(database, VAULT, send, clock, PusherSettings(**settings), pause)
    async with asyncio.timeout(30):
        await pusher.run()


def sids(post: Post) -> list[int]:
    """Give the messages a status push tells of, in its order."""
    return [message_of(event["sid"]) for event in orjson.loads(post.body)]


def message_of(sid: str) -> int:
    """Give the message a serial number is of; these tests have one of number 0, too."""
    return int(sid.removeprefix("5000:")[10:])


def tells_of(body: bytes) -> list[int]:
    """Give the messages a body tells of."""
    return [message_of(event["sid"]) for event in orjson.loads(body)]


def texts(posts: Iterable[Post]) -> list[str]:
    """Give the texts of pushed replies."""
    return [orjson.loads(post.body)["text"] for post in posts]


async def rows(database: Database, table: Any) -> list[Any]:
    """Give the rows of a table, oldest first."""
    async with database.read() as session:
        return list((await session.exec(select(table).order_by(col(table.id)))).all())


async def callbacks(database: Database) -> list[CallbackRow]:
    """Give every callback."""
    return await rows(database, CallbackRow)


async def pushes(database: Database) -> list[CallbackPushRow]:
    """Give every push that is not taken."""
    return await rows(database, CallbackPushRow)


async def events(database: Database) -> list[CallbackEventRow]:
    """Give every event that is not taken."""
    return await rows(database, CallbackEventRow)
