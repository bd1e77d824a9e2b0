"""Packages and their ledger: every unit that comes or goes is a row (PKG-1, PKG-4).

Whoever changes units holds the account's watch first (db/package_watch.py), so that the balance it
looks at afterwards is that of this change.
"""

from collections import Counter
from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel, col, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId, choice
from domain.package import Drawn, LedgerKind, PackageKind, returned, spread
from domain.price import NAME_MOST, RefusedUnits

_GIFT: Final = text("kind = 'gift'")
# What partial indexes cover; a query has to repeat these words for the index to be used.
LEFT: Final = text("remaining > 0")
SINGLE: Final = text("message_id IS NOT NULL")


class PackageRow(SQLModel, table=True):
    """One package; `remaining` is the sum of its ledger, kept beside it.

    `name` and `refused_units` are those of the price list when it was bought. `expired` of its
    units were lost when it expired.
    """

    __tablename__ = "package"
    __table_args__ = (
        CheckConstraint("remaining >= 0", name="remaining"),
        Index(
            "uq_package_gift",
            "account_uin",
            unique=True,
            sqlite_where=_GIFT,
            postgresql_where=_GIFT,
        ),
        Index("ix_package_left", "expires_at", sqlite_where=LEFT, postgresql_where=LEFT),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", index=True, sa_type=BigId)
    kind: PackageKind = Field(sa_type=choice(PackageKind))
    name: str = Field(default="", max_length=NAME_MOST)
    units: int = Field(sa_type=BigId)
    remaining: int = Field(sa_type=BigId)
    expired: int = Field(default=0, sa_type=BigId)
    refused_units: RefusedUnits = Field(default=RefusedUnits.RETURNED, sa_type=choice(RefusedUnits))
    granted_at: datetime
    effective_at: datetime
    expires_at: datetime


class LedgerRow(SQLModel, table=True):
    """One change of one package; `units` is negative for what was taken.

    It is for a task, for the single message `message_id`, or for neither.
    """

    __tablename__ = "package_ledger"
    __table_args__ = (
        Index("ix_package_ledger_list", "account_uin", "at", "id"),
        Index(
            "ix_package_ledger_message",
            "message_id",
            sqlite_where=SINGLE,
            postgresql_where=SINGLE,
        ),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    package_id: int = Field(foreign_key="package.id", index=True, sa_type=BigId)
    account_uin: int = Field(sa_type=BigId)
    task_id: int | None = Field(default=None, index=True, sa_type=BigId)
    message_id: int | None = Field(default=None, sa_type=BigId)
    kind: LedgerKind = Field(sa_type=choice(LedgerKind))
    units: int = Field(sa_type=BigId)
    at: datetime


async def grant(  # noqa: PLR0913 - whose, what, how much, from when and until when
    session: AsyncSession,
    owner: int,
    kind: PackageKind,
    units: int,
    *,
    now: datetime,
    expires_at: datetime,
    effective_at: datetime | None = None,
    name: str = "",
    refused_units: RefusedUnits = RefusedUnits.RETURNED,
) -> PackageRow:
    """Give an account a package, effective at once unless told otherwise."""
    row = PackageRow(
        account_uin=owner,
        kind=kind,
        name=name,
        units=units,
        remaining=units,
        refused_units=refused_units,
        granted_at=now,
        effective_at=effective_at or now,
        expires_at=expires_at,
    )
    session.add(row)
    await session.flush()
    session.add(
        LedgerRow(
            package_id=row.id,
            account_uin=owner,
            kind=LedgerKind.GRANT,
            units=units,
            at=now,
        )
    )
    await session.flush()
    return row


async def balance(session: AsyncSession, owner: int, now: datetime) -> int:
    """Say how many units an account can use now."""
    query = select(func.coalesce(func.sum(PackageRow.remaining), 0)).where(
        PackageRow.account_uin == owner,
        col(PackageRow.effective_at) <= now,
        col(PackageRow.expires_at) > now,
    )
    return int((await session.exec(query)).one())


async def level(session: AsyncSession, owner: int, now: datetime) -> int:
    """Say how many units an account has in all, effective or not yet (PKG-2, PKG-3)."""
    query = select(func.coalesce(func.sum(PackageRow.remaining), 0)).where(
        PackageRow.account_uin == owner, col(PackageRow.expires_at) > now
    )
    return int((await session.exec(query)).one())


async def held(session: AsyncSession, owner: int, now: datetime) -> int:
    """Count the packages of an account that hold units and have not expired."""
    query = select(func.count()).where(
        PackageRow.account_uin == owner,
        col(PackageRow.expires_at) > now,
        col(PackageRow.remaining) > 0,
    )
    return (await session.exec(query)).one()


async def reserve(
    session: AsyncSession, owner: int, units: int, *, task_id: int, now: datetime
) -> None:
    """Take units for a task from what expires first; raises Refused when there are too few.

    The packages stay locked until the transaction ends, so two tasks never take the same unit.
    """
    query = (
        select(PackageRow.id, PackageRow.remaining)
        .where(
            PackageRow.account_uin == owner,
            col(PackageRow.effective_at) <= now,
            col(PackageRow.expires_at) > now,
            col(PackageRow.remaining) > 0,
        )
        .order_by(col(PackageRow.expires_at), col(PackageRow.id))
        .with_for_update()
    )
    usable = list((await session.exec(query)).all())
    for package, taken in spread(units, usable):
        await _book(session, owner, package, -taken, LedgerKind.RESERVE, now=now, task_id=task_id)


async def give_back(  # noqa: PLR0913 - whose, how much of either sort, for which task and when
    session: AsyncSession, owner: int, unsent: int, refused: int = 0, *, task_id: int, now: datetime
) -> int:
    """Return units that a task had reserved and did not need, to what expires last first.

    `unsent` units always come back, the `refused` ones of messages a carrier turned down only to
    packages that return them; gives how many came back. A package that has expired meanwhile gets
    its units back too, and they are lost with it.
    """
    if not unsent + refused:
        return 0
    query = (
        select(PackageRow.id, PackageRow.refused_units)
        .where(
            col(PackageRow.id).in_(select(LedgerRow.package_id).where(LedgerRow.task_id == task_id))
        )
        .order_by(col(PackageRow.expires_at), col(PackageRow.id))
        .with_for_update()
    )
    packages = (await session.exec(query)).all()
    booked: Counter[int] = Counter()
    changes = select(LedgerRow.package_id, LedgerRow.units).where(LedgerRow.task_id == task_id)
    for package, change in (await session.exec(changes)).all():
        booked[package] -= change
    drawn = [
        Drawn(package, booked[package], RefusedUnits(terms))
        for package, terms in reversed(packages)
    ]
    back = returned(unsent, refused, drawn)
    for package, units in back:
        await _book(session, owner, package, units, LedgerKind.RETURN, now=now, task_id=task_id)
    return sum(units for _, units in back)


async def expire(session: AsyncSession, owner: int, now: datetime, limit: int) -> int:
    """Write off what is left in at most `limit` expired packages; gives how many those were."""
    query = (
        select(PackageRow.id, PackageRow.remaining)
        .where(
            PackageRow.account_uin == owner,
            col(PackageRow.expires_at) <= now,
            col(PackageRow.remaining) > 0,
        )
        .order_by(col(PackageRow.expires_at), col(PackageRow.id))
        .limit(limit)
        .with_for_update()
    )
    left = (await session.exec(query)).all()
    for package, units in left:
        await _book(session, owner, package, -units, LedgerKind.EXPIRE, now=now)
    return len(left)


async def _book(  # noqa: PLR0913 - the columns of a ledger row
    session: AsyncSession,
    owner: int,
    package: int,
    units: int,
    kind: LedgerKind,
    *,
    now: datetime,
    task_id: int | None = None,
) -> None:
    values = {"remaining": col(PackageRow.remaining) + units}
    if kind is LedgerKind.EXPIRE:
        values["expired"] = col(PackageRow.expired) - units
    statement = update(PackageRow).where(col(PackageRow.id) == package)
    await session.exec(statement.values(**values))
    session.add(
        LedgerRow(
            package_id=package, account_uin=owner, task_id=task_id, kind=kind, units=units, at=now
        )
    )
