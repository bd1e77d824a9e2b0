"""The guide's worked examples and conditions, on the running schema (CAM-3 to CAM-6)."""

import json
from datetime import timedelta

from graph.schema import schema
from tests.access import (
    POLICY_CREATE,
    Company,
    Person,
    allow,
    can,
    done,
)
from tests.console import Console
from tests.graph.test_application import DELETE as APP_DELETE
from tests.graph.test_application import DISABLE as APP_DISABLE
from tests.graph.test_application import READ as APP_READ
from tests.graph.test_application import create as create_app
from tests.policies import guide


async def three_applications(company: Company) -> list[str]:
    """Create 1400000000, 1400000001 and 1400000002, all disabled, so that they can be deleted."""
    apps = [await create_app(company.root, name) for name in ("Zero", "One", "Two")]
    for app in apps:
        await company.done(APP_DISABLE, id=app)
    company.console.clock.advance(timedelta(minutes=6))
    return apps


async def test_the_guides_syntax_example_holds_on_the_running_schema(console: Console) -> None:
    """CAM-4, CAM-6: all but DeleteAppInfo on 1400000001, everything on 1400000002."""
    company = await Company.of(console)
    assert company.account.uin == 12_345_678
    zero, one, two = await three_applications(company)
    given = {"name": "NotOne", "document": guide.SYNTAX}
    policy = (await company.done(POLICY_CREATE, input=given))["policy"]
    assert policy["document"] == guide.SYNTAX
    assert [warning["path"] for warning in policy["warnings"] if warning["id"] == "CAM009"] == [
        "statement[0].action[0]",
        "statement[1].action[0]",
        "statement[1].resource[0]",
    ]
    ops = await company.person("ops", policy["id"])
    denied = await ops.caller.ask(APP_DELETE, id=one)
    assert denied.code == "FORBIDDEN"
    assert denied.errors[0].extensions["action"] == "sms:DeleteAppInfo"
    assert (await ops.caller.run(APP_READ, id=one))["application"]["name"] == "One"
    assert (await done(ops.caller, APP_DELETE, id=two))["deletedId"] == two
    assert (await ops.caller.ask(APP_READ, id=zero)).code == "FORBIDDEN"
    listed = await ops.caller.run("{ applications { nodes { sdkAppId } totalCount } }")
    assert listed["applications"] == {"nodes": [{"sdkAppId": "1400000001"}], "totalCount": 1}
    assert (await company.root.run(APP_READ, id=one))["application"]["name"] == "One"


async def test_the_guides_generator_example_holds_on_the_running_schema(console: Console) -> None:
    """CAM-3, CAM-6: all actions but DeleteAppInfo on 1400000001, chosen from lists."""
    company = await Company.of(console)
    zero, one, _ = await three_applications(company)
    catalogue = await company.root.run('{ policyActions(service: "sms") { name } }')
    every = [action["name"] for action in catalogue["policyActions"]]
    resource = "qcs::sms::uin/12345678:app/1400000001"
    statements = [
        {"effect": "ALLOW", "actions": every, "resources": [resource]},
        {"effect": "DENY", "actions": ["DeleteAppInfo"], "resources": [resource]},
    ]
    policy = (await company.done(POLICY_CREATE, input={"statements": statements}))["policy"]
    assert policy["name"] == f"policygen-{console.clock.now:%Y%m%d%H%M%S}"
    assert json.loads(policy["document"])["statement"][1] == {
        "effect": "deny",
        "action": ["name/sms:DeleteAppInfo"],
        "resource": [resource],
    }
    ops = await company.person("ops", policy["id"])
    assert (await ops.caller.ask(APP_DELETE, id=one)).code == "FORBIDDEN"
    assert (await ops.caller.run(APP_READ, id=one))["application"]["name"] == "One"
    assert (await ops.caller.ask(APP_READ, id=zero)).code == "FORBIDDEN"


async def caller_at(company: Company, person: Person, address: str, action: str) -> bool:
    """Decide a query field as the running schema does for a caller at `address`."""
    context = company.console.context(person.caller.principal, address)
    result = await schema.execute(
        f'{{ viewer {{ can(action: "{action}") }} }}', context_value=context
    )
    assert result.data is not None, result.errors
    allowed: bool = result.data["viewer"]["can"]
    return allowed


async def test_conditions_on_address_time_and_caller_are_enforced(console: Console) -> None:
    company = await Company.of(console)
    ops, other = await company.person("ops"), await company.person("other")
    office = await company.policy(
        "Office", allow("sms:AddApp", condition={"ip_equal": {"qcs:ip": "192.0.2.0/24"}})
    )
    until = await company.policy(
        "Until",
        allow(
            "sms:BuyPackage",
            condition={"date_less_than": {"qcs:current_time": "2026-03-02T03:00:00Z"}},
        ),
    )
    only = await company.policy(
        "Only",
        allow("sms:AddSmsSign", condition={"string_equal": {"qcs:uin": [str(ops.uin)]}}),
    )
    for person in (ops, other):
        await company.attach(person.id, office, until, only)
    assert await caller_at(company, ops, "192.0.2.9", "sms:AddApp")
    assert not await caller_at(company, ops, "198.51.100.9", "sms:AddApp")
    assert await can(ops.caller, "sms:BuyPackage")
    console.clock.advance(timedelta(hours=1))
    assert not await can(ops.caller, "sms:BuyPackage")
    assert await can(ops.caller, "sms:AddSmsSign")
    assert not await can(other.caller, "sms:AddSmsSign")
