"""What the server API asks of the database, on both databases (API-2)."""

from datetime import timedelta

from sqlmodel import select

from db import access_key, package_list, signature, template
from db.access_key import KeyStatus
from db.session import Database
from db.user import UserKind, UserRow
from db.vault import Vault
from domain.region import Region
from tests import bulk
from tests.console import KEY, START

UIN = 12_345_678


async def test_a_part_of_signatures_and_templates_by_region_ids_and_offset(
    database: Database,
) -> None:
    await bulk.add_account(database, START, UIN)
    await bulk.add_account(database, START, UIN + 1)
    parts = [await bulk.add_parts(database, UIN, START) for _ in range(3)]
    abroad = await bulk.add_parts(database, UIN, START, Region.GLOBAL)
    other = await bulk.add_parts(database, UIN + 1, START)
    signs = [part.signature_id for part in (*parts, abroad, other)]
    bodies = [part.template_id for part in (*parts, abroad, other)]

    async def listed(
        *, ids: list[int] | None = None, offset: int = 0, limit: int = 9
    ) -> tuple[list[int], list[int]]:
        chosen = ids or []
        async with database.read() as session:
            found = await signature.part(
                session,
                signature.Listing(UIN, Region.MAINLAND),
                ids=[signs[place] for place in chosen],
                offset=offset,
                limit=limit,
            )
            rows = await template.part(
                session,
                template.Listing(UIN, Region.MAINLAND),
                ids=[bodies[place] for place in chosen],
                offset=offset,
                limit=limit,
            )
        return [signs.index(row.id) for row in found], [bodies.index(row.id) for row in rows]

    assert await listed() == ([2, 1, 0], [2, 1, 0])
    assert await listed(offset=1, limit=1) == ([1], [1])
    assert await listed(ids=[0, 2, 3, 4]) == ([2, 0], [2, 0])
    assert await listed(limit=0) == ([], [])


async def test_packages_by_when_they_came(database: Database) -> None:
    await bulk.add_account(database, START, UIN)
    hours = [START - timedelta(hours=hour) for hour in range(3)]
    for units, hour in enumerate(hours, 1):
        await bulk.grant(database, UIN, units, hour)
    async with database.read() as session:
        found = await package_list.granted(session, UIN, hours[2], hours[0], offset=0, limit=9)
        assert [row.units for row in found] == [2, 3]
        found = await package_list.granted(
            session, UIN, hours[2], START + timedelta(1), offset=1, limit=1
        )
        assert [row.units for row in found] == [2]


async def test_the_signer_of_a_key_that_is_in_use(database: Database) -> None:
    await bulk.add_account(database, START, UIN)
    user = UserRow(
        uin=200_000_001, account_uin=UIN, kind=UserKind.SUB, name="robot", created_at=START
    )
    pair = access_key.new_pair()
    async with database.write() as session:
        session.add(user)
        await session.flush()
        await access_key.add(session, user.uin, pair, Vault(KEY), now=START)

    async def found() -> int | None:
        async with database.read() as session:
            signer = await access_key.signer(session, pair[0])
            return signer[1].uin if signer else None

    assert await found() == user.uin
    for disabled, status, expected in (
        (True, KeyStatus.ACTIVE, None),
        (False, KeyStatus.INACTIVE, None),
        (False, KeyStatus.ACTIVE, user.uin),
    ):
        async with database.write() as session:
            (
                await session.exec(select(UserRow).where(UserRow.uin == user.uin))
            ).one().disabled = disabled
            (await access_key.of_users(session, [user.uin]))[0].status = status
        assert await found() == expected
