"""Turns of callbacks, claimed and recorded without a pusher."""

from datetime import timedelta

from sqlmodel import update

from db import callback_outcome, callback_push
from db.callback import CallbackRow
from db.callback_outcome import Outcome
from db.callback_push import Claim, Turn
from db.session import Database
from tests.console import START

LEASE = timedelta(seconds=60)


async def claim(database: Database, worker: str = "one", seconds: float = 0) -> list[Turn]:
    """Claim as a pusher does."""
    request = Claim(
        token=worker,
        working=10,
        failing=10,
        now=START + timedelta(seconds=seconds),
        lease=LEASE,
    )
    async with database.write() as session:
        return await callback_push.claim(session, request)


async def record(database: Database, outcome: Outcome, seconds: float = 0) -> None:
    """Record as a pusher does."""
    async with database.write() as session:
        await callback_outcome.record(session, outcome, START + timedelta(seconds=seconds))


def taken(turn: Turn) -> Outcome:
    """Make the outcome of a turn whose every push was taken."""
    return Outcome(turn, turn.pushes)


def failed(turn: Turn) -> Outcome:
    """Make the outcome of a turn whose first push failed."""
    return Outcome(turn, (), turn.pushes[0], "the URL answered 500")


async def switch(database: Database, **values: object) -> None:
    """Set columns of every callback."""
    async with database.write() as session:
        await session.exec(update(CallbackRow).values(**values))
