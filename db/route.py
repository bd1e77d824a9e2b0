"""The table of routes, and the number that moves with every change of routes and carriers."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel, col, delete, func, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId, choice, insert
from domain import route_form as rules
from domain.errors import Code, Refused
from domain.region import Region, SmsType
from domain.route import Route, Routing, Target
from domain.route_form import Draft


class RoutingVersionRow(SQLModel, table=True):
    """The only row holds the number; writing it holds off every other change."""

    __tablename__ = "routing_version"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    version: int = Field(sa_type=BigId)


class RouteRow(SQLModel, table=True):
    """One route at its place in the table, 1 being first; what is null does not matter to it."""

    __tablename__ = "route"
    # An id that somebody still holds of a deleted route must never name another one.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    position: int = Field(index=True)
    region: Region | None = Field(default=None, sa_type=choice(Region))
    country: str | None = Field(default=None, max_length=2)
    prefix: str | None = Field(default=None, max_length=rules.PREFIX_MOST)
    sms_type: SmsType | None = Field(default=None, sa_type=choice(SmsType))
    account_uin: int | None = Field(default=None, foreign_key="account.uin", sa_type=BigId)
    fallback: str | None = Field(
        default=None, foreign_key="carrier.name", index=True, max_length=40
    )
    enabled: bool = True
    note: str = Field(default="", max_length=rules.NOTE_MOST)
    created_at: datetime
    updated_at: datetime


class RouteTargetRow(SQLModel, table=True):
    """One carrier of a route, in the order it was given."""

    __tablename__ = "route_target"
    __table_args__ = (CheckConstraint(f"weight BETWEEN 1 AND {rules.WEIGHT_MOST}", name="weight"),)

    route_id: int = Field(
        primary_key=True,
        foreign_key="route.id",
        sa_type=BigId,
        sa_column_kwargs={"autoincrement": False},
    )
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    carrier: str = Field(foreign_key="carrier.name", index=True, max_length=40)
    weight: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A route with its targets."""

    row: RouteRow
    targets: tuple[Target, ...]

    def rule(self) -> Route:
        """Give it as the rules take it."""
        row = self.row
        return Route(
            id=row.id,
            targets=self.targets,
            fallback=row.fallback,
            enabled=row.enabled,
            region=row.region,
            country=row.country,
            prefix=row.prefix,
            sms_type=row.sms_type,
            account_uin=row.account_uin,
        )


_ONLY: Final = 1


async def version(session: AsyncSession) -> int:
    """Give the number that moves in the transaction of any change of routes or carriers."""
    query = select(RoutingVersionRow.version).where(RoutingVersionRow.id == _ONLY)
    return (await session.exec(query)).first() or 0


async def hold(session: AsyncSession) -> None:
    """Begin a change of routes or carriers: move the number, and let nobody else change any."""
    statement = insert(session, RoutingVersionRow).values(id=_ONLY, version=1)
    moved = statement.on_conflict_do_update(
        index_elements=[col(RoutingVersionRow.id)],
        set_={"version": col(RoutingVersionRow.version) + 1},
    )
    await session.exec(moved)


async def routing(session: AsyncSession) -> Routing:
    """Compile the routes that are in force."""
    return Routing.of([listed.rule() for listed in await table(session)])


async def table(session: AsyncSession) -> Sequence[Listed]:
    """List every route in its order, enabled or not; there are at most 200."""
    rows = (await session.exec(select(RouteRow).order_by(col(RouteRow.position)))).all()
    query = select(RouteTargetRow).order_by(col(RouteTargetRow.number))
    targets: dict[int, list[Target]] = defaultdict(list)
    for found in await session.exec(query):
        targets[found.route_id].append(Target(found.carrier, found.weight))
    return [Listed(row, tuple(targets[row.id])) for row in rows]


async def get(session: AsyncSession, route_id: int) -> Listed | None:
    """Find one route."""
    row = (await session.exec(select(RouteRow).where(RouteRow.id == route_id))).first()
    return None if row is None else Listed(row, await _targets(session, route_id))


async def changing(session: AsyncSession, route_id: int) -> Listed:
    """Find one route and hold the table until the transaction ends; raises Refused."""
    await hold(session)
    found = await get(session, route_id)
    if found is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such route", "id")
    return found


async def count(session: AsyncSession) -> int:
    """Say how many routes there are, which is the last one's position."""
    return (await session.exec(select(func.count()).select_from(RouteRow))).one()


async def naming(session: AsyncSession, carrier: str) -> Sequence[int]:
    """Give the positions of the routes that name a carrier, as a target or as the fall-back."""
    targets = select(RouteTargetRow.route_id).where(RouteTargetRow.carrier == carrier)
    query = select(RouteRow.position).where(
        or_(RouteRow.fallback == carrier, col(RouteRow.id).in_(targets))
    )
    return (await session.exec(query.order_by(col(RouteRow.position)))).all()


async def add(
    session: AsyncSession, draft: Draft, position: int, now: datetime, *, enabled: bool = True
) -> RouteRow:
    """Put a route at a place of a table that is held; what stood there and behind moves on."""
    later = update(RouteRow).where(col(RouteRow.position) >= position)
    await _shift(session, later.values(position=col(RouteRow.position) + 1))
    row = RouteRow(position=position, enabled=enabled, created_at=now, updated_at=now)
    _fill(row, draft)
    session.add(row)
    await session.flush()
    await _add_targets(session, row.id, draft)
    return row


async def rewrite(session: AsyncSession, row: RouteRow, draft: Draft, now: datetime) -> None:
    """Replace what a route of a held table says."""
    _fill(row, draft)
    row.updated_at = now
    await _drop_targets(session, row.id)
    await _add_targets(session, row.id, draft)


async def move(session: AsyncSession, row: RouteRow, position: int, now: datetime) -> None:
    """Put a route of a held table at another place; those between close the gap."""
    place = col(RouteRow.position)
    if row.position < position:
        between, step = place.between(row.position + 1, position), -1
    else:
        between, step = place.between(position, row.position - 1), 1
    await _shift(session, update(RouteRow).where(between).values(position=place + step))
    row.position, row.updated_at = position, now


async def remove(session: AsyncSession, row: RouteRow) -> None:
    """Take a route out of a held table; those behind it move up."""
    await _drop_targets(session, row.id)
    await session.delete(row)
    await session.flush()
    place = col(RouteRow.position)
    later = update(RouteRow).where(place > row.position).values(position=place - 1)
    await _shift(session, later)


async def _shift(session: AsyncSession, statement: object) -> None:
    # Rows that the session has loaded are not looked at again in its transaction.
    await session.exec(statement, execution_options={"synchronize_session": False})  # type: ignore[call-overload]  # - the overloads know no update that came as an argument


async def _targets(session: AsyncSession, route_id: int) -> tuple[Target, ...]:
    query = select(RouteTargetRow.carrier, RouteTargetRow.weight).where(
        RouteTargetRow.route_id == route_id
    )
    found = await session.exec(query.order_by(col(RouteTargetRow.number)))
    return tuple(Target(*target) for target in found)


async def _add_targets(session: AsyncSession, route_id: int, draft: Draft) -> None:
    for number, (carrier, weight) in enumerate(draft.targets):
        session.add(
            RouteTargetRow(route_id=route_id, number=number, carrier=carrier, weight=weight)
        )
    await session.flush()


async def _drop_targets(session: AsyncSession, route_id: int) -> None:
    await session.exec(delete(RouteTargetRow).where(col(RouteTargetRow.route_id) == route_id))


def _fill(row: RouteRow, draft: Draft) -> None:
    conditions = draft.conditions
    row.region, row.country, row.prefix = conditions.region, conditions.country, conditions.prefix
    row.sms_type, row.account_uin = conditions.sms_type, conditions.account_uin
    row.fallback, row.note = draft.fallback, draft.note
