"""The package an account is given when its identity is verified, once for ever (domain.md 5.2)."""

from datetime import datetime

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import package, package_watch
from db.package import PackageRow
from domain.package import PackageKind
from domain.terms import Terms


async def give(
    session: AsyncSession, owner: int, units: int, now: datetime, terms: Terms
) -> PackageRow | None:
    """Give an account its gift package; None when it had one before, or when there is none."""
    row = await package_watch.hold(session, owner)
    query = select(PackageRow.id).where(
        PackageRow.account_uin == owner, PackageRow.kind == PackageKind.GIFT
    )
    if not units or (await session.exec(query)).first() is not None:
        return None
    made = await package.grant(
        session, owner, PackageKind.GIFT, units, now=now, expires_at=now + terms.gift_lasts
    )
    await package_watch.risen(session, row, now)
    return made
