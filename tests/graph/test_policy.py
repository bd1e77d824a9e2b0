"""Custom policies: written, generated, copied, listed and deleted (CAM-3, CAM-4, CAM-5)."""

import pytest

from db import quota as quotas
from domain import quota
from tests.access import (
    FULL,
    POLICY_CREATE,
    POLICY_DELETE,
    POLICY_READ,
    READ_ONLY,
    Company,
    allow,
    can,
    document,
)
from tests.console import Console
from tests.policies import guide

BY_NAME = "query ($name: String!) { policyByName(name: $name) { id name kind } }"
LIST = """
query ($search: String, $first: Int!, $after: String) {
  policies(search: $search, first: $first, after: $after) {
    nodes { name document versions { number } } totalCount pageInfo { hasNextPage endCursor }
  }
}
"""
TWICE = """{"version": "2.0", "statement": [
{"effect": "deny", "effect": "allow", "action": "*", "resource": "*"}]}"""


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"version": "2.0"}', "statement"),
        ("not json", ""),
        (
            document(allow("sms:AddApp"), allow(["name/sms:DeletAppInfo"])),
            "statement[1].action[0]",
        ),
        (document({"effect": "Deny", "action": "*", "resource": "*"}), "statement[0].effect"),
        (document(allow("*", "qcs::sms::uin/1:app/*")), "statement[0].resource"),
        (document(allow("name/ſms:*")), "statement[0].action"),
        (document(allow("*", condition={"bool_equal": {"mfa": "true"}})), "statement[0].condition"),
        (document(allow("operator:DecideReview")), "statement[0].action"),
        (document(allow("name/sms:" + "*A" * 9)), "statement[0].action"),
        (TWICE, "statement[0]: line 2, column"),
    ],
)
async def test_an_error_names_the_json_path_and_the_value(
    console: Console, text: str, path: str
) -> None:
    company = await Company.of(console)
    answer = await company.root.run(POLICY_CREATE, input={"name": "P", "document": text})
    (error,) = answer["policyCreate"]["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["input", "document"])
    assert error["message"].startswith(path)
    assert (await company.root.run(LIST, first=1))["policies"]["totalCount"] == 0


async def test_a_mistyped_action_is_told_with_the_one_that_was_meant(console: Console) -> None:
    company = await Company.of(console)
    text = document(allow("sms:AddApp"), allow(["name/sms:DeletAppInfo"]))
    answer = await company.root.run(POLICY_CREATE, input={"document": text})
    (error,) = answer["policyCreate"]["userErrors"]
    assert error["message"].startswith("statement[1].action[0]: ")
    assert '"name/sms:DeletAppInfo"' in error["message"]
    assert "DeleteAppInfo" in error["message"]


async def test_the_generators_mistakes_stand_at_its_own_field(console: Console) -> None:
    company = await Company.of(console)
    statements = [{"effect": "ALLOW", "actions": ["Nothing"], "resources": ["*"]}]
    assert await company.root.refused(POLICY_CREATE, input={"statements": statements}) == [
        ("INVALID", ["input", "statements"])
    ]


async def test_6144_characters_count_without_white_space(console: Console) -> None:
    company = await Company.of(console)
    whole = document(allow(["sms:AddApp", "sms:"]))
    padding = 6_144 - len(whole.replace(" ", ""))
    names = ["sms:AddApp"] * (padding // 13)
    rest = padding - 13 * len(names)
    text = document(allow([*names, "sms:AddApp", "sms:" + "*" * rest]))
    text = text.replace(" ", " \n\t ")
    assert len("".join(text.split())) == 6_144
    await company.done(POLICY_CREATE, input={"name": "Full", "document": text})
    longer = text.replace('"sms:AddApp"', '"name/sms:AddApp"', 1)
    given = {"name": "Over", "document": longer}
    assert await company.root.refused(POLICY_CREATE, input=given) == [
        ("TOO_LONG", ["input", "document"])
    ]


async def test_a_document_comes_from_exactly_one_place(console: Console) -> None:
    company = await Company.of(console)
    assert await company.root.refused(POLICY_CREATE, input={"name": "P"}) == [
        ("REQUIRED", ["input", "document"])
    ]
    given = {"name": "P", "document": document(allow("*")), "copyOf": FULL}
    assert await company.root.refused(POLICY_CREATE, input=given) == [
        ("MISMATCH", ["input", "document"])
    ]


async def test_presets_and_custom_policies_are_copied_as_they_stand(console: Console) -> None:
    company, other = await Company.of(console), await Company.of(console)
    text = " " + guide.SYNTAX
    original = await company.done(POLICY_CREATE, input={"name": "A", "document": text})
    given = {"name": "B", "copyOf": original["policy"]["id"]}
    assert (await company.done(POLICY_CREATE, input=given))["policy"]["document"] == text
    given = {"name": "C", "copyOf": READ_ONLY}
    policy = (await company.done(POLICY_CREATE, input=given))["policy"]
    preset = (await company.root.run(POLICY_READ, id=READ_ONLY))["policy"]
    assert policy["document"] == preset["document"]
    ops = await company.person("ops", policy["id"])
    assert await can(ops.caller, "sms:DescribeAppList")
    assert not await can(ops.caller, "sms:AddApp")
    assert await other.root.refused(
        POLICY_CREATE, input={"name": "D", "copyOf": original["policy"]["id"]}
    ) == [("NOT_FOUND", ["input", "copyOf"])]


@pytest.mark.parametrize(
    ("name", "description", "refused"),
    [
        ("has blanks", "", ("INVALID", "name")),
        ("", "", ("INVALID", "name")),
        ("x" * 129, "", ("INVALID", "name")),
        ("a\nb", "", ("INVALID", "name")),
        ("qcloudsmsfullaccess", "", ("TAKEN", "name")),
        ("QcloudSMSReadonlyAccess", "", ("TAKEN", "name")),
        ("Taken", "", ("TAKEN", "name")),
        ("ok", "é" * 151, ("TOO_LONG", "description")),
        ("ok", "a\x00b", ("INVALID", "description")),
    ],
)
async def test_names_and_descriptions_have_rules(
    console: Console, name: str, description: str, refused: tuple[str, str]
) -> None:
    company = await Company.of(console)
    await company.policy("Taken", allow("*"))
    given = {"name": name, "description": description, "document": document(allow("*"))}
    code, field = refused
    assert await company.root.refused(POLICY_CREATE, input=given) == [(code, ["input", field])]


async def test_the_longest_name_and_description_are_accepted(console: Console) -> None:
    company = await Company.of(console)
    given = {
        "name": "a+=,.@-_" * 16,
        "description": "é" * 150,
        "document": document(allow("*")),
    }
    policy = (await company.done(POLICY_CREATE, input=given))["policy"]
    assert (policy["name"], policy["description"]) == (given["name"], given["description"])


async def test_1500_policies_are_the_limit(console: Console) -> None:
    company = await Company.of(console)
    async with console.database.write() as session:
        await quotas.take(session, company.account.uin, quota.POLICIES, 1_499)
    last = await company.policy("Last", allow("*"))
    given = {"name": "More", "document": document(allow("*"))}
    assert await company.root.refused(POLICY_CREATE, input=given) == [("LIMIT_EXCEEDED", None)]
    await company.done(POLICY_DELETE, id=last)
    await company.policy("More", allow("*"))


async def test_the_published_spelling_of_the_read_only_preset_is_an_alias(
    console: Console,
) -> None:
    company = await Company.of(console)
    for name in ("QcloudSMSReadOnlyAccess", "QcloudSMSReadonlyAccess"):
        assert (await company.root.run(BY_NAME, name=name))["policyByName"] == {
            "id": READ_ONLY,
            "name": "QcloudSMSReadOnlyAccess",
            "kind": "PRESET",
        }
    assert (await company.root.run(BY_NAME, name="RootAccount"))["policyByName"] is None
    shown = await company.root.run("{ policyPresets { name } }")
    assert [preset["name"] for preset in shown["policyPresets"]] == [
        "QcloudCamFullAccess",
        "QcloudSMSFullAccess",
        "QcloudSMSReadOnlyAccess",
    ]


async def test_custom_policies_are_listed_searched_and_looked_up_by_name(
    console: Console,
) -> None:
    company, other = await Company.of(console), await Company.of(console)
    for name in ("Night", "Day", "nightly"):
        await company.policy(name, allow("*"))
    theirs = await other.policy("Night", allow("*"))
    page = (await company.root.run(LIST, first=2))["policies"]
    assert [node["name"] for node in page["nodes"]] == ["Day", "Night"]
    assert (page["totalCount"], page["nodes"][0]["versions"]) == (3, [{"number": 1}])
    page = (await company.root.run(LIST, first=2, after=page["pageInfo"]["endCursor"]))["policies"]
    assert [node["name"] for node in page["nodes"]] == ["nightly"]
    page = (await company.root.run(LIST, first=9, search="NIGHT"))["policies"]
    assert page["totalCount"] == 2
    found = (await company.root.run(BY_NAME, name="Night"))["policyByName"]
    assert found["id"] != theirs
    assert (await company.root.run(POLICY_READ, id=theirs))["policy"] is None
    assert await company.root.refused(POLICY_DELETE, id=theirs) == [("NOT_FOUND", ["id"])]


async def test_an_attached_policy_is_not_deleted_under_its_holders(console: Console) -> None:
    company = await Company.of(console)
    policy = await company.policy("P", allow("sms:AddApp"))
    ops = await company.person("ops", policy)
    assert await company.root.refused(POLICY_DELETE, id=policy) == [("WRONG_STATE", ["id"])]
    assert await can(ops.caller, "sms:AddApp")
    await company.detach(ops.id, policy)
    assert (await company.done(POLICY_DELETE, id=policy))["deletedId"] == policy
    assert (await company.root.run(POLICY_READ, id=policy))["policy"] is None
