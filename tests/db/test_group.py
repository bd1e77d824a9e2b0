"""Groups, sub-accounts and their credentials as rows (CAM-1)."""

from datetime import timedelta

import pytest
from sqlmodel import select

from db import access_key, credential, group, sub_account, user
from db import quota as quotas
from db.credential import CredentialFileRow
from db.session import Database
from db.vault import Vault
from domain.errors import Code, Refused
from domain.quota import SUB_ACCOUNTS, USERS_PER_GROUP
from tests.console import KEY
from tests.db.cam import NOW, OTHER, OWNER, add_accounts, add_group, add_user, attach

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
async def accounts(database: Database) -> None:
    await add_accounts(database)


async def test_groups_are_owned_and_named_once_an_account(database: Database) -> None:
    async with database.write() as session:
        row = await add_group(session, "night")
        await add_group(session, "night", OTHER)
        await group.check_name(session, OWNER, "night", but=row.id)
    async with database.read() as session:
        assert await group.owned(session, OTHER, row.id) is None
        assert await group.by_ids(session, OTHER, [row.id]) == []
        with pytest.raises(Refused) as refused:
            await group.check_name(session, OWNER, "night")
        assert refused.value.problems[0].code is Code.TAKEN


async def test_members_join_once_and_are_listed_in_their_account(database: Database) -> None:
    async with database.write() as session:
        row = await add_group(session, "night")
        ops, other = await add_user(session, "ops"), await add_user(session, "other")
        for person in (ops, other, ops):
            await group.join(session, row.id, person.uin, NOW)
    async with database.read() as session:
        assert await group.members(session, row.id) == {ops.uin, other.uin}
        assert await group.member_counts(session, [row.id, row.id + 1]) == {row.id: 2}
        pairs = await group.of_users(session, OWNER, [ops.uin])
        assert [(uin, found.name) for uin, found in pairs] == [(ops.uin, "night")]
        assert await group.of_users(session, OTHER, [ops.uin]) == []
        listing = group.member_listing(OWNER, row.id)
        page = await user.page(session, listing, first=9, after=None)
        assert [person.name for person in page.rows] == ["ops", "other"]
        listing = group.member_listing(OTHER, row.id)
        assert (await user.page(session, listing, first=9, after=None)).rows == []
    async with database.write() as session:
        await group.leave(session, row.id, [ops.uin])
    async with database.read() as session:
        assert await group.members(session, row.id) == {other.uin}


async def test_a_deleted_sub_account_gives_its_places_back(database: Database) -> None:
    async with database.write() as session:
        ops, row = await add_user(session, "ops"), await add_group(session, "night")
        await quotas.take(session, OWNER, SUB_ACCOUNTS)
        await quotas.take(session, OWNER, USERS_PER_GROUP, scope=f"group:{row.id}")
        await group.join(session, row.id, ops.uin, NOW)
        await attach(session, f"user:{ops.uin}", "policy:QcloudSMSFullAccess")
        await access_key.add(session, ops.uin, access_key.new_pair(), Vault(KEY), now=NOW)
    async with database.write() as session:
        found = await user.changing(session, OWNER, ops.uin)
        await sub_account.remove(session, OWNER, found)
    async with database.read() as session:
        assert await user.get(session, ops.uin) is None
        assert await quotas.used(session, OWNER, SUB_ACCOUNTS) == 0
        assert await quotas.used(session, OWNER, USERS_PER_GROUP, f"group:{row.id}") == 0
        assert await group.members(session, row.id) == set()
    async with database.write() as session:
        assert (await add_user(session, "ops")).uin != ops.uin


async def test_a_key_is_found_through_its_users_account(database: Database) -> None:
    async with database.write() as session:
        ops = await add_user(session, "ops")
        pair = access_key.new_pair()
        await access_key.add(session, ops.uin, pair, Vault(KEY), now=NOW)
    async with database.write() as session:
        row = await access_key.changing(session, OWNER, pair[0])
        assert Vault(KEY).open(row.sealed_key, access_key.key_place(pair[0])) == pair[1]
    with pytest.raises(Refused, match="no such access key"):
        async with database.write() as session:
            await access_key.changing(session, OTHER, pair[0])


async def test_a_credential_file_is_taken_once_and_only_in_time(database: Database) -> None:
    vault = Vault(KEY)
    async with database.write() as session:
        for token in ("one", "late"):
            await credential.add(
                session, OWNER, token, f"secret {token}", vault, now=NOW, lifetime=HOUR
            )
    async with database.write() as session:
        assert await credential.take(session, "other", vault, NOW) is None
        assert await credential.take(session, "one", vault, NOW) == "secret one"
        assert await credential.take(session, "one", vault, NOW) is None
    async with database.write() as session:
        assert await credential.take(session, "late", vault, NOW + HOUR) is None
        assert (await session.exec(select(CredentialFileRow))).all() == []
