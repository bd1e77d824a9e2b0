"""Making accounts, operators and the demo: what has to be there before anybody can sign in."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from db import account, attachment, package_gift, serial, user
from db.account import AccountRow
from db.session import AsyncSession, Database
from db.user import UserKind, UserRow
from domain.account import check_password, generate_password, user_name
from domain.errors import Code, Refused
from domain.package import gift_units
from domain.password import hash_password
from domain.region import IdentityKind, Verification
from domain.terms import Terms
from server.settings import PRIVATE

DEMO_UIN: Final = 12_345_678
DEMO_FILE: Final = "demo.json"
DEMO_UNITS: Final = 100_000
DEMO_POLICY: Final = "QcloudSMSReadOnlyAccess"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """A root account to make; `units` are those of its gift package, given once it is verified."""

    name: str
    identity: IdentityKind
    verification: Verification
    password: str
    time_zone: str = "Asia/Shanghai"
    units: int | None = None


@dataclass(frozen=True, slots=True)
class DemoCredentials:
    """Who can sign in to the demo account; kept in the data folder, readable by its owner only."""

    account_uin: str
    root_password: str
    sub_account_name: str
    sub_account_password: str
    operator_name: str
    operator_password: str


async def add_account(
    session: AsyncSession, new: NewAccount, now: datetime, terms: Terms, uin: int | None = None
) -> int:
    """Create a root account with its root user, and its gift package if verified; gives its uin."""
    if uin is None:
        uin = await serial.take(session, serial.USER)
    elif await account.get(session, uin):
        raise Refused.one(Code.TAKEN, f'there is an account "{uin}" already', "uin")
    await account.add(
        session,
        AccountRow(
            uin=uin,
            name=new.name,
            identity=new.identity,
            verification=new.verification,
            time_zone=new.time_zone,
            created_at=now,
        ),
    )
    await _add_user(session, UserKind.ROOT, "root", new.password, now, uin=uin, account_uin=uin)
    if new.verification is Verification.VERIFIED:
        units = gift_units(new.identity, terms) if new.units is None else new.units
        await package_gift.give(session, uin, units, now, terms)
    return uin


async def add_operator(session: AsyncSession, name: str, password: str, now: datetime) -> None:
    """Create an operator of the installation."""
    name = user_name(name)
    if await user.by_name(session, UserKind.OPERATOR, None, name):
        raise Refused.one(Code.TAKEN, f'there is an operator "{name}" already', "name")
    await _add_user(session, UserKind.OPERATOR, name, password, now)


async def add_demo(
    database: Database, data: Path, now: datetime, terms: Terms
) -> DemoCredentials | None:
    """Create the demo account, once; gives its passwords the first time and None later."""
    async with database.read() as session:
        if await account.get(session, DEMO_UIN):
            return None
    random = secrets.SystemRandom()
    made = DemoCredentials(
        account_uin=str(DEMO_UIN),
        root_password=generate_password(random),
        sub_account_name="reader",
        sub_account_password=generate_password(random),
        operator_name="operator",
        operator_password=generate_password(random),
    )
    # Written first: a kill in between leaves passwords of nobody rather than a locked account.
    path = data / DEMO_FILE
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w") as file:
        json.dump(asdict(made), file, indent=2)
    organization = NewAccount(
        name="Demo Organization",
        identity=IdentityKind.ORGANIZATION,
        verification=Verification.VERIFIED,
        password=made.root_password,
        units=DEMO_UNITS,
    )
    async with database.write() as session:
        await add_account(session, organization, now, terms, DEMO_UIN)
        await add_operator(session, made.operator_name, made.operator_password, now)
        reader = await _add_user(
            session,
            UserKind.SUB,
            made.sub_account_name,
            made.sub_account_password,
            now,
            account_uin=DEMO_UIN,
        )
        await attachment.attach_preset(session, DEMO_UIN, reader, DEMO_POLICY, now)
    return made


async def _add_user(  # noqa: PLR0913 - one row's columns
    session: AsyncSession,
    kind: UserKind,
    name: str,
    password: str,
    now: datetime,
    *,
    uin: int | None = None,
    account_uin: int | None = None,
) -> int:
    check_password(password, "password")
    uin = await serial.take(session, serial.USER) if uin is None else uin
    row = UserRow(
        uin=uin,
        account_uin=account_uin,
        kind=kind,
        name=name,
        password_hash=hash_password(password),
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return uin
