"""Queues to pull from: whether they are on, and what waits in them (API-3)."""

from datetime import datetime
from typing import Annotated

import strawberry

from db import application as applications
from db import pull_setting as settings
from db.pull import OF_REPLIES, PullQueueRow
from db.session import AsyncSession
from domain.pull import KEPT, WAITING_MOST
from graph.context import Context, Info
from graph.frequency import ApplicationId
from graph.guard import mutation, query
from graph.node import key_of
from graph.payload import Payload
from graph.target import on_application
from policies import actions

KIND = "Application"


@strawberry.type(
    description=(
        f"What waits to be pulled. A record waits for {KEPT.days} days, and {WAITING_MOST:,} at "
        "most: then the oldest are dropped."
    )
)
class PullQueue:
    """A queue that is on."""

    since: datetime = strawberry.field(description="When pulling was switched on.")
    waiting: int = strawberry.field(
        description=f"Records that wait; {settings.COUNTED_MOST:,} are counted at most."
    )
    oldest_at: datetime | None = strawberry.field(
        description="When the first of them happened; null while none waits."
    )
    dropped: int = strawberry.field(
        description="Records that were dropped since then, because nobody pulled them in time."
    )
    dropped_at: datetime | None = strawberry.field(description="When that last happened.")

    @classmethod
    async def of(cls, session: AsyncSession, row: PullQueueRow) -> "PullQueue":
        """Show a queue and what waits in it."""
        waiting, oldest_at = await settings.standing(session, row)
        return cls(
            since=row.since,
            waiting=waiting,
            oldest_at=oldest_at,
            dropped=row.dropped,
            dropped_at=row.dropped_at,
        )


@strawberry.input(description="Whether records are kept to be pulled.")
class PullInput:
    """The switch of a queue."""

    enabled: bool = strawberry.field(
        description="Switched off, nothing more is kept, and what waits is dropped."
    )


@strawberry.type(description="A queue after it was switched.")
class PullQueuePayload(Payload):
    """The queue, or the problems."""

    queue: PullQueue | None = strawberry.field(
        default=None, description="The queue; null when it is off."
    )


Input = Annotated[PullInput, strawberry.argument(description="Whether it is on.")]


@strawberry.type
class PullQueueQuery:
    """Root fields that show queues to pull from."""

    @query(actions.DESCRIBE_CALLBACK_INFO, on=on_application("application_id"))
    async def status_pull_queue(
        self, info: Info, application_id: ApplicationId
    ) -> PullQueue | None:
        """What waits of an application's statuses to be pulled; null while pulling is off."""
        return await _find(info.context, key_of(application_id, KIND))

    @query(actions.DESCRIBE_REPLY_URL)
    async def reply_pull_queue(self, info: Info) -> PullQueue | None:
        """What waits of the account's replies to be pulled; null while pulling is off."""
        return await _find(info.context, OF_REPLIES)


@strawberry.type
class PullQueueMutation:
    """Root fields that switch queues to pull from."""

    @mutation(actions.MODIFY_CALLBACK_INFO, on=on_application("application_id"))
    async def status_pull_update(
        self,
        info: Info,
        application_id: ApplicationId,
        input: Input,  # noqa: A002 - the schema's name
    ) -> PullQueuePayload:
        """Keep an application's statuses to be pulled, beside its event callback or instead."""
        context, key = info.context, key_of(application_id, KIND)
        async with context.change() as session:
            await applications.changing(session, context.owner, key)
            return await _switch(session, context, key, on=input.enabled)

    @mutation(actions.MODIFY_REPLY_URL)
    async def reply_pull_update(
        self,
        info: Info,
        input: Input,  # noqa: A002 - the schema's name
    ) -> PullQueuePayload:
        """Keep the account's replies to be pulled, beside its reply callback or instead."""
        async with info.context.change() as session:
            return await _switch(session, info.context, OF_REPLIES, on=input.enabled)


async def _find(context: Context, app_id: int) -> PullQueue | None:
    async with context.database.read() as session:
        row = await settings.find(session, context.owner, app_id)
        return await PullQueue.of(session, row) if row else None


async def _switch(
    session: AsyncSession, context: Context, app_id: int, *, on: bool
) -> PullQueuePayload:
    row = await settings.switch(session, context.owner, app_id, on=on, now=context.now)
    return PullQueuePayload(queue=await PullQueue.of(session, row) if row else None)
