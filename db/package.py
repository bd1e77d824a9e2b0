"""Packages and their ledger: every unit that comes or goes is a row (PKG-1, PKG-4)."""

from collections import Counter
from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel, col, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId, choice
from domain.package import LedgerKind, PackageKind, spread


class PackageRow(SQLModel, table=True):
    """One package; `remaining` is the sum of its ledger, kept beside it."""

    __tablename__ = "package"
    __table_args__ = (CheckConstraint("remaining >= 0", name="remaining"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", index=True, sa_type=BigId)
    kind: PackageKind = Field(sa_type=choice(PackageKind))
    units: int = Field(sa_type=BigId)
    remaining: int = Field(sa_type=BigId)
    granted_at: datetime
    expires_at: datetime


class LedgerRow(SQLModel, table=True):
    """One change of one package; `units` is negative for what was taken."""

    __tablename__ = "package_ledger"

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    package_id: int = Field(foreign_key="package.id", index=True, sa_type=BigId)
    account_uin: int = Field(sa_type=BigId)
    task_id: int | None = Field(default=None, index=True, sa_type=BigId)
    kind: LedgerKind = Field(sa_type=choice(LedgerKind))
    units: int = Field(sa_type=BigId)
    at: datetime


async def grant(  # noqa: PLR0913 - whose, what, how much and until when
    session: AsyncSession,
    owner: int,
    kind: PackageKind,
    units: int,
    *,
    now: datetime,
    expires_at: datetime,
) -> PackageRow:
    """Give an account a package."""
    row = PackageRow(
        account_uin=owner,
        kind=kind,
        units=units,
        remaining=units,
        granted_at=now,
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
        PackageRow.account_uin == owner, col(PackageRow.expires_at) > now
    )
    return int((await session.exec(query)).one())


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
            col(PackageRow.expires_at) > now,
            col(PackageRow.remaining) > 0,
        )
        .order_by(col(PackageRow.expires_at), col(PackageRow.id))
        .with_for_update()
    )
    held = list((await session.exec(query)).all())
    for package, taken in spread(units, held):
        await _book(session, owner, package, -taken, LedgerKind.RESERVE, task_id=task_id, now=now)


async def give_back(
    session: AsyncSession, owner: int, units: int, *, task_id: int, now: datetime
) -> None:
    """Return units that a task had reserved and did not need, to what expires last first.

    A package that has expired meanwhile gets its units back too, and they are lost with it.
    """
    if units == 0:
        return
    query = (
        select(PackageRow.id)
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
    held = [(package, booked[package]) for package in reversed(packages)]
    for package, returned in spread(units, held):
        await _book(session, owner, package, returned, LedgerKind.RETURN, task_id=task_id, now=now)


async def _book(  # noqa: PLR0913 - the columns of a ledger row
    session: AsyncSession,
    owner: int,
    package: int,
    units: int,
    kind: LedgerKind,
    *,
    task_id: int,
    now: datetime,
) -> None:
    remaining = col(PackageRow.remaining)
    statement = update(PackageRow).where(col(PackageRow.id) == package)
    await session.exec(statement.values(remaining=remaining + units))
    session.add(
        LedgerRow(
            package_id=package, account_uin=owner, task_id=task_id, kind=kind, units=units, at=now
        )
    )
