"""Binding and unbinding policies, who holds them, and who can do what (CAM-1, CAM-2, CAM-6)."""

from typing import Any

import pytest

from db import quota as quotas
from domain import quota
from graph.node import decode, encode
from tests.access import (
    CAM_FULL,
    FULL,
    GROUP_ATTACH,
    GROUP_DETACH,
    READ_ONLY,
    USER_ATTACH,
    USER_DETACH,
    Company,
    allow,
    can,
    deny,
    document,
)
from tests.console import Console, Statements

HOLDERS = """
query ($id: ID!, $after: String) {
  policyHolders(policyId: $id, first: 2, after: $after) {
    nodes { user { name } group { name } attachedAt }
    totalCount pageInfo { hasNextPage endCursor }
  }
}
"""
WHO_CAN = """
query ($action: String!, $resource: String!, $ip: String, $after: String) {
  whoCan(action: $action, resource: $resource, ip: $ip, first: 2, after: $after) {
    nodes { user { name } decision { reason matched { path } } }
    totalCount pageInfo { hasNextPage endCursor }
  }
}
"""
SIMULATE = """
query ($input: PolicySimulateInput!) {
  policySimulate(input: $input) {
    decision { allowed reason matched { policy statement effect } }
    problems { document code path message } warnings { id path } normalised
  }
}
"""


async def test_an_attachment_counts_on_the_next_request_and_so_does_its_end(
    console: Console,
) -> None:
    company = await Company.of(console)
    ops = await company.person("ops")
    assert not await can(ops.caller, "sms:AddApp")
    await company.attach(ops.id, FULL)
    assert await can(ops.caller, "sms:AddApp")
    await company.detach(ops.id, FULL)
    assert not await can(ops.caller, "sms:AddApp")


async def test_both_published_spellings_of_the_read_only_preset_are_one_policy(
    console: Console,
) -> None:
    company = await Company.of(console)
    ops = await company.person("ops", encode("Policy", "QcloudSMSReadonlyAccess"), READ_ONLY)
    answer = await company.root.run(
        "query ($id: ID!) { user(id: $id) { policies { name kind } } }", id=ops.id
    )
    assert answer["user"]["policies"] == [{"name": "QcloudSMSReadOnlyAccess", "kind": "PRESET"}]
    assert await can(ops.caller, "sms:DescribeAppList")
    assert not await can(ops.caller, "sms:AddApp")


async def test_a_deny_held_through_a_group_wins(console: Console) -> None:
    company = await Company.of(console)
    ops = await company.person("ops", FULL)
    policy = await company.policy("NoBuying", deny("sms:BuyPackage"))
    await company.group("Thrifty", ops, policies=(policy,))
    assert await can(ops.caller, "sms:AddApp")
    assert not await can(ops.caller, "sms:BuyPackage")


async def test_attaching_twice_changes_nothing_and_counts_once(console: Console) -> None:
    company = await Company.of(console)
    ops = await company.person("ops", FULL)
    payload = await company.done(
        USER_ATTACH, input={"userId": ops.id, "policyIds": [FULL, READ_ONLY, FULL]}
    )
    assert [each["name"] for each in payload["user"]["policies"]] == [
        "QcloudSMSFullAccess",
        "QcloudSMSReadOnlyAccess",
    ]
    owner, scope = company.account.uin, f"user:{ops.uin}"
    async with console.database.read() as session:
        assert await quotas.used(session, owner, quota.ATTACHMENTS, scope) == 2
    for _ in range(2):
        await company.detach(ops.id, FULL)
    async with console.database.read() as session:
        assert await quotas.used(session, owner, quota.ATTACHMENTS, scope) == 1


@pytest.mark.parametrize("kind", ["user", "group"])
async def test_two_hundred_are_the_limit(console: Console, kind: str) -> None:
    company = await Company.of(console)
    ops, group = await company.person("ops"), await company.group("Night")
    if kind == "user":
        holder, scope = {"userId": ops.id}, f"user:{ops.uin}"
        attach, detach = USER_ATTACH, USER_DETACH
    else:
        holder, scope = {"groupId": group}, f"group:{decode(group)[1]}"
        attach, detach = GROUP_ATTACH, GROUP_DETACH
    async with console.database.write() as session:
        await quotas.take(session, company.account.uin, quota.ATTACHMENTS, 199, scope)
    given = {**holder, "policyIds": [FULL, READ_ONLY]}
    assert await company.root.refused(attach, input=given) == [
        ("LIMIT_EXCEEDED", ["input", "policyIds"])
    ]
    await company.done(attach, input={**holder, "policyIds": [FULL]})
    # What is there already takes no place again.
    await company.done(attach, input={**holder, "policyIds": [FULL]})
    await company.done(detach, input={**holder, "policyIds": [FULL]})
    await company.done(attach, input={**holder, "policyIds": [READ_ONLY]})


async def test_only_policies_and_holders_of_the_account_are_found(console: Console) -> None:
    company, other = await Company.of(console), await Company.of(console)
    ops, stranger = await company.person("ops"), await other.person("stranger")
    group, foreign = await company.group("Night"), await other.group("Night")
    policy = await other.policy("Theirs", allow("*"))
    given: dict[str, Any] = {"userId": ops.id, "policyIds": [FULL, policy]}
    for mutation in (USER_ATTACH, USER_DETACH):
        assert await company.root.refused(mutation, input=given) == [
            ("NOT_FOUND", ["input", "policyIds", "1"])
        ]
    given = {"userId": stranger.id, "policyIds": [FULL]}
    for mutation in (USER_ATTACH, USER_DETACH):
        assert await company.root.refused(mutation, input=given) == [
            ("NOT_FOUND", ["input", "userId"])
        ]
    for mutation in (GROUP_ATTACH, GROUP_DETACH):
        given = {"groupId": foreign, "policyIds": [FULL]}
        assert await company.root.refused(mutation, input=given) == [
            ("NOT_FOUND", ["input", "groupId"])
        ]
        given = {"groupId": group, "policyIds": []}
        assert await company.root.refused(mutation, input=given) == [
            ("OUT_OF_RANGE", ["input", "policyIds"])
        ]
    for hidden in ("RootAccount", "Operator", "SignedIn", "custom:1"):
        given = {"userId": ops.id, "policyIds": [encode("Policy", hidden)]}
        assert (await company.root.ask(USER_ATTACH, input=given)).code == "BAD_USER_INPUT"


async def test_who_holds_a_policy_is_listed_page_by_page(console: Console) -> None:
    company, other = await Company.of(console), await Company.of(console)
    await company.person("a", FULL)
    await company.group("Night", policies=(FULL,))
    await company.person("b", FULL)
    await other.person("c", FULL)
    page = (await company.root.run(HOLDERS, id=FULL))["policyHolders"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    after = page["pageInfo"]["endCursor"]
    rest = (await company.root.run(HOLDERS, id=FULL, after=after))["policyHolders"]
    shown = [(node["user"], node["group"]) for node in (*page["nodes"], *rest["nodes"])]
    assert sorted(shown, key=str) == sorted(
        [({"name": "a"}, None), (None, {"name": "Night"}), ({"name": "b"}, None)], key=str
    )


async def test_who_can_do_something_is_told_with_the_reason(console: Console) -> None:
    company, other = await Company.of(console), await Company.of(console)
    await company.person("reader", READ_ONLY)
    await company.person("writer", FULL)
    member = await company.person("member")
    await company.person("barred", FULL, await company.policy("No", deny("sms:*")))
    await company.group("Night", member, policies=(FULL,))
    await other.person("stranger", FULL)
    office = {"ip_equal": {"qcs:ip": "192.0.2.0/24"}}
    await company.person("late", await company.policy("Office", allow("*", condition=office)))
    asked = {"action": "sms:DeleteAppInfo", "resource": company.app(1_400_000_000)}
    page = (await company.root.run(WHO_CAN, **asked))["whoCan"]
    assert page["totalCount"] == 2
    assert [node["user"]["name"] for node in page["nodes"]] == ["writer", "member"]
    assert page["nodes"][1]["decision"]["matched"] == [
        {"path": ["user:member", "group:Night", "policy:QcloudSMSFullAccess"]}
    ]
    page = (await company.root.run(WHO_CAN, **asked, ip="192.0.2.1"))["whoCan"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    after = page["pageInfo"]["endCursor"]
    rest = (await company.root.run(WHO_CAN, **asked, ip="192.0.2.1", after=after))["whoCan"]
    assert [node["user"]["name"] for node in rest["nodes"]] == ["late"]
    asked["action"] = "sms:DeletAppInfo"
    assert (await company.root.ask(WHO_CAN, **asked)).code == "BAD_USER_INPUT"


async def test_who_can_takes_the_same_statements_for_many_users(console: Console) -> None:
    company = await Company.of(console)
    policy = await company.policy("P", allow("sms:AddApp"))
    counts = []
    for names in (("a", "b"), ("c", "d", "e", "f")):
        for name in names:
            await company.person(name, policy)
        with Statements(console.database) as counted:
            await company.root.run(WHO_CAN, action="sms:AddApp", resource="*")
        counts.append(len(counted))
    assert counts[0] == counts[1] <= 9


async def test_a_draft_is_tried_before_it_is_saved(console: Console) -> None:
    company = await Company.of(console)
    ops = await company.person("ops", FULL)
    before = await console.digest()
    asked: dict[str, Any] = {"documents": [], "userId": ops.id, "action": "sms:BuyPackage"}
    answer = (await company.root.run(SIMULATE, input=asked))["policySimulate"]
    assert answer["decision"]["allowed"] is True
    asked["documents"] = [document(allow("sms:AddApp")), document(deny("sms:Buy*"))]
    answer = (await company.root.run(SIMULATE, input=asked))["policySimulate"]
    assert answer["decision"] == {
        "allowed": False,
        "reason": 'denied by statement "statement[0]" of "policy:draft:1"',
        "matched": [
            {"policy": "policy:draft:1", "statement": "statement[0]", "effect": "DENY"},
            {"policy": "policy:QcloudSMSFullAccess", "statement": "all", "effect": "ALLOW"},
        ],
    }
    assert len(answer["normalised"]) == 2
    asked["documents"] = [document(allow("sms:AddApp")), "{}"]
    answer = (await company.root.run(SIMULATE, input=asked))["policySimulate"]
    assert answer["decision"] is None
    assert {problem["document"] for problem in answer["problems"]} == {1}
    assert await console.digest() == before


async def test_a_draft_is_tried_for_an_address_and_a_time(console: Console) -> None:
    company = await Company.of(console)
    condition = {
        "ip_equal": {"qcs:ip": "192.0.2.0/24"},
        "date_greater_than": {"qcs:current_time": "2030-01-01"},
    }
    asked: dict[str, Any] = {
        "documents": [document(allow("sms:AddApp", condition=condition))],
        "action": "sms:AddApp",
    }
    for more, allowed in (
        ({}, False),
        ({"ip": "192.0.2.7"}, False),
        ({"ip": "192.0.2.7", "at": "2030-01-02T08:00:00+08:00"}, True),
        ({"ip": "203.0.113.7", "at": "2030-01-02T00:00:00Z"}, False),
    ):
        answer = await company.root.run(SIMULATE, input={**asked, **more})
        assert answer["policySimulate"]["decision"]["allowed"] is allowed
    for nowhere in ("2030-01-02T00:00:00", "0001-01-01T00:00:00+14:00"):
        refused = await company.root.ask(SIMULATE, input={**asked, "at": nowhere})
        assert refused.code == "BAD_USER_INPUT"
        assert refused.errors[0].extensions["argument"] == "at"


async def test_a_simulation_is_bounded_and_stays_in_the_account(console: Console) -> None:
    company, other = await Company.of(console), await Company.of(console)
    stranger = await other.person("stranger", CAM_FULL)
    asked = {"documents": [], "userId": stranger.id, "action": "sms:AddApp"}
    assert (await company.root.run(SIMULATE, input=asked))["policySimulate"] is None
    asked = {"documents": [document(allow("*"))] * 11, "action": "sms:AddApp"}
    assert (await company.root.ask(SIMULATE, input=asked)).code == "BAD_USER_INPUT"
