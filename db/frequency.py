"""Frequency limits of applications, and what was sent that they look at (CFG-3)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, select, tuple_
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db.batch import given
from db.dialect import BigId, insert
from domain.frequency import Limits


class FrequencyRuleRow(SQLModel, table=True):
    """The limits of one application; it has the installation's while it has no row."""

    __tablename__ = "frequency_rule"

    app_id: int = Field(
        primary_key=True,
        foreign_key="application.id",
        sa_type=BigId,
        sa_column_kwargs={"autoincrement": False},
    )
    same_content_seconds: int
    number_per_day: int
    number_per_hour: int | None = None
    same_content_per_day: int | None = None
    application_per_day: int | None = None
    changed_at: datetime


class FrequencyUsageRow(SQLModel, table=True):
    """What passed to one number lately: `sends` is a JSON list of [message, milliseconds, digest].

    `used_at` is when a worker last looked.
    """

    __tablename__ = "frequency_usage"
    __table_args__ = ({"sqlite_with_rowid": False},)

    app_id: int = Field(primary_key=True, sa_type=BigId, sa_column_kwargs={"autoincrement": False})
    phone: str = Field(primary_key=True, max_length=20)
    sends: str = "[]"
    used_at: datetime


class FrequencyDayRow(SQLModel, table=True):
    """How many messages of one application passed on the account's calendar day `day`."""

    __tablename__ = "frequency_day"

    app_id: int = Field(primary_key=True, sa_type=BigId, sa_column_kwargs={"autoincrement": False})
    day: str = Field(max_length=10)
    used: int = Field(sa_type=BigId)


RULE: Final = FrequencyRuleRow.metadata.tables["frequency_rule"]
USAGE: Final = FrequencyUsageRow.metadata.tables["frequency_usage"]
DAY: Final = FrequencyDayRow.metadata.tables["frequency_day"]
LIMITS: Final = [RULE.c[name] for name in Limits.__dataclass_fields__]
UsageKey = tuple[int, str]
FIRST: Final[UsageKey] = (0, "")


@dataclass(frozen=True, slots=True)
class Rule:
    """The limits in force in an application; `changed_at` is None while they are not its own."""

    limits: Limits
    changed_at: datetime | None = None


async def rule(session: AsyncSession, app_id: int, defaults: Limits) -> Rule:
    """Give the limits in force."""
    query = select(RULE.c.changed_at, *LIMITS).where(RULE.c.app_id == app_id)
    row = (await (await session.connection()).execute(query)).first()
    return Rule(limits_of(row[1:]), row[0]) if row else Rule(defaults)


async def change(session: AsyncSession, app_id: int, limits: Limits, now: datetime) -> Rule:
    """Put limits in force, for whatever is taken from now on."""
    values = {**asdict(limits), "changed_at": now}
    statement = insert(session, FrequencyRuleRow).values(app_id=app_id, **values)
    await session.exec(statement.on_conflict_do_update(index_elements=[RULE.c.app_id], set_=values))
    return Rule(limits, now)


def limits_of(values: Sequence[Any]) -> Limits:
    """Make limits of the columns `LIMITS`."""
    return Limits(**dict(zip(Limits.__dataclass_fields__, values, strict=True)))


async def stale(
    session: AsyncSession, after: UsageKey, before: datetime, limit: int
) -> tuple[list[UsageKey], UsageKey]:
    """Look at `limit` numbers behind `after`: give those not used since `before`, and the last.

    The last is `FIRST` when none follow. No index finds what is stale: it would be written with
    every message.
    """
    columns = USAGE.c
    key = tuple_(columns.app_id, columns.phone)
    query = select(columns.app_id, columns.phone, columns.used_at).where(key > tuple_(*after))
    ordered = query.order_by(columns.app_id, columns.phone).limit(limit)
    rows = (await (await session.connection()).execute(ordered)).all()
    unused = [(app_id, phone) for app_id, phone, used_at in rows if used_at < before]
    return unused, (rows[-1][0], rows[-1][1]) if len(rows) == limit else FIRST


async def forget(session: AsyncSession, keys: Sequence[UsageKey], before: datetime) -> None:
    """Forget numbers that are still not used since `before`, but those a worker holds."""
    columns = USAGE.c
    table = given(session, (columns.app_id, columns.phone), keys)
    same = (columns.app_id == table.c.app_id) & (columns.phone == table.c.phone)
    picked = (
        select(columns.app_id, columns.phone)
        .join(table, same)
        .where(columns.used_at < before)
        .with_for_update(skip_locked=True, of=USAGE)
    )
    key = tuple_(columns.app_id, columns.phone)
    await (await session.connection()).execute(delete(USAGE).where(key.in_(picked)))
