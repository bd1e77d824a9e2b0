"""Custom policies as rows: owned, named once, versions numbered for good (CAM-3)."""

import pytest
from sqlmodel import select

from db import account, attachment, policy
from db.policy import PolicyVersionRow
from db.session import Database
from domain.errors import Code, Refused
from tests.db.cam import ALLOW, DENY, NOW, OTHER, OWNER, add_accounts, add_policy, attach


@pytest.fixture(autouse=True)
async def accounts(database: Database) -> None:
    await add_accounts(database)


async def test_a_policy_is_found_by_its_owner_only(database: Database) -> None:
    async with database.write() as session:
        row = await add_policy(session, "p")
    async with database.read() as session:
        assert (await policy.owned(session, OWNER, row.id)) is not None
        assert (await policy.by_name(session, OWNER, "p")) is not None
        assert list(await policy.by_ids(session, OWNER, [row.id])) == [row.id]
        assert list(await policy.documents(session, OWNER, [row.id])) == [row.id]
        assert await policy.owned(session, OTHER, row.id) is None
        assert await policy.by_name(session, OTHER, "p") is None
        assert await policy.by_ids(session, OTHER, [row.id]) == {}
        assert await policy.documents(session, OTHER, [row.id]) == {}
    with pytest.raises(Refused):
        async with database.write() as session:
            await policy.changing(session, OTHER, row.id)


async def test_a_name_is_given_once_an_account(database: Database) -> None:
    async with database.write() as session:
        await add_policy(session, "p")
        await add_policy(session, "p", owner=OTHER)
    with pytest.raises(Refused) as refused:
        async with database.write() as session:
            await add_policy(session, "p")
    assert refused.value.problems[0].code is Code.TAKEN
    assert refused.value.problems[0].field == ("name",)


async def test_numbers_of_versions_and_ids_of_policies_are_never_used_again(
    database: Database,
) -> None:
    async with database.write() as session:
        row = await add_policy(session, "p")
        added = await policy.add_version(session, row, DENY, OWNER, NOW)
        assert (row.version, added.number) == (1, 2)
        await policy.remove_version(session, added)
    async with database.write() as session:
        row = await policy.changing(session, OWNER, row.id)
        added = await policy.add_version(session, row, ALLOW, OWNER, NOW)
        assert added.number == 3
        await policy.remove(session, row)
    async with database.write() as session:
        assert (await session.exec(select(PolicyVersionRow))).all() == []
        assert (await add_policy(session, "p")).id > row.id


async def test_documents_are_those_in_force_and_versions_are_newest_first(
    database: Database,
) -> None:
    text = " " + ALLOW + "\n\t"
    async with database.write() as session:
        row = await add_policy(session, "p", text)
        await policy.add_version(session, row, DENY, OWNER, NOW)
    async with database.read() as session:
        found = await policy.documents(session, OWNER, [row.id])
        assert found[row.id].document == text
        numbers = [each.number for each in await policy.versions(session, [row.id])]
        assert numbers == [2, 1]
        with pytest.raises(Refused, match='no version "3"'):
            await policy.version(session, row.id, 3)


async def test_the_list_is_by_name_and_search_takes_signs_literally(database: Database) -> None:
    async with database.write() as session:
        for name in ("b", "a", "a_b", "C"):
            await add_policy(session, name)
    async with database.read() as session:
        page = await policy.page(session, policy.listing(OWNER, ""), first=2, after=None)
        assert page.has_next
        last = page.rows[-1]
        rest = await policy.page(
            session, policy.listing(OWNER, ""), first=9, after=(last.name, last.id)
        )
        names = [row.name for row in (*page.rows, *rest.rows)]
        assert sorted(names) == ["C", "a", "a_b", "b"]
        page = await policy.page(session, policy.listing(OWNER, "_"), first=9, after=None)
        assert [row.name for row in page.rows] == ["a_b"]


async def test_attachments_are_kept_once_and_counted(database: Database) -> None:
    preset = attachment.preset_policy("QcloudSMSReadonlyAccess")
    assert preset == "policy:QcloudSMSReadOnlyAccess"
    with pytest.raises(ValueError, match="not a preset"):
        attachment.preset_policy("RootAccount")
    async with database.write() as session:
        for _ in range(2):
            await attach(session, "user:1", preset, "policy:custom:1")
        await attach(session, "group:1", preset)
        await attach(session, "user:2", preset, owner=OTHER)
    async with database.read() as session:
        counts = await attachment.holder_counts(session, OWNER, [preset, "policy:custom:1"])
        assert counts == {preset: 2, "policy:custom:1": 1}
        rows = await attachment.of_members(session, OWNER, ["user:1", "user:2"])
        assert [row.policy for row in rows] == [preset, "policy:custom:1"]
    async with database.write() as session:
        await attachment.detach(session, OTHER, "user:1", [preset])
        await attachment.detach(session, OWNER, "user:1", [preset])
        await attachment.detach_all(session, OWNER, "group:1")
    async with database.read() as session:
        assert await attachment.holder_counts(session, OWNER, [preset]) == {}
        assert await attachment.holder_counts(session, OTHER, [preset]) == {preset: 1}


async def test_a_change_moves_the_version_that_every_process_compares(
    database: Database,
) -> None:
    async with database.write() as session:
        await account.hold(session, OWNER)
        await account.bump_policy_version(session, OWNER)
    async with database.read() as session:
        assert await account.policy_version(session, OWNER) == 1
        assert await account.policy_version(session, OTHER) == 0
