"""Telling alarm contacts: each job is one try, and asks for the next one where that failed (ALM-2).

A try that fails leaves its reason and a later job in one transaction, so nothing waits in memory.
Text messages go into the platform's own queue, where a message is made once for a notification,
whatever dies. A mail server that dies after it took a mail, or a worker after it handed one over,
may cost one mail twice: both carry the same Message-ID.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from db import notification, platform
from db.session import Database
from delivery import mail
from delivery.mail import MailError
from delivery.step import Job, Tools, step
from domain.alarm import Channel

log = logging.getLogger(__name__)

FORGOTTEN_AT_ONCE: Final = 1_000
REST: Final = 3_600.0
NO_SERVER: Final = (
    "no mail server is set: set SMS_CONSOLE_SMTP_HOST and SMS_CONSOLE_SMTP_FROM, restart, and send "
    "this again"
)
OUR_FAULT: Final = "something went wrong on our side: the log of the worker says what"


@dataclass(frozen=True, slots=True)
class Tried:
    """How a try to send a mail ended; without an error it was taken."""

    error: str = ""
    for_good: bool = False


async def notify(tools: Tools, job: Job) -> None:
    """Try to send one notification; one that was sent already is left alone."""
    try:
        tried = await step("send", partial(_send, tools, job))
    except Exception:
        log.exception("job %s: telling notification %s failed", job.id, job.subject_id)
        tried = Tried(OUR_FAULT)
    if tried is not None:
        await step("note", partial(_note, tools, job, tried))


async def _send(tools: Tools, job: Job) -> Tried | None:
    """Send a mail and say how that went; a text message is queued and noted at once."""
    async with tools.database.read() as session:
        row = await notification.waiting(session, job.subject_id)
    if row is None:
        return None
    if row.channel is Channel.SMS:
        async with tools.database.write() as session:
            held = await notification.waiting(session, job.subject_id, hold=True)
            if held is not None:
                await platform.send(session, held, tools.clock())
        return None
    if tools.mail is None:
        return Tried(NO_SERVER, for_good=True)
    try:
        await mail.send(tools.mail, mail.compose(row, tools.mail.sender))
    except MailError as error:
        return Tried(str(error), error.for_good)
    return Tried()


async def _note(tools: Tools, job: Job, tried: Tried) -> None:
    async with tools.database.write() as session:
        row = await notification.waiting(session, job.subject_id, hold=True)
        if row is None:
            return
        if tried.error:
            await notification.failed(
                session, row, tried.error, tools.clock(), for_good=tried.for_good
            )
        else:
            notification.sent(row, tools.clock())


class Outbox:
    """Forgets notifications after 90 days; several workers may do so at once."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def step(self) -> float:
        """Forget some; gives in how many seconds to look again, 0 when more is left."""
        before = self._clock() - notification.KEPT
        async with self._database.write() as session:
            gone = await notification.forget(session, before, FORGOTTEN_AT_ONCE)
        return 0 if gone == FORGOTTEN_AT_ONCE else REST
