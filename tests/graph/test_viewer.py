"""What a front-end asks to show only what will work: can, actions, decision (CAM-6, CAM-7)."""

from policies.actions import CATALOGUE
from tests.access import FULL, Company, allow, can, deny
from tests.console import Console

DECISION = """
query ($action: String!, $resource: String!) {
  viewer {
    decision(action: $action, resource: $resource) {
      action resource allowed reason
      matched { policy statement effect path }
      nearest { policy statement path differs wanted }
    }
  }
}
"""
ACTIONS = "query ($resource: String!) { viewer { actions(resource: $resource) } }"


async def test_the_root_account_may_do_everything_of_its_account(console: Console) -> None:
    company = await Company.of(console)
    resource = company.app(1_400_000_000)
    actions = (await company.root.run(ACTIONS, resource=resource))["viewer"]["actions"]
    assert actions == [name for name, action in CATALOGUE.items() if action.service != "operator"]
    assert not await can(company.root, "sms:DescribeAppInfo", "qcs::sms::uin/1:app/1400000000")


async def test_an_operator_owns_nothing(console: Console) -> None:
    operator = await console.operator()
    actions = (await operator.run(ACTIONS, resource="*"))["viewer"]["actions"]
    assert {name.partition(":")[0] for name in actions} == {"operator", "console"}


async def test_a_decision_names_statement_and_way_by_the_names_people_gave(
    console: Console,
) -> None:
    company = await Company.of(console)
    ops = await company.person("ops", FULL)
    policy = await company.policy("Calm", deny("sms:DeleteAppInfo", company.app("14*")))
    await company.group("Night", ops, policies=(policy,))
    asked = {"action": "name/SMS: DeleteAppInfo ", "resource": company.app(1_400_000_001)}
    assert (await ops.caller.run(DECISION, **asked))["viewer"]["decision"] == {
        "action": "name/sms:DeleteAppInfo",
        "resource": company.app(1_400_000_001),
        "allowed": False,
        "reason": 'denied by statement "statement[0]" of "policy:Calm"',
        "matched": [
            {
                "policy": "policy:Calm",
                "statement": "statement[0]",
                "effect": "DENY",
                "path": ["user:ops", "group:Night", "policy:Calm"],
            },
            {
                "policy": "policy:QcloudSMSFullAccess",
                "statement": "all",
                "effect": "ALLOW",
                "path": ["user:ops", "policy:QcloudSMSFullAccess"],
            },
        ],
        "nearest": [],
    }


async def test_a_default_deny_tells_what_came_closest(console: Console) -> None:
    company = await Company.of(console)
    policy = await company.policy("One", allow("sms:DeleteAppInfo", company.app(1_400_000_001)))
    ops = await company.person("ops", policy)
    asked = {"action": "sms:DeleteAppInfo", "resource": company.app(1_400_000_002)}
    decision = (await ops.caller.run(DECISION, **asked))["viewer"]["decision"]
    assert (decision["allowed"], decision["matched"]) == (False, [])
    assert decision["nearest"][0] == {
        "policy": "policy:One",
        "statement": "statement[0]",
        "path": ["user:ops", "policy:One"],
        "differs": "RESOURCE",
        "wanted": company.app(1_400_000_001),
    }


async def test_an_action_without_resource_level_is_asked_on_everything(console: Console) -> None:
    company = await Company.of(console)
    policy = await company.policy("One", allow("sms:*", company.app(1_400_000_001)))
    ops = await company.person("ops", policy)
    resource = company.app(1_400_000_001)
    actions = (await ops.caller.run(ACTIONS, resource=resource))["viewer"]["actions"]
    resource_level = [
        name
        for name, action in CATALOGUE.items()
        if action.service == "sms" and action.level == "resource"
    ]
    assert len(resource_level) == 21
    assert [name for name in actions if name.startswith("sms:")] == resource_level
    assert not await can(ops.caller, "sms:SendSms", resource)
    assert not await can(ops.caller, "sms:DeleteAppInfo", company.app(1_400_000_002))


async def test_a_mistyped_question_is_an_error_and_not_a_no(console: Console) -> None:
    company = await Company.of(console)
    wrong = await company.root.ask(DECISION, action="sms:DeletAppInfo", resource="*")
    assert wrong.code == "BAD_USER_INPUT"
    assert "DeleteAppInfo" in wrong.errors[0].message
    wrong = await company.root.ask(ACTIONS, resource="app/1400000001")
    assert wrong.code == "BAD_USER_INPUT"


async def test_the_catalogue_offers_what_policies_can_name(console: Console) -> None:
    company = await Company.of(console)
    query = """query ($service: String, $search: String) {
      policyActions(service: $service, search: $search) {
        name service level access description usableResource
      } }"""
    rows = (await company.root.run(query))["policyActions"]
    assert {row["service"] for row in rows} == {"sms", "cam"}
    rows = (await company.root.run(query, service="sms", search="deleteapp"))["policyActions"]
    assert rows == [
        {
            "name": "name/sms:DeleteAppInfo",
            "service": "sms",
            "level": "RESOURCE",
            "access": "WRITE",
            "description": "Delete an application",
            "usableResource": company.app("*"),
        }
    ]
    rows = (await company.root.run(query, service="cam", search="AddUser"))["policyActions"]
    assert {row["usableResource"] for row in rows} == {"*"}
