"""Single sends: judged as the pipeline judges, queued in the caller's transaction (API-1, API-2).

The checks are those of domain.md 1.6, in its order. What passes them all is queued before every
task; what does not is kept as a refused message, so that statistics and records know of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlmodel.ext.asyncio.session import AsyncSession

from db import message_context, send_lookup, send_sieve, single
from db.queue import Claimed
from db.send_lookup import Found
from db.send_sieve import Sifted
from domain import application, send_check, send_code
from domain.message import MessageStatus
from domain.number import UNKNOWN_COUNTRY
from domain.region import Region, SmsType
from domain.send import (
    GlobalMessage,
    GlobalSendRequest,
    SendRefused,
    SendRequest,
    SendResult,
)
from domain.send_check import Approved, Item, Judged
from domain.serial_no import serial_no
from domain.terms import Terms
from domain.text import unsendable

__all__ = ["GlobalSendRequest", "SendRefused", "SendRequest", "SendResult", "send", "send_global"]

NO_TEMPLATE: Final = 0
"""Stands for the template of a refused message whose request named none of the account's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """A request of either kind."""

    account_uin: int
    app_id: int
    signature: str | None
    extend: str
    messages: Sequence[GlobalMessage]
    only_global: bool


async def send(
    session: AsyncSession, request: SendRequest, now: datetime, terms: Terms
) -> Sequence[SendResult]:
    """Send one text to each number, and give what became of each in the order they came.

    Raises SendRefused when the request as a whole cannot be sent.
    """
    order = _Order(
        account_uin=request.account_uin,
        app_id=request.app_id,
        signature=request.signature,
        extend=request.extend,
        messages=[
            GlobalMessage(
                phone=phone,
                template_id=request.template_id,
                params=request.params,
                session_context=request.session_context,
                sender_id=request.sender_id,
            )
            for phone in request.recipients
        ],
        only_global=False,
    )
    return await _send(session, order, now, terms)


async def send_global(
    session: AsyncSession, request: GlobalSendRequest, now: datetime, terms: Terms
) -> Sequence[SendResult]:
    """Send each number its own text (SendMultiGlobalSms); else like `send`."""
    order = _Order(
        account_uin=request.account_uin,
        app_id=request.app_id,
        signature=None,
        extend="",
        messages=request.messages,
        only_global=True,
    )
    return await _send(session, order, now, terms)


async def _send(
    session: AsyncSession, order: _Order, now: datetime, terms: Terms
) -> Sequence[SendResult]:
    parties = await _parties(session, order, now, terms)
    sender, found = parties.sender, parties.templates
    items = send_check.read(order.messages, only_global=order.only_global)
    send_check.check_parameters(order.extend, order.messages)
    region = send_check.region_of(items)
    sign_id, sign = await _signature(session, order, region or _region_of(found))
    missing = sign_id is None and bool(order.signature or region is Region.MAINLAND)
    judged = send_check.judge(items, found, sign, sender, missing_signature=missing, now=now)
    rows = [_row(order, one, sign_id, now) for one in judged]
    ids = await single.add(session, rows)
    await message_context.add(session, _contexts(order, items, ids))
    taken = [_claimed(message_id, row) for message_id, row in zip(ids, rows, strict=True)]
    sifted = Sifted(
        account_uin=order.account_uin,
        zone=sender.zone,
        fit=[one for one, each in zip(taken, judged, strict=True) if each.code is None],
        texts={one.id: each.text.whole for one, each in zip(taken, judged, strict=True)},
        refused={
            one.id: (one, each.code)
            for one, each in zip(taken, judged, strict=True)
            if each.code is not None
        },
    )
    await send_sieve.sift(session, sifted, now, terms)
    return [
        _result(each, one, sifted.refused.get(one.id), now)
        for each, one in zip(judged, taken, strict=True)
    ]


async def _parties(session: AsyncSession, order: _Order, now: datetime, terms: Terms) -> Found:
    """Find who sends; what is not there and what is another account's look the same."""
    ids = {message.template_id for message in order.messages}
    asked = [one for one in ids if send_check.is_id(one)]
    found = await send_lookup.parties(session, order.account_uin, order.app_id, asked)
    if found is None:
        raise SendRefused(send_check.NO_APPLICATION)
    delay = terms.application_delay
    if not application.status(found.wanted_enabled, found.switched_at, now, delay).sends:
        raise SendRefused(send_check.DISABLED)
    return found


def _region_of(found: dict[int, Approved]) -> Region:
    """Give the region of a request without any number: that of its template, if it has one."""
    return next((one.region for one in found.values()), Region.MAINLAND)


async def _signature(
    session: AsyncSession, order: _Order, region: Region
) -> tuple[int | None, str | None]:
    """Find the signature to send with: by its content, or the first approved one (SIG-7)."""
    # No signature has such a character, and NUL cannot even be asked for in PostgreSQL.
    if order.signature and unsendable(order.signature) is not None:
        return None, None
    if not order.signature and region is not Region.MAINLAND:
        return None, None
    named = order.signature or None
    found = await send_lookup.signature(session, order.account_uin, region, named)
    return found or (None, None)


def _row(order: _Order, judged: Judged, sign_id: int | None, now: datetime) -> dict[str, Any]:
    item, template = judged.item, judged.template
    params = item.message.params
    if judged.text.code is not None:
        params = send_check.kept_params(params, template.compiled.variables if template else 0)
    refused = judged.code is not None
    return {
        "account_uin": order.account_uin,
        "app_id": order.app_id,
        # A record must not show what another account's template says.
        "template_id": template.id if template else NO_TEMPLATE,
        "signature_id": sign_id,
        "region": item.number.region if item.number else _region_in(template),
        "sms_type": template.sms_type if template else SmsType.REGULAR,
        "phone": item.phone,
        "country": item.number.country if item.number else UNKNOWN_COUNTRY,
        "params": orjson.dumps(list(params)).decode(),
        "characters": judged.text.characters,
        "segments": judged.text.segments,
        "state": MessageStatus.REFUSED if refused else MessageStatus.QUEUED,
        "code": judged.code,
        "created_at": now,
        "done_at": now if refused else None,
        "attempts": 0,
        "urgent": False,
    }


def _region_in(template: Approved | None) -> Region:
    return template.region if template else Region.MAINLAND


def _claimed(message_id: int, row: dict[str, Any]) -> Claimed:
    return Claimed(
        id=message_id,
        task_id=None,
        counted_on=None,
        **{
            name: row[name]
            for name in Claimed._fields
            if name not in {"id", "task_id", "counted_on"}
        },
    )


def _contexts(order: _Order, items: Sequence[Item], ids: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {
            "message_id": message_id,
            "account_uin": order.account_uin,
            "session_context": item.message.session_context,
            "extend": order.extend,
            "sender_id": item.message.sender_id,
        }
        for item, message_id in zip(items, ids, strict=True)
        if item.message.session_context or order.extend or item.message.sender_id
    ]


def _result(
    judged: Judged, one: Claimed, refused: tuple[Claimed, str] | None, now: datetime
) -> SendResult:
    item = judged.item
    phone = item.number.e164 if item.number else item.message.phone
    if refused is not None:
        code = send_code.lookup(refused[1]).code
        return SendResult(code=code, phone=phone, message_id=one.id)
    return SendResult(
        code=send_code.OK,
        phone=phone,
        message_id=one.id,
        serial_no=serial_no(one.id, now),
        segments=one.segments,
        session_context=item.message.session_context,
        iso_code=one.country,
    )
