"""Decisions and their explanations (CAM-2 to CAM-9)."""

from datetime import datetime

import pytest

from policies.decision import Decision, Differs, Explanation, Match, Miss
from policies.engine import Snapshot
from policies.explain import NEAREST
from policies.model import ModelError
from policies.rule import Context, Effect, Link, Rule

OWNER = "12345678"
APP_1 = f"qcs::sms::uin/{OWNER}:app/1400000001"
APP_2 = f"qcs::sms::uin/{OWNER}:app/1400000002"
ME = ("user:100001", f"account:{OWNER}", "role:signed-in", "everyone")


def allow(policy: str, action: str, resource: str = "*", statement: str = "s0") -> Rule:
    return Rule(policy, statement, Effect.ALLOW, action, resource)


def deny(policy: str, action: str, resource: str = "*", statement: str = "s0") -> Rule:
    return Rule(policy, statement, Effect.DENY, action, resource)


def held(*rules: Rule) -> Snapshot:
    """Give every policy of these rules to the caller directly."""
    policies = dict.fromkeys(rule.policy for rule in rules)
    return Snapshot.build(rules, [Link(ME[0], policy) for policy in policies], "v1")


def test_what_nothing_allows_is_denied() -> None:
    """CAM-6."""
    decision = held().decide(ME, "name/sms:DescribeAppInfo", APP_1)
    reason = f'nothing allows "name/sms:DescribeAppInfo" on "{APP_1}"'
    assert decision == Decision(allowed=False, matched=(), reason=reason)


def test_a_deny_wins_and_is_named_with_the_way_it_is_held() -> None:
    """CAM-6."""
    rules = [allow("policy:A", "name/sms:*"), deny("policy:B", "name/sms:DeleteAppInfo", APP_1)]
    links = [
        Link("user:100001", "policy:A"),
        Link("user:100001", "group:ops"),
        Link("group:ops", "group:all"),
        Link("group:all", "policy:B"),
    ]
    ours = Snapshot.build(rules, links, "v1")
    path = ("user:100001", "group:ops", "group:all", "policy:B")
    assert ours.decide(ME, "name/sms:DeleteAppInfo", APP_1) == Decision(
        allowed=False,
        matched=(Match("policy:B", "s0", Effect.DENY, path),),
        reason='denied by statement "s0" of "policy:B"',
    )
    assert ours.decide(ME, "name/sms:DeleteAppInfo", APP_2) == Decision(
        allowed=True,
        matched=(Match("policy:A", "s0", Effect.ALLOW, ("user:100001", "policy:A")),),
        reason='allowed by statement "s0" of "policy:A"',
    )


def test_the_guides_example_all_but_delete_on_one_application() -> None:
    """CAM-6: what it allows on two applications it denies for one action on one of them."""
    ours = held(
        allow("policy:G", "name/sms:*", APP_1, "statement[0]"),
        allow("policy:G", "name/sms:*", APP_2, "statement[0]"),
        deny("policy:G", "name/sms:DeleteAppInfo", APP_1, "statement[1]"),
    )
    assert not ours.allowed(ME, "name/SMS: DeleteAppInfo ", "qcs::SMS::uin/12345678:app/1400000001")
    assert ours.allowed(ME, "name/sms:DeleteAppInfo", APP_2)
    assert ours.allowed(ME, "sms:ModifyAppStatus", APP_1)
    assert not ours.allowed(ME, "sms:ModifyAppStatus", f"qcs::sms::uin/{OWNER}:app/1400000003")
    assert not ours.allowed(ME, "sms:SendSms", "*")


def test_the_rules_of_all_names_of_a_caller_count() -> None:
    rules = [allow("policy:A", "name/sms:*"), deny("policy:Freeze", "name/sms:Modify*")]
    links = [Link("everyone", "policy:A"), Link(f"account:{OWNER}", "policy:Freeze")]
    ours = Snapshot.build(rules, links, "v1")
    assert ours.allowed(ME, "sms:DescribeAppInfo", APP_1)
    assert not ours.allowed(ME, "sms:ModifyAppInfo", APP_1)
    assert ours.allowed(("user:2", "account:2", "everyone"), "sms:ModifyAppStatus", "*")


def test_an_action_without_resource_level_needs_the_star() -> None:
    """CAM-7: neither an allow nor a deny on an application concerns it, whatever is asked."""
    for resource in ("*", APP_1, "nonsense"):
        assert not held(allow("policy:A", "name/sms:*", APP_1)).allowed(ME, "sms:SendSms", resource)
        ours = held(allow("policy:A", "name/sms:*"), deny("policy:B", "name/sms:*", APP_1))
        assert ours.allowed(ME, "sms:SendSms", resource)


def test_another_accounts_resource_is_out_of_reach_of_any_policy() -> None:
    """CAM-5."""
    ours = held(allow("policy:A", "*"))
    theirs = "qcs::sms::uin/87654321:app/1400000001"
    decision = ours.decide(ME, "sms:DescribeAppInfo", theirs)
    reason = f'resource "{theirs}" belongs to another account'
    assert decision == Decision(allowed=False, matched=(), reason=reason)
    assert not ours.allowed(ME, "sms:DescribeAppInfo", theirs)
    assert not ours.allowed(ME, "sms:DescribeAppInfo", "qcs::SMS::uin/87654321:app/1")
    told = ours.explain(ME, "sms:DescribeAppInfo", theirs)
    assert (told.allowed, told.matched, told.nearest) == (False, (), ())
    assert ours.allowed(ME, "sms:DescribeAppInfo", APP_1)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("name/sms:DeletAppInfo", "*"),
        ("name/sms:*", "*"),
        ("", "*"),
        ("sms:DescribeAppInfo", ""),
        ("sms:DescribeAppInfo", "app/1"),
        ("sms:DescribeAppInfo", f"qcs::sms::uin/{OWNER}:app/*"),
        ("sms:DescribeAppInfo", f"qcs::sms::uin/{OWNER}:app/1\n"),
        ("sms:DescribeAppInfo", f"qcs::sms::uin/{OWNER}:app/1/2"),
        ("sms:DescribeAppInfo", f"qcs::sms::uin/{OWNER}:app/\u0661"),
        ("sms:AddBlac\u212aList", "*"),
    ],
)
def test_a_request_that_cannot_be_read_is_denied_with_a_reason(action: str, resource: str) -> None:
    ours = held(allow("policy:A", "*"))
    decision = ours.decide(ME, action, resource)
    assert (decision.allowed, decision.matched) == (False, ())
    assert decision.reason
    assert ours.allowed(ME, action, resource) is False
    assert ours.explain(ME, action, resource) == Explanation(
        action, resource, allowed=False, reason=decision.reason, matched=(), nearest=()
    )


def test_a_deny_counts_however_far_away_it_is_held() -> None:
    """Stock Casbin stops after ten links and then allows."""
    links = [Link(f"group:{n}", f"group:{n + 1}") for n in range(100)]
    links += [Link(ME[0], "group:0"), Link("group:100", "policy:B"), Link("group:100", "group:0")]
    rules = [allow("policy:A", "name/sms:*"), deny("policy:B", "name/sms:DeleteAppInfo")]
    ours = Snapshot.build(rules, [*links, Link(ME[0], "policy:A")], "v1")
    assert not ours.allowed(ME, "sms:DeleteAppInfo", APP_1)
    assert ours.allowed(ME, "sms:ModifyAppInfo", APP_1)


class AtNoon:
    """A condition for tests: it holds when the request tells noon."""

    def holds(self, context: Context) -> bool:
        """Look at one key."""
        return context.get("qcs:current_time") == "noon"


def test_a_statement_counts_only_while_its_condition_holds() -> None:
    noon: dict[str, str | datetime] = {"qcs:current_time": "noon"}
    rules = [
        allow("policy:A", "name/sms:Describe*"),
        Rule("policy:A", "s1", Effect.ALLOW, "name/sms:Modify*", APP_1, AtNoon()),
        Rule("policy:A", "s2", Effect.DENY, "name/sms:DescribeAppInfo", "*", AtNoon()),
    ]
    ours = held(*rules)
    assert not ours.allowed(ME, "sms:ModifyAppInfo", APP_1)
    assert ours.allowed(ME, "sms:ModifyAppInfo", APP_1, noon)
    assert ours.allowed(ME, "sms:DescribeAppInfo", APP_1)
    assert not ours.allowed(ME, "sms:DescribeAppInfo", APP_1, noon)
    matched = [match.statement for match in ours.explain(ME, "sms:DescribeAppInfo", APP_1).matched]
    assert matched == ["s0"]
    [near] = ours.explain(ME, "sms:ModifyAppInfo", APP_1).nearest[:1]
    assert (near.match.statement, near.differs) == ("s1", Differs.CONDITION)


def test_a_rule_without_condition_counts_beside_one_with() -> None:
    rules = [
        Rule("policy:A", "s0", Effect.DENY, "name/sms:SendSms", "*", AtNoon()),
        deny("policy:A", "name/sms:SendSms", statement="s1"),
        allow("policy:A", "name/sms:*", statement="s2"),
    ]
    assert not held(*rules).allowed(ME, "sms:SendSms", "*")


def test_letter_case_of_a_rule_never_hides_a_deny() -> None:
    """CAM-4: rules come canonical; one that did not would still count."""
    ours = held(
        allow("policy:A", "name/sms:*"), deny("policy:B", "NAME/SMS:deleteAPPinfo", APP_1.upper())
    )
    assert not ours.allowed(ME, "sms:DeleteAppInfo", APP_1)
    assert [match.policy for match in ours.explain(ME, "sms:DeleteAppInfo", APP_1).matched] == [
        "policy:B",
        "policy:A",
    ]


def test_an_explanation_names_every_matching_statement_deny_first() -> None:
    ours = held(
        allow("policy:A", "name/sms:*"),
        allow("policy:A", "name/sms:Delete*", statement="s1"),
        allow("policy:A", "name/sms:DeleteAppInfo", APP_1, statement="s1"),
        deny("policy:B", "name/sms:DeleteAppInfo", APP_1),
        deny("policy:B", "name/sms:DeleteAppInfo", APP_2, statement="s1"),
    )
    told = ours.explain(ME, "sms:deleteappinfo", "qcs::SMS::uin/12345678:app/1400000001")
    assert (told.action, told.resource) == ("name/sms:DeleteAppInfo", APP_1)
    assert [(match.policy, match.statement) for match in told.matched] == [
        ("policy:B", "s0"),
        ("policy:A", "s0"),
        ("policy:A", "s1"),
    ]
    assert told.nearest == ()


def test_a_default_deny_is_explained_by_the_nearest_misses() -> None:
    ours = held(
        allow("policy:A", "name/sms:DescribeAppInfo", statement="far"),
        allow("policy:A", "name/sms:DeleteSmsSign", statement="near"),
        allow("policy:A", "name/sms:Delete*", APP_2, statement="resource"),
        allow("policy:A", "name/cam:*", APP_2, statement="neither"),
        deny("policy:A", "name/sms:DeleteAppInfo", APP_2, statement="deny"),
    )
    path = (ME[0], "policy:A")
    assert ours.explain(ME, "sms:DeleteAppInfo", APP_1).nearest == (
        Miss(Match("policy:A", "resource", Effect.ALLOW, path), Differs.RESOURCE, APP_2),
        Miss(
            Match("policy:A", "near", Effect.ALLOW, path), Differs.ACTION, "name/sms:DeleteSmsSign"
        ),
        Miss(
            Match("policy:A", "far", Effect.ALLOW, path), Differs.ACTION, "name/sms:DescribeAppInfo"
        ),
    )


def test_only_a_few_misses_are_told() -> None:
    rules = [allow("policy:A", "name/cam:*", statement=f"s{n}") for n in range(NEAREST + 1)]
    assert len(held(*rules).explain(ME, "sms:SendSms", "*").nearest) == NEAREST


def test_added_rules_join_those_of_the_files_without_changing_them() -> None:
    files = Snapshot.build(
        [allow("policy:Full", "name/sms:*"), deny("policy:Freeze", "name/sms:DeleteAppInfo")],
        [Link("everyone", "policy:Freeze")],
        "files",
    )
    own = files.with_rules(
        [allow("policy:12345678/1", "name/cam:ListUsers")],
        [
            Link(ME[0], "group:1"),
            Link("group:1", "policy:Full"),
            Link("group:1", "policy:12345678/1"),
        ],
        version="own",
    )
    assert (files.version, own.version) == ("files", "own")
    assert own.allowed(ME, "cam:ListUsers", "*")
    assert own.allowed(ME, "sms:ModifyAppInfo", APP_1)
    assert not own.allowed(ME, "sms:DeleteAppInfo", APP_1)
    assert not files.allowed(ME, "sms:ModifyAppInfo", APP_1)


def test_an_account_cannot_add_to_a_policy_of_the_files() -> None:
    files = held(allow("policy:Full", "name/sms:*"))
    with pytest.raises(ValueError, match='policy "policy:Full" is already defined; give it a new'):
        files.with_rules([allow("policy:Full", "name/cam:*")], [], version="own")


def test_no_policy_of_an_account_reaches_the_operators_actions() -> None:
    """REV-1, CAM-9: not by a wildcard, not by attaching the operators' policy, not by a deny."""
    files = Snapshot.build(
        [allow("policy:Operator", "name/operator:*")],
        [Link("role:operator", "policy:Operator")],
        "files",
    )
    own = files.with_rules(
        [allow("policy:1", "*"), deny("policy:2", "*")],
        [
            Link(ME[0], "policy:1"),
            Link(ME[0], "policy:Operator"),
            Link("role:operator", "policy:2"),
        ],
        version="own",
    )
    assert own.allowed(ME, "cam:AddUser", "*")
    assert not own.allowed(ME, "operator:DecideReview", "*")
    assert own.explain(ME, "operator:DecideReview", "*").nearest == ()
    assert own.plan(ME, "operator:DecideReview", OWNER).admits(1) is False
    assert own.allowed(("user:9", "role:operator"), "operator:DecideReview", "*")


def test_a_model_of_another_meaning_is_refused() -> None:
    with pytest.raises(ModelError):
        Snapshot.build([], [], "v1", model="[matchers]\nm = true\n")
