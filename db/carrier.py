"""Carriers: the connections that an operator has set up."""

from collections.abc import Sequence
from datetime import datetime

import orjson
from sqlalchemy import Text
from sqlmodel import Field, SQLModel, col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import route
from db.dialect import BigId, choice, insert
from db.vault import Vault
from domain import carrier_form as rules
from domain.carrier_form import SIMULATOR, CarrierKind, Draft
from domain.carrier_settings import Smpp
from domain.errors import Code, Refused
from domain.route import Target
from domain.route_form import Conditions
from domain.route_form import Draft as RouteDraft


class CarrierRow(SQLModel, table=True):
    """One carrier; messages bear its name, so no later carrier ever has it, deleted or not.

    `settings` is one JSON object, because nothing asks for a part of it; null for the simulator.
    """

    __tablename__ = "carrier"

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    name: str = Field(unique=True, max_length=rules.NAME_MOST)
    kind: CarrierKind = Field(sa_type=choice(CarrierKind))
    paused: bool = False
    note: str = Field(default="", max_length=rules.NOTE_MOST)
    settings: str | None = Field(default=None, sa_type=Text)
    sealed_password: str | None = Field(default=None, max_length=400)
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None

    @property
    def smpp(self) -> Smpp | None:
        """Its settings but the password; None for the simulator."""
        return None if self.settings is None else Smpp.stored(orjson.loads(self.settings))

    def password(self, vault: Vault) -> str:
        """Open its password; raises SealBroken, and ValueError where there is none."""
        if self.sealed_password is None:
            raise ValueError(f'carrier "{self.name}" has no password')
        return vault.open(self.sealed_password, _place(self.name))

    def set_smpp(self, smpp: Smpp) -> None:
        """Replace its settings."""
        self.settings = orjson.dumps(smpp).decode()

    def set_password(self, vault: Vault, password: str) -> None:
        """Replace its password."""
        self.sealed_password = vault.seal(password, _place(self.name))


def _place(name: str) -> str:
    return f"carrier/{name}"


def _there() -> SelectOfScalar[CarrierRow]:
    return select(CarrierRow).where(col(CarrierRow.deleted_at).is_(None))


async def in_force(session: AsyncSession) -> Sequence[CarrierRow]:
    """List the carriers that are not deleted, by name; there are at most 100."""
    return (await session.exec(_there().order_by(col(CarrierRow.name)))).all()


async def get(session: AsyncSession, carrier_id: int) -> CarrierRow | None:
    """Find one carrier that is not deleted."""
    return (await session.exec(_there().where(CarrierRow.id == carrier_id))).first()


async def changing(session: AsyncSession, carrier_id: int) -> CarrierRow:
    """Find one carrier, hold carriers and routes, and tell workers; raises Refused."""
    await route.hold(session)
    row = await get(session, carrier_id)
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such carrier", "id")
    return row


async def add(session: AsyncSession, draft: Draft, vault: Vault, now: datetime) -> CarrierRow:
    """Set up a carrier; raises Refused where its name is or was another's, or no more fit."""
    await route.hold(session)
    query = select(CarrierRow.deleted_at).where(CarrierRow.name == draft.name)
    if taken := (await session.exec(query)).all():
        whose = "was a deleted carrier's" if taken[0] else "is taken"
        message = f'name "{draft.name}" {whose}: choose another'
        raise Refused.one(Code.TAKEN, message, "name")
    there = select(func.count()).where(col(CarrierRow.deleted_at).is_(None))
    rules.check_room((await session.exec(there)).one())
    row = CarrierRow(
        name=draft.name, kind=CarrierKind.SMPP, note=draft.note, created_at=now, updated_at=now
    )
    row.set_smpp(draft.smpp)
    row.set_password(vault, draft.password)
    session.add(row)
    await session.flush()
    return row


async def remove(session: AsyncSession, row: CarrierRow, now: datetime) -> None:
    """Delete a carrier that is held, and its password for good; raises Refused."""
    rules.check_delete(row.name, row.kind, await route.naming(session, row.name))
    row.deleted_at = row.updated_at = now
    row.sealed_password = None


async def ensure_default(session: AsyncSession, now: datetime) -> None:
    """Make the simulator, and a last route to it for every message, unless it was made before.

    A route that the operator has deleted is not made again.
    """
    query = select(CarrierRow.id).where(CarrierRow.name == SIMULATOR)
    if (await session.exec(query)).first() is not None:
        return
    await route.hold(session)
    statement = insert(session, CarrierRow).values(
        name=SIMULATOR,
        kind=CarrierKind.SIMULATOR,
        paused=False,
        note="",
        created_at=now,
        updated_at=now,
    )
    made = await session.exec(statement.on_conflict_do_nothing().returning(col(CarrierRow.id)))
    if made.first() is None:
        return
    last = await route.count(session) + 1
    draft = RouteDraft(Conditions(), (Target(SIMULATOR, 1),), None, "")
    await route.add(session, draft, last, now)
