"""The event callback of an application: where its receipts are pushed to (CFG-2)."""

from zoneinfo import ZoneInfo

import strawberry

from db import account
from db import application as applications
from db import callback_setting as settings
from domain import callback as rules
from graph import callback_change as callback
from graph.callback import (
    Callback,
    CallbackPayload,
    CallbackPush,
    CallbackReplayPayload,
    CallbackTestPayload,
    Input,
    ReplayInput,
)
from graph.connection import After, Connection, First
from graph.context import Info
from graph.frequency import ApplicationId
from graph.guard import mutation, query
from graph.limits import PAGE
from graph.node import key_of
from graph.target import on_application
from policies import actions

KIND = "Application"


@strawberry.type
class EventCallbackQuery:
    """Root fields that read event callbacks."""

    @query(actions.DESCRIBE_CALLBACK_INFO, on=on_application("application_id"))
    async def event_callback(self, info: Info, application_id: ApplicationId) -> Callback | None:
        """The event callback of an application; null when none was set."""
        return await callback.find(info.context, key_of(application_id, KIND))

    @query(actions.DESCRIBE_CALLBACK_INFO, on=on_application("application_id"))
    async def event_callback_parked(
        self,
        info: Info,
        application_id: ApplicationId,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[CallbackPush] | None:
        """Pushes of receipts that were given up, the last one first; they can be replayed."""
        return await callback.parked(info.context, key_of(application_id, KIND), first, after)


@strawberry.type
class EventCallbackMutation:
    """Root fields that change event callbacks."""

    @mutation(actions.MODIFY_CALLBACK_INFO, on=on_application("application_id"))
    async def event_callback_update(
        self,
        info: Info,
        application_id: ApplicationId,
        input: Input,  # noqa: A002 - the schema's name
    ) -> CallbackPayload:
        """Set where an application's receipts are pushed to, and switch it on or off.

        The first time makes the signing secret. Switched off, nothing new is queued, and what
        waits is kept until it is switched on again.
        """
        context, key = info.context, key_of(application_id, KIND)
        async with context.change() as session:
            # Two first settings at once would make two callbacks.
            await applications.changing(session, context.owner, key)
            if await settings.owned(session, context.owner, key):
                return await callback.change(session, context, key, input)
            return await callback.add(session, context, key, input)

    @mutation(actions.MODIFY_CALLBACK_INFO, on=on_application("application_id"))
    async def event_callback_secret_rotate(
        self, info: Info, application_id: ApplicationId
    ) -> CallbackPayload:
        """Replace the signing secret; for 24 hours the old one signs beside it."""
        return await callback.rotate(info.context, key_of(application_id, KIND))

    @mutation(actions.MODIFY_CALLBACK_INFO, on=on_application("application_id"))
    async def event_callback_test(
        self, info: Info, application_id: ApplicationId
    ) -> CallbackTestPayload:
        """Push a sample to the URL, on or off, and tell what it answers; every 5 s at most."""
        context = info.context
        async with context.database.read() as session:
            row = await account.existing(session, context.owner)
        sample = rules.sample_status(context.now).payload(ZoneInfo(row.time_zone), context.now)
        return await callback.test(context, key_of(application_id, KIND), [sample])

    @mutation(actions.MODIFY_CALLBACK_INFO, on=on_application("application_id"))
    async def event_callback_replay(
        self,
        info: Info,
        application_id: ApplicationId,
        input: ReplayInput = None,  # noqa: A002 - the schema's name
    ) -> CallbackReplayPayload:
        """Push again what was given up, and resume a callback that is suspended."""
        return await callback.replay(info.context, key_of(application_id, KIND), input)
