"""What is done to callbacks, the same for the event callback and the reply callback."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

import orjson

from db import callback_setting as settings
from db.callback import CallbackRow
from db.session import AsyncSession
from domain import callback as rules
from domain import callback_answer, callback_signature, callback_url
from domain.errors import Code, Refused
from graph.callback import (
    KIND,
    Callback,
    CallbackInput,
    CallbackPayload,
    CallbackPush,
    CallbackReplayInput,
    CallbackReplayPayload,
    CallbackTestPayload,
    CallbackTestResult,
)
from graph.connection import Connection, connect, page_request
from graph.context import Context
from graph.counter import counter
from graph.node import key_of

BODY_SHOWN: Final = 1024
MAX_IDS: Final = 100


async def shown(session: AsyncSession, row: CallbackRow, context: Context) -> Callback:
    """Show a callback and what it has yet to push."""
    return Callback.of(row, await settings.standing(session, row.id), context.now)


async def find(context: Context, app_id: int) -> Callback | None:
    """Show a callback of the caller's account."""
    async with context.database.read() as session:
        row = await settings.owned(session, context.owner, app_id)
        return await shown(session, row, context) if row else None


async def parked(
    context: Context, app_id: int, first: int, after: str | None
) -> Connection[CallbackPush] | None:
    """List what is parked of a callback, the last one first."""
    page = page_request(first, after, datetime)
    async with context.database.read() as session:
        row = await settings.owned(session, context.owner, app_id)
        if row is None:
            return None
        callback_id = row.id
        found = await settings.parked(session, callback_id, first=page.first, after=page.after)
    return connect(
        [CallbackPush.of(push) for push in found.rows],
        [(push.parked_at or push.created_at, push.id) for push in found.rows],
        page=page,
        has_next=found.has_next,
        counter=counter(context, settings.count_parked, callback_id),
    )


async def add(
    session: AsyncSession, context: Context, app_id: int, given: CallbackInput
) -> CallbackPayload:
    """Set a callback up, with a secret of its own."""
    url = callback_url.check(given.url or "", context.terms.callback_networks)
    secret = callback_signature.new_secret()
    row = await settings.add(
        session,
        context.owner,
        app_id,
        url,
        context.vault,
        secret,
        enabled=given.enabled is not False,
        now=context.now,
    )
    return CallbackPayload(callback=await shown(session, row, context), secret=secret)


async def change(
    session: AsyncSession, context: Context, app_id: int, given: CallbackInput
) -> CallbackPayload:
    """Change a callback that is there."""
    row = await settings.changing(session, context.owner, app_id)
    url = row.url
    if given.url is not None:
        url = callback_url.check(given.url, context.terms.callback_networks)
    enabled = row.enabled if given.enabled is None else given.enabled
    await settings.configure(session, row, url, enabled=enabled, now=context.now)
    return CallbackPayload(callback=await shown(session, row, context))


async def rotate(context: Context, app_id: int) -> CallbackPayload:
    """Replace the signing secret of a callback."""
    secret = callback_signature.new_secret()
    async with context.change() as session:
        row = await settings.changing(session, context.owner, app_id)
        settings.rotate(row, context.vault, secret, context.now)
        return CallbackPayload(callback=await shown(session, row, context), secret=secret)


async def replay(
    context: Context, app_id: int, given: CallbackReplayInput | None
) -> CallbackReplayPayload:
    """Push again what was given up."""
    ids = _keys(given.ids) if given and given.ids is not None else None
    async with context.change() as session:
        row = await settings.changing(session, context.owner, app_id)
        count = await settings.replay(session, row, ids, context.now)
        return CallbackReplayPayload(replayed=count, callback=await shown(session, row, context))


async def test(context: Context, app_id: int, sample: object) -> CallbackTestPayload:
    """Push a sample and tell what the URL answered; the push itself is outside any transaction."""
    async with context.change() as session:
        row = await settings.changing(session, context.owner, app_id)
        rules.check_test(await settings.tested_at(session, context.owner), context.now)
        row.tested_at = context.now
        signers = settings.sealed(row).signers(context.vault, context.now)
        url = row.url
    body = orjson.dumps(sample)
    signed = callback_signature.headers(callback_signature.new_id(), body, context.now, signers)
    heard = await context.send(url, signed, body)
    problem = callback_answer.problem(heard)
    return CallbackTestPayload(
        result=CallbackTestResult(
            succeeded=not problem,
            problem=problem,
            status=heard.status,
            body=heard.body[:BODY_SHOWN].decode(errors="replace"),
            milliseconds=heard.took // timedelta(milliseconds=1),
        )
    )


def _keys(ids: Collection[str]) -> list[int]:
    if not 1 <= len(ids) <= MAX_IDS:
        message = f"{len(ids)} ids were given: give 1 to {MAX_IDS}, or leave them out for all"
        raise Refused.one(Code.OUT_OF_RANGE, message, "ids")
    return [key_of(each, KIND) for each in ids]
