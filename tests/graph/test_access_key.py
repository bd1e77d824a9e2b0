"""Access keys: two a sub-account, shown once, disabled before they are deleted (ACC-5, CAM-1)."""

from db import access_key
from tests.access import CAM_FULL, KEY_CREATE, USER_CREATE, Company, by_id
from tests.console import Console

DISABLE = by_id("accessKeyDisable", "accessKey { status }")
ENABLE = by_id("accessKeyEnable", "accessKey { status }")
DELETE = by_id("accessKeyDelete", "deletedId")
LIST = "query ($id: ID!) { user(id: $id) { accessKeys { id secretId status description } } }"


async def test_a_key_is_shown_once_disabled_and_deleted(console: Console) -> None:
    company = await Company.of(console)
    ops = await company.person("ops")
    payload = await company.done(KEY_CREATE, input={"userId": ops.id, "description": "Cron"})
    key = payload["accessKey"]
    assert (len(key["secretId"]), len(payload["secretKey"])) == (36, 32)
    assert (await company.root.run(LIST, id=ops.id))["user"]["accessKeys"] == [
        {"id": key["id"], "secretId": key["secretId"], "status": "ACTIVE", "description": "Cron"}
    ]
    async with console.database.read() as session:
        (row,) = await access_key.of_users(session, [ops.uin])
    place = access_key.key_place(row.secret_id)
    assert console.vault.open(row.sealed_key, place) == payload["secretKey"]
    assert await company.root.refused(DELETE, id=key["id"]) == [("WRONG_STATE", ["id"])]
    assert (await company.done(DISABLE, id=key["id"]))["accessKey"] == {"status": "INACTIVE"}
    assert (await company.done(ENABLE, id=key["id"]))["accessKey"] == {"status": "ACTIVE"}
    await company.done(DISABLE, id=key["id"])
    assert (await company.done(DELETE, id=key["id"]))["deletedId"] == key["id"]
    assert (await company.root.run(LIST, id=ops.id))["user"]["accessKeys"] == []
    assert await company.root.refused(DELETE, id=key["id"]) == [("NOT_FOUND", ["id"])]


async def test_two_are_the_limit_with_the_one_a_user_was_created_with(console: Console) -> None:
    company = await Company.of(console)
    given = {"name": "ops", "consoleLogin": False, "apiAccess": True}
    user = (await company.done(USER_CREATE, input=given))["created"][0]["user"]["id"]
    second = await company.done(KEY_CREATE, input={"userId": user})
    assert await company.root.refused(KEY_CREATE, input={"userId": user}) == [
        ("LIMIT_EXCEEDED", None)
    ]
    await company.done(DISABLE, id=second["accessKey"]["id"])
    await company.done(DELETE, id=second["accessKey"]["id"])
    await company.done(KEY_CREATE, input={"userId": user})


async def test_a_description_is_bounded(console: Console) -> None:
    company = await Company.of(console)
    ops = await company.person("ops")
    given = {"userId": ops.id, "description": "x" * 1_025}
    assert await company.root.refused(KEY_CREATE, input=given) == [
        ("TOO_LONG", ["input", "description"])
    ]


async def test_a_sub_account_manages_its_own_keys_and_nobody_elses(console: Console) -> None:
    company = await Company.of(console)
    admin, ops = await company.person("admin", CAM_FULL), await company.person("ops")
    own = (await admin.caller.run(KEY_CREATE, input={"userId": admin.id}))["accessKeyCreate"]
    assert own["userErrors"] == []
    given = {"userId": ops.id}
    assert await admin.caller.refused(KEY_CREATE, input=given) == [
        ("ESCALATION", ["input", "userId"])
    ]
    theirs = (await company.done(KEY_CREATE, input=given))["accessKey"]["id"]
    for mutation in (DISABLE, ENABLE, DELETE):
        assert await admin.caller.refused(mutation, id=theirs) == [("ESCALATION", ["id"])]


async def test_another_accounts_keys_look_absent(console: Console) -> None:
    ours, theirs = await Company.of(console), await Company.of(console)
    ops = await theirs.person("ops")
    key = (await theirs.done(KEY_CREATE, input={"userId": ops.id}))["accessKey"]["id"]
    for mutation in (DISABLE, ENABLE, DELETE):
        assert await ours.root.refused(mutation, id=key) == [("NOT_FOUND", ["id"])]
    assert await ours.root.refused(KEY_CREATE, input={"userId": ops.id}) == [
        ("NOT_FOUND", ["input", "userId"])
    ]
    assert await ours.root.refused(DISABLE, id=ops.id) == [("INVALID", ["id"])]
