"""Accounts made from the command line and for the demo, and their gift package (ACC-1, ACC-2)."""

from pathlib import Path

import pytest

from db.session import Database
from domain.package import PackageKind
from domain.region import IdentityKind, Verification
from domain.terms import Terms
from server.setup import DEMO_UIN, DEMO_UNITS, NewAccount, add_account, add_demo
from tests import packages
from tests.console import START


@pytest.mark.parametrize(
    ("identity", "verification", "units"),
    [
        (IdentityKind.INDIVIDUAL, Verification.VERIFIED, [100]),
        (IdentityKind.ORGANIZATION, Verification.VERIFIED, [1_000]),
        (IdentityKind.ORGANIZATION, Verification.UNVERIFIED, []),
    ],
)
async def test_only_a_verified_account_is_given_its_package_at_once(
    database: Database, identity: IdentityKind, verification: Verification, units: list[int]
) -> None:
    new = NewAccount(
        name="Acme", identity=identity, verification=verification, password="Correct-horse-1"
    )
    async with database.write() as session:
        uin = await add_account(session, new, START, Terms())
    rows = await packages.rows(database)
    assert [(row.account_uin, row.kind, row.units) for row in rows] == [
        (uin, PackageKind.GIFT, amount) for amount in units
    ]


async def test_the_demo_has_enough_to_play_with(database: Database, tmp_path: Path) -> None:
    assert await add_demo(database, tmp_path, START, Terms()) is not None
    assert await add_demo(database, tmp_path, START, Terms()) is None
    (row,) = await packages.rows(database)
    assert (row.account_uin, row.units) == (DEMO_UIN, DEMO_UNITS)
