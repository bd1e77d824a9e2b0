"""Packages that expire, and renewals that wait for another day: what time does to a balance."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import col, select, union
from sqlmodel.ext.asyncio.session import AsyncSession

from db import package, package_watch
from db.package import LEFT, PackageRow
from db.package_watch import WatchRow
from domain.terms import Terms

PACKAGES_AT_ONCE: Final = 200


async def due(session: AsyncSession, now: datetime, limit: int) -> Sequence[int]:
    """Name at most `limit` accounts that `expire` has something to do for."""
    expired = select(PackageRow.account_uin).where(col(PackageRow.expires_at) <= now, LEFT)
    waiting = select(WatchRow.account_uin).where(
        col(WatchRow.renewal_again_at).is_not(None), col(WatchRow.renewal_again_at) <= now
    )
    both = union(expired, waiting).limit(limit)
    return (await (await session.connection()).execute(both)).scalars().all()


async def expire(session: AsyncSession, owner: int, now: datetime, terms: Terms) -> int:
    """Write off an account's expired packages, a bounded number, and look at its balance.

    However often and by however many it is called, each unit is written off once.
    """
    row = await package_watch.hold(session, owner)
    gone = await package.expire(session, owner, now, PACKAGES_AT_ONCE)
    await package_watch.fallen(session, row, now, terms)
    return gone
