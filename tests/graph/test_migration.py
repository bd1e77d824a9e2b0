"""Leaving the retired module consolesms (CAM-8)."""

from db import quota as quotas
from db.policy import PolicyRow
from db.policy import add as store
from domain import quota
from graph.node import encode
from tests.access import (
    POLICY_CREATE,
    POLICY_UPDATE,
    Company,
    allow,
    can,
    document,
)
from tests.console import Console

MIGRATE = """
query ($text: String, $id: ID) {
  policyMigrate(document: $text, policyId: $id) {
    document mapped { path legacy action } removed { path legacy }
    difference { action } problems { code path message }
  }
}
"""


async def legacy_policy(company: Company, *actions: str) -> str:
    """Keep a policy as an older installation has written it."""
    now = company.console.clock.now
    async with company.console.database.write() as session:
        row = PolicyRow(
            account_uin=company.account.uin,
            name="Legacy",
            description="",
            created_at=now,
            created_by=company.account.uin,
            updated_at=now,
        )
        await store(session, row, document(allow(list(actions))))
        await quotas.take(
            session, company.account.uin, quota.POLICY_VERSIONS, scope=f"policy:custom:{row.id}"
        )
    return encode("Policy", row.id)


async def test_a_stored_consolesms_policy_works_as_sms_and_is_refused_on_update(
    console: Console,
) -> None:
    """CAM-8."""
    company = await Company.of(console)
    names = ("name/consolesms:SMS_GetAPPList", "consolesms:SMS_QueryBill")
    policy = await legacy_policy(company, *names)
    ops = await company.person("ops", policy)
    assert await can(ops.caller, "sms:DescribeAppList")
    assert not await can(ops.caller, "sms:DescribeAppInfo")
    answer = await company.root.run(
        POLICY_UPDATE, id=policy, input={"document": document(allow(list(names)))}
    )
    errors = answer["policyUpdate"]["userErrors"]
    assert [(error["code"], error["field"]) for error in errors] == [
        ("INVALID", ["input", "document"])
    ] * 2
    assert "SMS_GetAPPList" in errors[0]["message"]
    assert "DescribeAppList" in errors[0]["message"]
    assert "SMS_QueryBill" in errors[1]["message"]
    assert "delete" in errors[1]["message"]
    given = {"name": "Copy", "copyOf": policy}
    assert [code for code, _ in await company.root.refused(POLICY_CREATE, input=given)] == [
        "INVALID"
    ] * 2


async def test_migration_rewrites_a_document_and_changes_no_right(console: Console) -> None:
    """CAM-8."""
    company = await Company.of(console)
    names = ("name/consolesms:SMS_GetAPPList", "consolesms:SMS_QueryBill")
    policy = await legacy_policy(company, *names)
    migrated = (await company.root.run(MIGRATE, id=policy))["policyMigrate"]
    assert migrated == {
        "document": document(allow(["name/sms:DescribeAppList"])),
        "mapped": [
            {
                "path": "statement[0].action[0]",
                "legacy": "SMS_GetAPPList",
                "action": "DescribeAppList",
            }
        ],
        "removed": [{"path": "statement[0].action[1]", "legacy": "SMS_QueryBill"}],
        "difference": [],
        "problems": [],
    }
    await company.done(POLICY_UPDATE, id=policy, input={"document": migrated["document"]})
    text = document(allow(list(names)))
    assert (await company.root.run(MIGRATE, text=text))["policyMigrate"] == migrated
    wrong = (await company.root.run(MIGRATE, text="{}"))["policyMigrate"]
    assert [problem["path"] for problem in wrong["problems"]] == ["version", "statement"]
    assert (await company.root.ask(MIGRATE)).code == "BAD_USER_INPUT"
