"""The reply callback of an account: where recipients' replies are pushed to (RPL-1)."""

import strawberry

from db.callback import REPLIES
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
from graph.guard import mutation, query
from graph.limits import PAGE
from policies import actions


@strawberry.type
class ReplyCallbackQuery:
    """Root fields that read the reply callback."""

    @query(actions.DESCRIBE_REPLY_URL)
    async def reply_callback(self, info: Info) -> Callback | None:
        """The reply callback of the caller's account; null when none was added."""
        return await callback.find(info.context, REPLIES)

    @query(actions.DESCRIBE_REPLY_URL)
    async def reply_callback_parked(
        self, info: Info, first: First = PAGE, after: After = None
    ) -> Connection[CallbackPush] | None:
        """Replies whose push was given up, the last one first; they can be replayed."""
        return await callback.parked(info.context, REPLIES, first, after)


@strawberry.type
class ReplyCallbackMutation:
    """Root fields that change the reply callback."""

    @mutation(actions.ADD_REPLY_URL)
    async def reply_callback_add(
        self,
        info: Info,
        input: Input,  # noqa: A002 - the schema's name
    ) -> CallbackPayload:
        """Add the reply callback of the account, which has one at most; makes its secret."""
        async with info.context.change() as session:
            return await callback.add(session, info.context, REPLIES, input)

    @mutation(actions.MODIFY_REPLY_URL)
    async def reply_callback_update(
        self,
        info: Info,
        input: Input,  # noqa: A002 - the schema's name
    ) -> CallbackPayload:
        """Change where replies are pushed to, and switch it on or off.

        Switched off, nothing new is queued, and what waits is kept until it is switched on again.
        """
        async with info.context.change() as session:
            return await callback.change(session, info.context, REPLIES, input)

    @mutation(actions.MODIFY_REPLY_URL)
    async def reply_callback_secret_rotate(self, info: Info) -> CallbackPayload:
        """Replace the signing secret; for 24 hours the old one signs beside it."""
        return await callback.rotate(info.context, REPLIES)

    @mutation(actions.MODIFY_REPLY_URL)
    async def reply_callback_test(self, info: Info) -> CallbackTestPayload:
        """Push a sample to the URL, on or off, and tell what it answers; every 5 s at most."""
        sample = rules.sample_reply(info.context.now).payload("")
        return await callback.test(info.context, REPLIES, sample)

    @mutation(actions.MODIFY_REPLY_URL)
    async def reply_callback_replay(
        self,
        info: Info,
        input: ReplayInput = None,  # noqa: A002 - the schema's name
    ) -> CallbackReplayPayload:
        """Push again what was given up, and resume a callback that is suspended."""
        return await callback.replay(info.context, REPLIES, input)
