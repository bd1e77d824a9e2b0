"""What authors are told about policies that work (CAM-7, CAM-8)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import resource_classes
from policies.actions import CATALOGUE
from policies.analysis import diff
from policies.document import parse
from policies.finding import Check, Finding, Severity
from policies.lint import lint_document, lint_files
from policies.live import PolicyDirectory
from policies.reader import read_files
from tests.policies.guide import FIRST, OWNER, SECOND, SYNTAX, allow, deny, document

EVERY = f"qcs::sms::uin/{OWNER}:app/*"
OFFICE = {"ip_equal": {"qcs:ip": "10.0.0.0/8"}}


def found(*statements: dict[str, object]) -> list[tuple[Check, Severity, str]]:
    findings = lint_document(parse(document(*statements), OWNER))
    return [(each.check, each.severity, each.path) for each in findings]


def test_the_ids_are_stable() -> None:
    assert {str(check): check.id for check in Check} == {
        "unknown-action": "CAM001",
        "needs-star": "CAM002",
        "shadowed-statement": "CAM003",
        "redundant-statement": "CAM004",
        "deny-denies-nothing": "CAM005",
        "effectively-star": "CAM006",
        "legacy-action": "CAM007",
        "disused-action": "CAM008",
        "normalised": "CAM009",
        "wildcard-service": "CAM010",
        "not-analysed": "CAM011",
    }


def test_a_finding_prints_on_one_line_and_as_json() -> None:
    finding = Finding(Check.SHADOWED, Severity.WARNING, "statement[0]", "it is denied", "delete it")
    assert str(finding) == (
        "statement[0]: warning CAM003 shadowed-statement: it is denied; delete it"
    )
    assert finding.as_json() == {
        "id": "CAM003",
        "name": "shadowed-statement",
        "severity": "warning",
        "path": "statement[0]",
        "message": "it is denied",
        "suggestion": "delete it",
    }


def test_the_guides_example_has_its_blanks_told_and_what_its_star_does_not_reach() -> None:
    findings = lint_document(parse(SYNTAX, OWNER))
    assert [each.check for each in findings] == [*[Check.NORMALISED] * 3, Check.NEEDS_STAR]
    assert findings[3].severity is Severity.SUGGESTION
    assert findings[3].message == (
        '"name/sms:*" reaches only actions with resource-level control here, not AddApp and others'
    )


@pytest.mark.parametrize("resource", [FIRST, EVERY, f"qcs::sms::uin/{OWNER}:*"])
def test_an_action_without_resource_level_control_needs_a_star(resource: str) -> None:
    action = "name/sms:AddBlackList"
    findings = found(allow(["sms:DeleteAppInfo", action], resource))
    assert (Check.NEEDS_STAR, Severity.ERROR, "statement[0].action[1]") in findings
    assert (Check.NEEDS_STAR, Severity.ERROR, "statement[0].action[0]") not in findings
    assert found(allow(action, [resource, "*"])) == found(allow("sms:SendSms", [resource, "*"]))


def test_a_deny_on_an_application_of_such_an_action_denies_nothing() -> None:
    assert found(deny("sms:SendSms", FIRST)) == [
        (Check.NEEDS_STAR, Severity.ERROR, "statement[0].action"),
        (Check.EMPTY_DENY, Severity.ERROR, "statement[0]"),
    ]


def test_a_pattern_that_stands_for_no_action() -> None:
    assert found(deny("sms:Delet*x")) == [
        (Check.UNKNOWN_ACTION, Severity.ERROR, "statement[0].action"),
        (Check.EMPTY_DENY, Severity.ERROR, "statement[0]"),
    ]


def test_a_statement_whose_every_request_is_denied_is_shadowed() -> None:
    shadow = (Check.SHADOWED, Severity.WARNING, "statement[0]")
    assert found(allow("sms:DeleteAppInfo", FIRST), deny("sms:Delete*", EVERY))[-1] == shadow
    assert shadow not in found(allow("sms:DeleteAppInfo", EVERY), deny("sms:Delete*", FIRST))
    assert shadow not in found(
        allow("sms:DeleteAppInfo", FIRST), deny("sms:Delete*", EVERY, condition=OFFICE)
    )


def test_a_statement_that_others_already_say_is_redundant() -> None:
    assert found(allow("sms:Describe*"), allow("sms:DescribeAppList", FIRST)) == [
        (Check.REDUNDANT, Severity.WARNING, "statement[1]")
    ]
    assert found(allow("sms:SendSms"), allow("sms:SendSms")) == [
        (Check.REDUNDANT, Severity.WARNING, "statement[1]")
    ]
    assert found(allow("sms:SendSms", condition=OFFICE), allow("sms:Send*")) == [
        (Check.REDUNDANT, Severity.WARNING, "statement[0]")
    ]
    assert found(allow("sms:SendSms"), allow("sms:Send*", condition=OFFICE)) == []
    assert found(deny("sms:SendSms"), deny("sms:*")) == [
        (Check.REDUNDANT, Severity.WARNING, "statement[0]")
    ]


def test_a_deny_of_what_the_policy_does_not_allow_may_be_meant_for_others() -> None:
    assert found(allow("sms:Describe*"), deny("sms:SendSms")) == [
        (Check.EMPTY_DENY, Severity.SUGGESTION, "statement[1]")
    ]
    assert found(deny("sms:SendSms")) == []


def test_all_actions_in_other_words() -> None:
    initials = sorted({row.name[4] for row in CATALOGUE.values() if row.service == "sms"})
    worded = [f"sms:{letter}*" for letter in initials]
    star = (Check.EFFECTIVELY_STAR, Severity.WARNING, "statement[0]")
    assert found(allow(worded)) == [star]
    assert found(allow(worded[1:])) == []
    assert found(allow([*worded, "sms:*"])) == []
    assert found(deny(worded)) == []


@pytest.mark.parametrize(
    ("resource", "all_of_them"),
    [
        ("*", False),
        (EVERY, False),
        (f"qcs::sms::uin/{OWNER}:app/1*", False),
        (f"qcs::sms::uin/{OWNER}:*", True),
        ("qcs::*:::*", True),
        ("qcs::sms:::a*p/*", True),
    ],
)
def test_all_applications_in_other_words(resource: str, *, all_of_them: bool) -> None:
    worded = (Check.EFFECTIVELY_STAR, Severity.WARNING, "statement[0].resource")
    assert (worded in found(allow("sms:DeleteAppInfo", resource))) is all_of_them
    assert worded not in found(deny("sms:DeleteAppInfo", resource))


@pytest.mark.parametrize("action", ["*", "*:*", "*:Describe*"])
def test_a_star_for_the_service_allows_access_management_too(action: str) -> None:
    wild = (Check.WILDCARD_SERVICE, Severity.ERROR, "statement[0].action")
    assert wild in found(allow(action))
    assert wild not in found(deny(action))


def test_legacy_and_disused_names() -> None:
    assert found(allow(["consolesms:SMS_GetAPPList", "consolesms:SMS_QueryBill"])) == [
        (Check.LEGACY_ACTION, Severity.WARNING, "statement[0].action[0]"),
        (Check.DISUSED_ACTION, Severity.WARNING, "statement[0].action[1]"),
    ]


def test_what_is_too_complex_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_classes, "MAX_STATES", 3)
    assert found(allow("sms:DeleteAppInfo", [FIRST, SECOND])) == [
        (Check.NOT_ANALYSED, Severity.WARNING, "statement[0]")
    ]


def test_the_packaged_policies_have_nothing_to_tell() -> None:
    files = PolicyDirectory().in_force.files
    assert lint_files(files.rules, files.places) == []


def test_lines_of_files_are_told_with_their_place() -> None:
    text = f"""# A site policy.
p, policy:Ops, apps, allow, name/sms:Describe*, *
p, policy:Ops, send, allow, name/sms:SendSms, {EVERY}
p, policy:Ops, list, allow, name/sms:DescribeAppList, *
p, policy:All, all, allow, *, *
"""
    files = read_files({"site/ops.csv": text.encode()})
    findings = [(str(each.check), each.path) for each in lint_files(files.rules, files.places)]
    assert findings == [
        ("needs-star", "site/ops.csv:3:1"),
        ("redundant-statement", "site/ops.csv:4:1"),
        ("wildcard-service", "site/ops.csv:5:1"),
    ]


actions = st.sampled_from(["sms:*", "sms:Describe*", "sms:DeleteAppInfo", "sms:SendSms", "*"])
resources = st.sampled_from(["*", EVERY, FIRST, SECOND, f"qcs::sms::uin/{OWNER}:app/14*"])
statements = st.builds(
    lambda effect, action, resource: {"effect": effect, "action": action, "resource": resource},
    st.sampled_from(["allow", "deny"]),
    st.lists(actions, min_size=1, max_size=2),
    st.lists(resources, min_size=1, max_size=2),
)


@given(st.lists(statements, min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_deleting_what_is_redundant_shadowed_or_empty_changes_no_decision(
    content: list[dict[str, object]],
) -> None:
    read = parse(document(*content), OWNER)
    useless = {
        finding.path
        for finding in lint_document(read)
        if finding.check in (Check.SHADOWED, Check.REDUNDANT)
        or (finding.check is Check.EMPTY_DENY and finding.severity is Severity.ERROR)
    }
    rules = read.compile("policy:p")
    kept = [rule for rule in rules if rule.statement not in useless]
    assert diff(rules, kept, OWNER) == []
