"""Plans: which applications an action is allowed on, without asking one by one (APP-2)."""

import pytest

from policies.engine import Snapshot
from policies.plan import Plan, PlanKind
from policies.rule import Context, Effect, Link, Rule

OWNER = 12345678
ME = ("user:1", f"account:{OWNER}")
ALL = f"qcs::sms::uin/{OWNER}:app/*"
ALLOWED = Plan(PlanKind.ALWAYS_ALLOWED, (), (), "v1")
DENIED = Plan(PlanKind.ALWAYS_DENIED, (), (), "v1")


def app(text: str) -> str:
    return f"qcs::sms::uin/{OWNER}:app/{text}"


def only(allow: tuple[str, ...], deny: tuple[str, ...] = ()) -> Plan:
    return Plan(PlanKind.CONDITIONAL, allow, deny, "v1")


@pytest.mark.parametrize(
    ("allows", "denies", "plan"),
    [
        ((), (), DENIED),
        (("*",), (), ALLOWED),
        ((ALL, app("15")), (), ALLOWED),
        (("*",), ("*",), DENIED),
        (("*",), (ALL,), DENIED),
        ((app("15"), app("14*"), app("15")), (), only(("14*", "15"))),
        (("*",), (app("15"),), only(("*",), ("15",))),
        ((app("1*"),), ("qcs::sms::uin/*:app/15",), only(("1*",), ("15",))),
        ((), (app("15"),), DENIED),
        (("qcs::sms::uin/999:app/15",), (), DENIED),
        (("*",), ("qcs::sms::uin/999:app/15",), ALLOWED),
    ],
)
def test_plans_of_rules(allows: tuple[str, ...], denies: tuple[str, ...], plan: Plan) -> None:
    rules = [
        *(Rule("policy:A", "s0", Effect.ALLOW, "name/sms:*", text) for text in allows),
        *(Rule("policy:A", "s1", Effect.DENY, "name/sms:DescribeAppList", text) for text in denies),
    ]
    ours = Snapshot.build(rules, [Link("user:1", "policy:A")], "v1")
    assert ours.plan(ME, "sms:DescribeAppList", OWNER) == plan
    assert ours.plan(ME, "sms:DescribeAppList", str(OWNER)) == plan


def test_a_plan_admits_by_its_patterns() -> None:
    plan = only(("14*", "15"), ("1400000001", "*9"))
    assert [
        number for number in (14, 15, 149, 1400000001, 1400000002, 16) if plan.admits(number)
    ] == [
        14,
        15,
        1400000002,
    ]
    assert ALLOWED.admits(1)
    assert not DENIED.admits(1)


def test_an_action_without_resource_level_is_allowed_on_all_or_none() -> None:
    """CAM-7."""
    rules = [
        Rule("policy:A", "s0", Effect.ALLOW, "name/sms:AddSmsSign", app("15")),
        Rule("policy:A", "s1", Effect.ALLOW, "name/sms:AddApp", "*"),
    ]
    ours = Snapshot.build(rules, [Link("user:1", "policy:A")], "v1")
    assert ours.plan(ME, "sms:AddSmsSign", OWNER) == DENIED
    assert ours.plan(ME, "sms:AddApp", OWNER) == ALLOWED


def test_another_account_and_an_unknown_action_have_empty_plans() -> None:
    """CAM-5."""
    rule = Rule("policy:A", "s0", Effect.ALLOW, "*", "*")
    ours = Snapshot.build([rule], [Link("user:1", "policy:A")], "v1")
    assert ours.plan(ME, "sms:DescribeAppList", OWNER) == ALLOWED
    assert ours.plan(ME, "sms:DescribeAppList", 87654321) == DENIED
    assert ours.plan(ME, "sms:DescribeAppLis", OWNER) == DENIED


class FromOffice:
    """A condition for tests."""

    def holds(self, context: Context) -> bool:
        """Look at one key."""
        return context.get("qcs:ip") == "10.0.0.1"


def test_a_plan_is_made_for_the_context_of_the_request() -> None:
    rules = [
        Rule("policy:A", "s0", Effect.ALLOW, "name/sms:*", app("15"), FromOffice()),
        Rule("policy:A", "s1", Effect.ALLOW, "name/sms:*", app("16")),
        Rule("policy:A", "s2", Effect.DENY, "name/sms:*", app("16"), FromOffice()),
    ]
    ours = Snapshot.build(rules, [Link("user:1", "policy:A")], "v1")
    office: Context = {"qcs:ip": "10.0.0.1"}
    assert ours.plan(ME, "sms:DescribeAppList", OWNER) == only(("16",))
    assert ours.plan(ME, "sms:DescribeAppList", OWNER, office) == only(("15", "16"), ("16",))
