"""Sub-accounts from their creation to their end (CAM-1, ACC-4, ACC-5)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from db import quota as quotas
from db import sign_in, user
from db.access_key import AccessKeyRow
from db.attachment import AttachmentRow
from db.group import MembershipRow
from db.quota import QuotaRow
from db.sign_in import SessionRow
from domain import quota
from graph.node import decode
from tests.access import (
    FULL,
    KEY_CREATE,
    READ_ONLY,
    USER_CREATE,
    Company,
    by_id,
    can,
)
from tests.console import Console, Statements
from tests.graph.test_sign_in import SIGN_IN

UPDATE = """
mutation ($id: ID!, $input: UserUpdateInput!) {
  userUpdate(id: $id, input: $input) {
    user { remark phone email consoleLogin mustResetPassword }
    password userErrors { code field message }
  }
}
"""
DISABLE = by_id("userDisable", "user { disabled }")
ENABLE = by_id("userEnable", "user { disabled }")
DELETE = by_id("userDelete", "deletedId")
QUICK = """
mutation ($input: UserQuickCreateInput!) {
  userQuickCreate(input: $input) {
    created { user { name mustResetPassword } password secretId }
    userErrors { code field message }
  }
}
"""
LIST = """
query ($search: String, $first: Int!, $after: String) {
  users(search: $search, first: $first, after: $after) {
    nodes { name uin } totalCount pageInfo { hasNextPage endCursor }
  }
}
"""
READ = """
query ($id: ID!) {
  user(id: $id) {
    name uin remark phone email consoleLogin mustResetPassword disabled createdAt signedInAt
    signInUrl policies { name } groups { name } accessKeys { secretId }
  }
}
"""


async def test_a_sub_account_signs_in_with_the_generated_password_and_has_to_replace_it(
    console: Console,
) -> None:
    company = await Company.of(console)
    payload = await company.done(
        USER_CREATE, input={"name": "ops", "remark": "Night shift", "phone": "13800138000"}
    )
    (created,) = payload["created"]
    assert len(created["password"]) == 32
    assert (created["secretId"], created["secretKey"]) == (None, None)
    uin = str(company.account.uin)
    assert payload["signInUrl"] == f"http://console.test/graphql?accountUin={uin}"
    answer = await console.anybody().run(SIGN_IN, uin=uin, name="ops", password=created["password"])
    assert answer["signIn"]["viewer"] == {
        "name": "ops",
        "kind": "SUB",
        "mustResetPassword": True,
        "account": {"uin": uin},
    }
    ops = await company.signed_in(created["user"]["id"], int(created["user"]["uin"]))
    answer = await ops.caller.run("{ viewer { actions } }")
    assert answer["viewer"]["actions"] == [
        "console:ChangePassword",
        "console:DescribeViewer",
        "console:SignOut",
    ]


async def test_a_sub_account_is_shown_with_all_that_is_known_of_it(console: Console) -> None:
    company = await Company.of(console)
    ops = await company.person("ops", FULL)
    await company.group("Night", ops)
    key = (await company.done(KEY_CREATE, input={"userId": ops.id}))["accessKey"]["secretId"]
    assert (await company.root.run(READ, id=ops.id))["user"] == {
        "name": "ops",
        "uin": str(ops.uin),
        "remark": "",
        "phone": "",
        "email": "",
        "consoleLogin": False,
        "mustResetPassword": False,
        "disabled": False,
        "createdAt": console.clock.now.isoformat(),
        "signedInAt": None,
        "signInUrl": f"http://console.test/graphql?accountUin={company.account.uin}",
        "policies": [{"name": "QcloudSMSFullAccess"}],
        "groups": [{"name": "Night"}],
        "accessKeys": [{"secretId": key}],
    }


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"name": "no blanks"}, [("INVALID", "name")]),
        ({"name": "x" * 65}, [("INVALID", "name")]),
        ({"name": "Root"}, [("TAKEN", "name")]),
        ({"name": "taken"}, [("TAKEN", "name")]),
        ({"name": "a", "remark": "x" * 201}, [("TOO_LONG", "remark")]),
        ({"name": "a", "phone": "12"}, [("INVALID", "phone")]),
        ({"name": "a", "email": "nobody"}, [("INVALID", "email")]),
        ({"name": "a", "password": "short"}, [("TOO_SHORT", "password"), ("INVALID", "password")]),
        (
            {"name": "a", "password": "Correct-horse-7", "consoleLogin": False},
            [("MISMATCH", "password")],
        ),
        ({"name": "", "email": "@"}, [("INVALID", "name"), ("INVALID", "email")]),
    ],
)
async def test_what_is_wrong_with_a_new_sub_account_is_told_field_by_field(
    console: Console, given: dict[str, Any], refused: list[tuple[str, str]]
) -> None:
    company = await Company.of(console)
    await company.person("taken")
    answer = await company.root.refused(USER_CREATE, input=given)
    assert answer == [(code, ["input", field]) for code, field in refused]
    assert (await company.root.run(LIST, first=5))["users"]["totalCount"] == 1


async def test_ten_are_created_at_once_all_of_them_or_none(console: Console) -> None:
    company = await Company.of(console)
    await company.person("n3")
    names = [f"n{number}" for number in range(11)]
    given = {"names": names, "consoleLogin": False, "apiAccess": True}
    assert await company.root.refused(QUICK, input=given) == [
        ("LIMIT_EXCEEDED", ["input", "names"])
    ]
    given["names"] = names[:10]
    assert await company.root.refused(QUICK, input=given) == [("TAKEN", ["input", "names", "3"])]
    assert (await company.root.run(LIST, first=50))["users"]["totalCount"] == 1
    given["names"] = ["a", "a", "b b"]
    assert await company.root.refused(QUICK, input=given) == [
        ("TAKEN", ["input", "names", "1"]),
        ("INVALID", ["input", "names", "2"]),
    ]
    given["names"] = [f"m{number}" for number in range(10)]
    created = (await company.done(QUICK, input=given))["created"]
    assert [each["user"]["name"] for each in created] == given["names"]
    assert len({each["secretId"] for each in created}) == 10
    assert {each["password"] for each in created} == {None}


async def test_a_thousand_is_the_limit(console: Console) -> None:
    company = await Company.of(console)
    owner = company.account.uin
    async with console.database.write() as session:
        await quotas.take(session, owner, quota.SUB_ACCOUNTS, 999)
    last = await company.person("last")
    given = {"name": "one-more", "consoleLogin": False}
    assert await company.root.refused(USER_CREATE, input=given) == [("LIMIT_EXCEEDED", None)]
    await company.done(DELETE, id=last.id)
    await company.person("one-more")


async def test_the_list_is_searched_by_name_or_uin_and_paged(console: Console) -> None:
    company, other = await Company.of(console), await Company.of(console)
    people = [await company.person(f"user{letter}") for letter in "cab"]
    await other.person("usera")
    page = (await company.root.run(LIST, first=2))["users"]
    assert [node["name"] for node in page["nodes"]] == ["usera", "userb"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    page = (await company.root.run(LIST, first=2, after=page["pageInfo"]["endCursor"]))["users"]
    assert ([node["name"] for node in page["nodes"]], page["pageInfo"]["hasNextPage"]) == (
        ["userc"],
        False,
    )
    for search, names in (("ERB", ["userb"]), (str(people[0].uin), ["userc"]), ("%", [])):
        page = (await company.root.run(LIST, first=9, search=search))["users"]
        assert [node["name"] for node in page["nodes"]] == names


async def test_a_page_of_users_with_everything_takes_few_statements(console: Console) -> None:
    company = await Company.of(console)
    people = [await company.person(f"u{number}", READ_ONLY) for number in range(6)]
    await company.group("Night", *people, policies=(FULL,))
    query = """{ users(first: 50) { nodes {
      name policies { name document } groups { name userCount policies { name } }
      accessKeys { secretId } } } }"""
    with Statements(console.database) as counted:
        page = (await company.root.run(query))["users"]["nodes"]
    assert len(page) == 6
    assert page[0]["groups"] == [
        {"name": "Night", "userCount": 6, "policies": [{"name": "QcloudSMSFullAccess"}]}
    ]
    assert len(counted) <= 8, counted.texts


async def test_what_is_left_out_of_an_update_stays(console: Console) -> None:
    company = await Company.of(console)
    ops = await company.person("ops")
    await company.done(UPDATE, id=ops.id, input={"remark": "Night", "phone": "+8613800138000"})
    payload = await company.done(UPDATE, id=ops.id, input={"email": "ops@example.com"})
    assert payload == {
        "user": {
            "remark": "Night",
            "phone": "+8613800138000",
            "email": "ops@example.com",
            "consoleLogin": False,
            "mustResetPassword": False,
        },
        "password": None,
        "userErrors": [],
    }
    assert await company.root.refused(UPDATE, id=ops.id, input={"phone": "abc"}) == [
        ("INVALID", ["input", "phone"])
    ]


async def test_a_new_password_ends_every_session_and_signing_in_can_be_taken_away(
    console: Console,
) -> None:
    company = await Company.of(console)
    ops = await company.person("ops")
    payload = await company.done(UPDATE, id=ops.id, input={"consoleLogin": True})
    assert len(payload["password"]) == 32
    assert payload["user"]["mustResetPassword"] is True
    async with console.database.write() as session:
        await sign_in.open_session(session, ops.uin, "token", console.clock.now, timedelta(hours=1))
    given = {"password": "Correct-horse-7", "mustResetPassword": False}
    payload = await company.done(UPDATE, id=ops.id, input=given)
    assert (payload["password"], payload["user"]["mustResetPassword"]) == (None, False)
    uin = str(company.account.uin)
    async with console.database.read() as session:
        assert await sign_in.holder(session, "token", console.clock.now) is None
    tried = {"uin": uin, "name": "ops", "password": "Correct-horse-7"}
    assert (await console.anybody().run(SIGN_IN, **tried))["signIn"]["token"]
    payload = await company.done(UPDATE, id=ops.id, input={"consoleLogin": False})
    assert payload["user"]["consoleLogin"] is False
    assert await console.anybody().refused(SIGN_IN, **tried) == [("BAD_CREDENTIALS", None)]


async def test_a_disabled_user_is_nobody_on_the_next_request_and_comes_back_with_what_it_held(
    console: Console,
) -> None:
    company = await Company.of(console)
    ops = await company.person("ops", FULL)
    now = console.clock.now
    async with console.database.write() as session:
        await sign_in.open_session(session, ops.uin, "token", now, timedelta(hours=1))
    assert (await company.done(DISABLE, id=ops.id))["user"] == {"disabled": True}
    async with console.database.read() as session:
        assert await sign_in.holder(session, "token", now) is None
    # A request that had begun before holds nothing either.
    assert not await can(ops.caller, "sms:AddApp")
    assert (await company.done(ENABLE, id=ops.id))["user"] == {"disabled": False}
    assert await can(ops.caller, "sms:AddApp")


async def test_with_a_deleted_user_goes_everything_it_had(console: Console) -> None:
    company = await Company.of(console)
    ops, other = await company.person("ops", FULL), await company.person("other", FULL)
    group = await company.group("Night", ops, other)
    await company.done(KEY_CREATE, input={"userId": ops.id})
    async with console.database.write() as session:
        await sign_in.open_session(session, ops.uin, "token", console.clock.now, timedelta(hours=1))
    assert (await company.done(DELETE, id=ops.id))["deletedId"] == ops.id
    async with console.database.read() as session:
        assert await user.get(session, ops.uin) is None
        for table in (SessionRow, AccessKeyRow):
            assert (await session.exec(select(table))).all() == []
        assert [row.user_uin for row in (await session.exec(select(MembershipRow))).all()] == [
            other.uin
        ]
        assert [row.member for row in (await session.exec(select(AttachmentRow))).all()] == [
            f"user:{other.uin}"
        ]
        left = (await session.exec(select(QuotaRow).where(QuotaRow.scope != ""))).all()
    assert {(row.name, row.scope, row.used) for row in left} == {
        ("ATTACHMENTS", f"user:{other.uin}", 1),
        ("GROUPS_PER_USER", f"user:{other.uin}", 1),
        ("USERS_PER_GROUP", f"group:{decode(group)[1]}", 1),
    }
    assert (await company.root.run(READ, id=ops.id))["user"] is None
    assert not await can(ops.caller, "sms:AddApp")
    again = await company.person("ops")
    assert again.uin != ops.uin
    assert not await can(again.caller, "sms:AddApp")


async def test_another_accounts_users_look_absent(console: Console) -> None:
    ours, theirs = await Company.of(console), await Company.of(console)
    ops = await theirs.person("ops")
    assert (await ours.root.run(READ, id=ops.id))["user"] is None
    for mutation in (DISABLE, ENABLE, DELETE):
        assert await ours.root.refused(mutation, id=ops.id) == [("NOT_FOUND", ["id"])]
    given = {"remark": "x"}
    assert await ours.root.refused(UPDATE, id=ops.id, input=given) == [("NOT_FOUND", ["id"])]
