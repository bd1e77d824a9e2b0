"""Groups: their members hold what the group holds (CAM-1)."""

import pytest

from db import quota as quotas
from domain import quota
from graph.node import decode
from tests.access import (
    FULL,
    GROUP_ADD,
    GROUP_CREATE,
    GROUP_REMOVE,
    READ_ONLY,
    Company,
    by_id,
    can,
)
from tests.console import Console, Statements

UPDATE = """
mutation ($id: ID!, $input: GroupUpdateInput!) {
  groupUpdate(id: $id, input: $input) { group { name remark } userErrors { code field message } }
}
"""
DELETE = by_id("groupDelete", "deletedId")
READ = "query ($id: ID!) { group(id: $id) { name remark userCount policies { name } } }"
LIST = """
query ($search: String) {
  groups(search: $search) { nodes { name userCount policies { name } } totalCount }
}
"""
USERS = "query ($id: ID!) { groupUsers(groupId: $id) { nodes { name } totalCount } }"


async def test_members_hold_what_the_group_holds_until_they_leave(console: Console) -> None:
    company = await Company.of(console)
    ops = await company.person("ops")
    assert not await can(ops.caller, "sms:AddApp")
    group = await company.group("Night", ops, policies=(FULL,))
    assert await can(ops.caller, "sms:AddApp")
    answer = (await company.root.run(READ, id=group))["group"]
    assert (answer["userCount"], answer["policies"]) == (1, [{"name": "QcloudSMSFullAccess"}])
    assert (await company.root.run(USERS, id=group))["groupUsers"] == {
        "nodes": [{"name": "ops"}],
        "totalCount": 1,
    }
    await company.done(GROUP_REMOVE, input={"groupId": group, "userIds": [ops.id]})
    assert not await can(ops.caller, "sms:AddApp")


async def test_a_deleted_group_gives_nothing_any_more(console: Console) -> None:
    company = await Company.of(console)
    ops = await company.person("ops")
    group = await company.group("Night", ops, policies=(FULL,))
    assert (await company.done(DELETE, id=group))["deletedId"] == group
    assert not await can(ops.caller, "sms:AddApp")
    assert (await company.root.run(READ, id=group))["group"] is None
    owner = company.account.uin
    async with console.database.read() as session:
        scope = f"user:{ops.uin}"
        assert await quotas.used(session, owner, quota.GROUPS_PER_USER, scope) == 0
        assert await quotas.used(session, owner, quota.GROUPS) == 0
    assert await company.group("Night") != group


async def test_names_are_unique_in_the_account(console: Console) -> None:
    company, other = await Company.of(console), await Company.of(console)
    await company.group("Night")
    day = await company.group("Day")
    await other.group("Night")
    assert await company.root.refused(GROUP_CREATE, input={"name": " Night "}) == [
        ("TAKEN", ["input", "name"])
    ]
    assert await company.root.refused(UPDATE, id=day, input={"name": "Night"}) == [
        ("TAKEN", ["input", "name"])
    ]
    payload = await company.done(UPDATE, id=day, input={"name": "Day", "remark": "8 to 8"})
    assert payload["group"] == {"name": "Day", "remark": "8 to 8"}


@pytest.mark.parametrize(
    ("name", "remark", "refused"),
    [
        ("", "", [("REQUIRED", "name")]),
        ("x" * 65, "", [("TOO_LONG", "name")]),
        ("two\nlines", "", [("INVALID", "name")]),
        ("x", "y" * 201, [("TOO_LONG", "remark")]),
    ],
)
async def test_names_and_remarks_are_bounded(
    console: Console, name: str, remark: str, refused: list[tuple[str, str]]
) -> None:
    company = await Company.of(console)
    answer = await company.root.refused(GROUP_CREATE, input={"name": name, "remark": remark})
    assert answer == [(code, ["input", field]) for code, field in refused]


async def test_three_hundred_groups_are_the_limit(console: Console) -> None:
    company = await Company.of(console)
    async with console.database.write() as session:
        await quotas.take(session, company.account.uin, quota.GROUPS, 299)
    last = await company.group("last")
    assert await company.root.refused(GROUP_CREATE, input={"name": "more"}) == [
        ("LIMIT_EXCEEDED", None)
    ]
    await company.done(DELETE, id=last)
    await company.group("more")


async def test_a_user_is_in_ten_groups_at_most_and_a_group_has_a_hundred_users(
    console: Console,
) -> None:
    company = await Company.of(console)
    owner = company.account.uin
    ops, late = await company.person("ops"), await company.person("late")
    for number in range(10):
        await company.group(f"g{number}", ops)
    eleventh = await company.group("g10")
    given = {"groupId": eleventh, "userIds": [late.id, ops.id]}
    assert await company.root.refused(GROUP_ADD, input=given) == [
        ("LIMIT_EXCEEDED", ["input", "userIds"])
    ]
    assert (await company.root.run(READ, id=eleventh))["group"]["userCount"] == 0
    async with console.database.write() as session:
        scope = f"group:{decode(eleventh)[1]}"
        await quotas.take(session, owner, quota.USERS_PER_GROUP, 99, scope)
    given["userIds"] = [late.id]
    await company.done(GROUP_ADD, input=given)
    more = await company.person("more")
    given["userIds"] = [late.id, more.id]
    assert await company.root.refused(GROUP_ADD, input=given) == [
        ("LIMIT_EXCEEDED", ["input", "userIds"])
    ]
    # Whoever is in it already takes no place again.
    given["userIds"] = [late.id]
    await company.done(GROUP_ADD, input=given)
    await company.done(GROUP_REMOVE, input=given)
    given["userIds"] = [more.id]
    await company.done(GROUP_ADD, input=given)


async def test_only_sub_accounts_of_the_account_join(console: Console) -> None:
    company, other = await Company.of(console), await Company.of(console)
    ops, stranger = await company.person("ops"), await other.person("stranger")
    group, foreign = await company.group("Night"), await other.group("Night")
    given = {"groupId": group, "userIds": [ops.id, stranger.id]}
    assert await company.root.refused(GROUP_ADD, input=given) == [
        ("NOT_FOUND", ["input", "userIds", "1"])
    ]
    given = {"groupId": foreign, "userIds": [ops.id]}
    for mutation in (GROUP_ADD, GROUP_REMOVE):
        assert await company.root.refused(mutation, input=given) == [
            ("NOT_FOUND", ["input", "groupId"])
        ]
    given = {"groupId": group, "userIds": []}
    assert await company.root.refused(GROUP_ADD, input=given) == [
        ("OUT_OF_RANGE", ["input", "userIds"])
    ]
    assert (await company.root.run(READ, id=foreign))["group"] is None
    assert await company.root.refused(DELETE, id=foreign) == [("NOT_FOUND", ["id"])]
    assert (await company.root.run(USERS, id=foreign))["groupUsers"]["nodes"] == []


async def test_the_list_is_searched_and_takes_few_statements(console: Console) -> None:
    company = await Company.of(console)
    ops = await company.person("ops")
    for name in ("Day", "Night", "Nightly"):
        await company.group(name, ops, policies=(READ_ONLY,))
    with Statements(console.database) as counted:
        page = (await company.root.run(LIST, search="night"))["groups"]
    assert [node["name"] for node in page["nodes"]] == ["Night", "Nightly"]
    assert page["nodes"][0] == {
        "name": "Night",
        "userCount": 1,
        "policies": [{"name": "QcloudSMSReadOnlyAccess"}],
    }
    assert page["totalCount"] == 2
    assert len(counted) <= 5, counted.texts
