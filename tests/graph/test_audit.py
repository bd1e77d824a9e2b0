"""Every change of access is written down: who, when, what, before and after (CAM)."""

from datetime import timedelta
from typing import Any

from db import account
from policies.actions import CATALOGUE, Access
from tests.access import (
    FULL,
    GROUP_ADD,
    GROUP_ATTACH,
    GROUP_CREATE,
    GROUP_DETACH,
    GROUP_REMOVE,
    KEY_CREATE,
    POLICY_CREATE,
    POLICY_UPDATE,
    READ_ONLY,
    USER_ATTACH,
    USER_CREATE,
    USER_DETACH,
    VERSION_ACTIVATE,
    VERSION_CREATE,
    VERSION_DELETE,
    Company,
    allow,
    by_id,
    document,
)
from tests.console import Console, Statements
from tests.graph.test_group import UPDATE as GROUP_UPDATE
from tests.graph.test_user import UPDATE as USER_UPDATE

LIST = """
query ($subject: ID, $actor: String, $after: String, $first: Int! = 50) {
  auditRecords(subjectId: $subject, actorUin: $actor, first: $first, after: $after) {
    nodes { at actorUin actorName action subject subjectName before after }
    totalCount pageInfo { hasNextPage endCursor }
  }
}
"""


class Diary:
    """Runs mutations as the root account, each of which must leave exactly one record."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.secrets: list[str] = []

    async def does(self, mutation: str, **variables: Any) -> dict[str, Any]:
        """Run one, and check that every process is told to read policies anew."""
        console, owner = self.company.console, self.company.account.uin
        async with console.database.read() as session:
            before = await account.policy_version(session, owner)
        count = (await self.records())["totalCount"]
        console.clock.advance(timedelta(seconds=1))
        payload = await self.company.done(mutation, **variables)
        async with console.database.read() as session:
            assert await account.policy_version(session, owner) == (before or 0) + 1
        assert (await self.records())["totalCount"] == count + 1
        return payload

    async def records(self, **variables: Any) -> dict[str, Any]:
        """List what was written down."""
        found: dict[str, Any] = (await self.company.root.run(LIST, **variables))["auditRecords"]
        return found


async def everything(diary: Diary) -> None:
    given: dict[str, Any] = {"name": "ops", "password": "Correct-horse-7"}
    user = (await diary.does(USER_CREATE, input=given))["created"][0]["user"]["id"]
    diary.secrets += ["Correct-horse-7", "Correct-horse-8"]
    await diary.does(USER_UPDATE, id=user, input={"password": "Correct-horse-8"})
    key = await diary.does(KEY_CREATE, input={"userId": user})
    diary.secrets.append(key["secretKey"])
    await diary.does(by_id("accessKeyDisable", "accessKey { status }"), id=key["accessKey"]["id"])
    await diary.does(by_id("accessKeyDelete", "deletedId"), id=key["accessKey"]["id"])
    group = (await diary.does(GROUP_CREATE, input={"name": "Night"}))["group"]["id"]
    await diary.does(GROUP_UPDATE, id=group, input={"remark": "8 to 8"})
    members = {"groupId": group, "userIds": [user]}
    await diary.does(GROUP_ADD, input=members)
    await diary.does(GROUP_REMOVE, input=members)
    given = {"name": "P", "document": document(allow("sms:AddApp"))}
    policy = (await diary.does(POLICY_CREATE, input=given))["policy"]["id"]
    given = {"document": document(allow("sms:*"))}
    await diary.does(POLICY_UPDATE, id=policy, input=given)
    await diary.does(VERSION_CREATE, id=policy, input={**given, "inForce": False})
    await diary.does(VERSION_ACTIVATE, id=policy, version=1)
    await diary.does(VERSION_DELETE, id=policy, version=2)
    for attach, detach, holder in (
        (USER_ATTACH, USER_DETACH, {"userId": user}),
        (GROUP_ATTACH, GROUP_DETACH, {"groupId": group}),
    ):
        held = {**holder, "policyIds": [policy, FULL]}
        await diary.does(attach, input=held)
        await diary.does(detach, input=held)
    await diary.does(by_id("policyDelete", "deletedId"), id=policy)
    await diary.does(by_id("groupDelete", "deletedId"), id=group)
    await diary.does(by_id("userDelete", "deletedId"), id=user)


async def test_every_action_that_changes_access_leaves_one_record(console: Console) -> None:
    diary = Diary(await Company.of(console))
    await everything(diary)
    records = (await diary.records())["nodes"]
    assert {record["action"] for record in records} == {
        name
        for name, action in CATALOGUE.items()
        if action.service == "cam" and action.access is Access.WRITE and not action.reserved
    }
    assert {record["actorName"] for record in records} == {"root"}
    assert [record["at"] for record in records] == sorted(
        (record["at"] for record in records), reverse=True
    )
    assert not [secret for secret in diary.secrets if secret in str(records)]


async def test_a_record_tells_before_and_after(console: Console) -> None:
    company = await Company.of(console)
    ops = await company.person("ops", READ_ONLY)
    await company.attach(ops.id, FULL)
    await company.done(by_id("userDelete", "deletedId"), id=ops.id)
    page = (await company.root.run(LIST, subject=ops.id))["auditRecords"]
    deleted, attached, *_ = page["nodes"]
    assert attached == {
        "at": console.clock.now.isoformat(),
        "actorUin": str(company.account.uin),
        "actorName": "root",
        "action": "cam:AttachUserPolicy",
        "subject": f"user:{ops.uin}",
        "subjectName": "ops",
        "before": {"policies": ["policy:QcloudSMSReadOnlyAccess"]},
        "after": {"policies": ["policy:QcloudSMSFullAccess", "policy:QcloudSMSReadOnlyAccess"]},
    }
    assert (deleted["action"], deleted["before"]["name"], deleted["after"]) == (
        "cam:DeleteUser",
        "ops",
        None,
    )


async def test_the_record_is_filtered_paged_and_kept_in_the_account(console: Console) -> None:
    company, other = await Company.of(console), await Company.of(console)
    ops, group = await company.person("ops"), await company.group("Night")
    policy = await company.policy("P", allow("*"))
    await other.person("stranger")
    for subject, action in (
        (ops.id, "cam:AddUser"),
        (group, "cam:CreateGroup"),
        (policy, "cam:CreatePolicy"),
    ):
        page = (await company.root.run(LIST, subject=subject))["auditRecords"]
        assert [node["action"] for node in page["nodes"]] == [action]
    page = (await company.root.run(LIST, actor=str(other.account.uin)))["auditRecords"]
    assert page["totalCount"] == 0
    seen, after = [], None
    with Statements(console.database) as counted:
        for _ in range(3):
            page = (await company.root.run(LIST, first=1, after=after))["auditRecords"]
            seen += [node["action"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
    assert seen == ["cam:CreatePolicy", "cam:CreateGroup", "cam:AddUser"]
    assert len(counted) <= 9
    assert (await company.root.ask(LIST, subject="rubbish")).code == "BAD_USER_INPUT"
    assert (await company.root.ask(LIST, actor="rubbish")).code == "BAD_USER_INPUT"
