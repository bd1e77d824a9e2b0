"""Steps of durable workflows: done once each, again and again until they succeed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from dbos import DBOS, StepOptions

from db.session import Database
from db.store import Store
from delivery.mail import MailServer
from delivery.trace import span
from domain.terms import Terms

ATTEMPTS: Final = 8
FIRST_PAUSE: Final = 0.5  # seconds; doubled after each failure, so the last try is a minute later

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Tools:
    """What the work behind a workflow may reach."""

    database: Database
    store: Store
    terms: Terms
    clock: Callable[[], datetime]
    mail: MailServer | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """Which job a workflow carries out, and on what."""

    id: int
    subject_id: int


async def step(name: str, action: Callable[[], Awaitable[Result]]) -> Result:
    """Do `action` as one step of the workflow that calls this.

    Its result is written down, so a workflow that is taken up again does not repeat it. A process
    may die between the action and that, so the action must bear being done twice.
    """
    options = StepOptions(
        name=name, retries_allowed=True, max_attempts=ATTEMPTS, interval_seconds=FIRST_PAUSE
    )

    async def attempt() -> Result:
        with span("workflow step", step=name):
            return await action()

    return await DBOS.run_step_async(options, attempt)
