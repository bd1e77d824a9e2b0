"""Single sends for tests: an account that can send, and requests as both APIs make them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from db import account as accounts
from db import send as sends
from db.account import AccountRow
from db.message import MessageRow
from db.package import LedgerRow
from db.send import SendRequest, SendResult
from db.session import AsyncSession, Database
from domain.region import Region, SmsType
from domain.terms import Terms
from tests import bulk, sending
from tests.bulk import Parts
from tests.console import START

UIN = 12_345_678
TERMS = Terms()
PARAMS = ("A1", "Monday")
PHONES = sending.phones(250)
ELSEWHERE = [f"+8526666{number:04}" for number in range(250)]


async def add_sender(
    database: Database,
    units: int = 1_000,
    region: Region = Region.MAINLAND,
    sms_type: SmsType = SmsType.REGULAR,
    **account: Any,
) -> Parts:
    """Add an account with a package, and what a send needs: signature "Shop0", a template."""
    await bulk.add_account(database, START, UIN, **account)
    if units:
        await bulk.grant(database, UIN, units, START)
    return await bulk.add_parts(database, UIN, START, region, sms_type)


def request(parts: Parts, phones: Sequence[str] = PHONES[:1], **changes: Any) -> SendRequest:
    """Ask for a text to be sent to numbers."""
    given: dict[str, Any] = {
        "account_uin": parts.account_uin,
        "app_id": parts.app_id,
        "template_id": parts.template_id,
        "params": PARAMS,
        "recipients": phones,
    }
    return SendRequest(**{**given, **changes})


async def send(
    database: Database,
    parts: Parts,
    phones: Sequence[str] = PHONES[:1],
    *,
    now: datetime = START,
    terms: Terms = TERMS,
    **changes: Any,
) -> Sequence[SendResult]:
    """Send in a transaction of its own."""
    async with database.write() as session:
        return await sends.send(session, request(parts, phones, **changes), now, terms)


def codes(results: Sequence[SendResult]) -> list[str]:
    """Give what each number was answered."""
    return [result.code for result in results]


async def ledger(database: Database) -> dict[int, int]:
    """Give what each single message has taken so far, by its number."""
    taken: dict[int, int] = {}
    async with database.read() as session:
        rows = (await session.exec(select(LedgerRow))).all()
    for row in rows:
        if row.message_id is not None:
            taken[row.message_id] = taken.get(row.message_id, 0) - row.units
    return taken


async def kept(database: Database) -> list[MessageRow]:
    """Give every message, oldest first."""
    async with database.read() as session:
        return list((await session.exec(select(MessageRow).order_by(col(MessageRow.id)))).all())


async def account_of(session: AsyncSession) -> AccountRow:
    """Give the account that sends."""
    return await accounts.existing(session, UIN)
