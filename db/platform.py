"""The platform's own account: what the installation itself sends text messages with (ALM-2).

It is made when it is first needed. It has no user, so nobody signs in to it, and no quota counts
what it holds.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import account as accounts
from db import notification, single
from db.account import AccountRow
from db.application import ApplicationRow
from db.dialect import insert
from db.notification import NotificationRow
from db.signature import SignatureRow
from db.template import TemplateRow
from domain import template
from domain.alarm import AlarmEvent, Language
from domain.alarm_text import sms_template
from domain.number import UNKNOWN_COUNTRY
from domain.region import IdentityKind, Region, SmsType, Verification
from domain.review import ReviewStatus
from domain.segment import measure
from domain.signature import CertificateType, Purpose, SignatureType

UIN: Final = 100_000
# Below the series of SDK AppIDs, of which no account may miss one.
APP_ID: Final = 1_399_999_999
SIGNATURES: Final = {Region.MAINLAND: "短信控制台", Region.GLOBAL: "SMS Console"}
_MAINLAND: Final = "CN"


@dataclass(frozen=True, slots=True)
class Parts:
    """What one text message is made of."""

    signature_id: int
    template_id: int


async def send(session: AsyncSession, row: NotificationRow, now: datetime) -> None:
    """Queue the text message of a notification that is held, ahead of all bulk messages."""
    # The number was read when the contact was added, which a later numbering plan does not undo.
    region = Region.MAINLAND if row.country == _MAINLAND else Region.GLOBAL
    content = sms_template(row.event, row.language)
    parts = await _parts(session, region, row.event, row.language, now)
    params = json.loads(row.params)
    body = template.compile(content).render(params)
    size = measure(template.full_text(SIGNATURES[region], body, region), region)
    message_id = await single.queue(
        session,
        account_uin=UIN,
        app_id=APP_ID,
        template_id=parts.template_id,
        signature_id=parts.signature_id,
        region=region,
        sms_type=SmsType.REGULAR,
        phone=row.address,
        country=row.country or UNKNOWN_COUNTRY,
        params=params,
        characters=size.characters,
        segments=size.segments,
        now=now,
        urgent=True,
    )
    notification.sent(row, now, message_id)


async def _parts(
    session: AsyncSession, region: Region, event: AlarmEvent, language: Language, now: datetime
) -> Parts:
    """Find signature and template of a text message, and make what is missing."""
    await _ensure_account(session, now)
    approved: dict[str, Any] = {
        "account_uin": UIN,
        "region": region,
        "status": ReviewStatus.APPROVED,
        "created_at": now,
        "submitted_at": now,
        "decided_at": now,
    }
    signature = await _signature(session, region) or SignatureRow(
        **approved,
        content=SIGNATURES[region],
        signature_type=SignatureType.COMPANY,
        purpose=Purpose.SELF_USE,
        certificate_type=CertificateType.BUSINESS_LICENCE,
    )
    content = sms_template(event, language)
    body = await _template(session, region, content) or TemplateRow(
        **approved,
        name=f"{event} ({language})",
        sms_type=SmsType.REGULAR,
        content=content,
        variables=template.compile(content).variables,
    )
    session.add_all([signature, body])
    await session.flush()
    return Parts(signature.id, body.id)


async def _signature(session: AsyncSession, region: Region) -> SignatureRow | None:
    query = select(SignatureRow).where(
        SignatureRow.account_uin == UIN,
        col(SignatureRow.region) == region,
        SignatureRow.content == SIGNATURES[region],
    )
    return (await session.exec(query)).first()


async def _template(session: AsyncSession, region: Region, content: str) -> TemplateRow | None:
    """Find a template by what it says.

    Messages under way keep the one they were queued with when a later version words it anew.
    """
    query = select(TemplateRow).where(
        TemplateRow.account_uin == UIN,
        col(TemplateRow.region) == region,
        TemplateRow.content == content,
    )
    return (await session.exec(query)).first()


async def _ensure_account(session: AsyncSession, now: datetime) -> None:
    """Make account and application, and hold the account: what it lacks is then made once."""
    made = insert(session, AccountRow).values(
        uin=UIN,
        name="SMS Console",
        identity=IdentityKind.ORGANIZATION,
        verification=Verification.VERIFIED,
        time_zone="UTC",
        policy_version=0,
        created_at=now,
    )
    await session.exec(made.on_conflict_do_nothing())
    await accounts.hold(session, UIN)
    application = insert(session, ApplicationRow).values(
        id=APP_ID,
        account_uin=UIN,
        name="Notifications",
        overview="",
        sealed_key="",
        wanted_enabled=True,
        created_at=now,
    )
    await session.exec(application.on_conflict_do_nothing())
