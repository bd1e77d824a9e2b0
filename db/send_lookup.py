"""What a send is judged by: who sends, and the account's approved templates and signatures."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, bindparam, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.account import AccountRow
from db.application import ApplicationRow
from db.signature import SignatureRow
from db.template import TemplateRow
from domain import template as rules
from domain.region import Region
from domain.review import ReviewStatus
from domain.send_check import Approved, Sender

_APPLICATION: Final = ApplicationRow.metadata.tables["application"]
_ACCOUNT: Final = AccountRow.metadata.tables["account"]
_TEMPLATE: Final = TemplateRow.metadata.tables["template"]
_SIGNATURE: Final = SignatureRow.metadata.tables["signature"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The application's switch, who sends, and those of the templates that can be sent, by id."""

    wanted_enabled: bool
    switched_at: datetime | None
    sender: Sender
    templates: dict[int, Approved]


def _parties() -> Select[Any]:
    app, template = _APPLICATION.c, _TEMPLATE.c
    sendable = and_(
        template.id.in_(bindparam("template_ids", expanding=True)),
        template.account_uin == app.account_uin,
        template.deleted_at.is_(None),
        template.status == ReviewStatus.APPROVED,
    )
    return (
        select(
            app.wanted_enabled,
            app.switched_at,
            _ACCOUNT.c.identity,
            _ACCOUNT.c.time_zone,
            template.id,
            template.region,
            template.sms_type,
            template.content,
        )
        .join(_ACCOUNT, _ACCOUNT.c.uin == app.account_uin)
        .outerjoin(_TEMPLATE, sendable)
        .where(
            app.id == bindparam("app_id"),
            app.account_uin == bindparam("owner"),
            app.deleted_at.is_(None),
        )
    )


def _signatures() -> Select[Any]:
    columns = _SIGNATURE.c
    return select(columns.id, columns.content).where(
        columns.account_uin == bindparam("owner"),
        columns.region == bindparam("in_region", type_=columns.region.type),
        columns.status == ReviewStatus.APPROVED,
        columns.deleted_at.is_(None),
    )


_PARTIES: Final = _parties()
_FIRST: Final = _signatures().order_by(_SIGNATURE.c.decided_at, _SIGNATURE.c.id).limit(1)
_NAMED: Final = _signatures().where(_SIGNATURE.c.content == bindparam("named")).limit(1)


async def parties(
    session: AsyncSession, owner: int, app_id: int, template_ids: Collection[int]
) -> Found | None:
    """Find who sends what in one statement; None where the account has no such application."""
    asked = {"owner": owner, "app_id": app_id, "template_ids": list(template_ids)}
    rows = (await (await session.connection()).execute(_PARTIES, asked)).all()
    if not rows:
        return None
    wanted, switched_at, kind, zone, *_ = rows[0]
    templates = {
        number: Approved(number, region, sms_type, rules.compile(content, kind))
        for *_, number, region, sms_type, content in rows
        if number is not None
    }
    return Found(
        wanted_enabled=wanted,
        switched_at=switched_at,
        sender=Sender(kind, ZoneInfo(zone)),
        templates=templates,
    )


async def signature(
    session: AsyncSession, owner: int, region: Region, named: str | None
) -> tuple[int, str] | None:
    """Find the approved signature with this content, or the one approved first (SIG-7)."""
    asked: dict[str, Any] = {"owner": owner, "in_region": region}
    if named is not None:
        asked["named"] = named
    query = _FIRST if named is None else _NAMED
    row = (await (await session.connection()).execute(query, asked)).first()
    return (row[0], row[1]) if row else None
