"""Leaving the module consolesms (CAM-8)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import consolesms, legacy
from policies.actions import find
from policies.analysis import diff
from policies.document import DocumentError, Reason, parse
from policies.finding import Check
from tests.policies.guide import FIRST, OWNER, SYNTAX, allow, document

OLD = """{ "version": "2.0",
  "statement": [
    { "effect": "allow",
      "action": [
        "name/sms:DescribeAppList",
        "name/consolesms:SMS_GetAPPList",
        "name/consolesms:SMS_GetAPPInfo",
        "name/consolesms:SMS_GetBlackList"
      ],
      "resource": "*" },
    { "effect": "deny", "action": "consolesms:SMS_GetReceiver", "resource": "*" },
    { "effect": "deny", "action": "consolesms:sms_getappinfo", "resource": ["*"] }
  ]
}
"""


def test_the_tables_are_the_guides() -> None:
    assert (len(consolesms.TABLE), len(consolesms.MAPPED), len(consolesms.DISUSED)) == (31, 30, 31)
    assert consolesms.TABLE.count(("SMS_GetWarningThreshold", "DescribeWarningThreshold")) == 2
    assert len(set(consolesms.DISUSED)) == 31
    assert not set(consolesms.MAPPED) & set(consolesms.DISUSED)
    assert all(find(f"sms:{new}") is not None for new in consolesms.MAPPED.values())


@pytest.mark.parametrize(("old", "new"), consolesms.MAPPED.items())
def test_a_stored_policy_keeps_working_under_the_new_names(old: str, new: str) -> None:
    rules = parse(document(allow(f"name/consolesms:{old}")), OWNER).compile("policy:p")
    assert [rule.action for rule in rules] == [f"name/sms:{new}"]


@pytest.mark.parametrize("old", consolesms.DISUSED)
def test_a_disused_name_allows_nothing(old: str) -> None:
    assert parse(document(allow(f"name/consolesms:{old}")), OWNER).compile("policy:p") == ()


def test_a_pattern_stands_for_the_names_of_the_tables_only() -> None:
    rules = parse(document(allow("consolesms:*")), OWNER).compile("policy:p")
    assert [rule.action for rule in rules] == [
        f"name/sms:{new}" for new in consolesms.MAPPED.values()
    ]


def test_a_preset_granted_of_the_module_is_granted_of_sms() -> None:
    assert consolesms.preset_actions("name/consolesms:*") == ("name/sms:*",)
    assert consolesms.preset_actions("consolesms:SMS_GetAPPList") == ("name/sms:DescribeAppList",)
    assert consolesms.preset_actions("consolesms:SMS_GetReceiver") == ()
    assert consolesms.preset_actions("sms:SendSms") == ()


def test_a_new_policy_is_refused_with_every_mapping_and_every_disused_name() -> None:
    with pytest.raises(DocumentError) as refused:
        legacy.refuse(parse(OLD, OWNER))
    app_list = '"SMS_GetAPPList" of consolesms is "DescribeAppList" of sms'
    app_info = '"SMS_GetAPPInfo" of consolesms is "DescribeAppInfo" of sms'
    assert [str(problem) for problem in refused.value.problems] == [
        f'statement[0].action[1]: {app_list}: write "name/sms:DescribeAppList"',
        f'statement[0].action[2]: {app_info}: write "name/sms:DescribeAppInfo"',
        'statement[0].action[3]: "SMS_GetBlackList" of consolesms is disused: delete it',
        'statement[1].action: "SMS_GetReceiver" of consolesms is disused: delete it',
        f'statement[2].action: {app_info}: write "name/sms:DescribeAppInfo"',
    ]
    assert {problem.code for problem in refused.value.problems} == {Reason.ACTION_SERVICE}


def test_all_sixty_one_names_are_listed_for_the_whole_module() -> None:
    found = parse(document(allow("consolesms:*")), OWNER).warnings
    assert [each.check for each in found] == (
        [Check.LEGACY_ACTION] * 30 + [Check.DISUSED_ACTION] * 31
    )


def test_a_document_of_today_is_not_refused() -> None:
    legacy.refuse(parse(SYNTAX, OWNER))


def test_migration_keeps_the_layout_and_changes_no_decision() -> None:
    migration = legacy.migrate(OLD, OWNER)
    assert migration.text == (
        """{ "version": "2.0",
  "statement": [
    { "effect": "allow",
      "action": [
        "name/sms:DescribeAppList",
        "name/sms:DescribeAppInfo"
      ],
      "resource": "*" },
    { "effect": "deny", "action": "name/sms:DescribeAppInfo", "resource": ["*"] }
  ]
}
"""
    )
    assert migration.mapped == (
        ("statement[0].action[1]", "SMS_GetAPPList", "DescribeAppList"),
        ("statement[0].action[2]", "SMS_GetAPPInfo", "DescribeAppInfo"),
        ("statement[2].action", "SMS_GetAPPInfo", "DescribeAppInfo"),
    )
    assert migration.removed == (
        ("statement[0].action[3]", "SMS_GetBlackList"),
        ("statement[1].action", "SMS_GetReceiver"),
    )
    assert migration.changes == ()


def test_migration_leaves_other_documents_as_they_are() -> None:
    assert legacy.migrate(SYNTAX, OWNER) == legacy.Migration(SYNTAX, (), (), ())


def test_nothing_is_left_of_a_policy_of_disused_names() -> None:
    text = document(allow(["consolesms:SMS_GetReceiver", "consolesms:SMS_QueryBill"]))
    assert legacy.migrate(text, OWNER).text is None


def test_a_name_that_two_legacy_actions_become_stands_once() -> None:
    twice = ["consolesms:SMS_GetAPPList", "consolesms:SMS_GetAPPL*", "consolesms:sms_getapplist"]
    migrated = legacy.migrate(document(allow(twice)), OWNER).text
    assert migrated == document(allow(["name/sms:DescribeAppList"]))


def test_one_statement_without_brackets() -> None:
    statement = allow("consolesms:SMS_Query*Task*")
    text = json.dumps({"version": "2.0", "statement": statement})
    migrated = legacy.migrate(text, OWNER).text
    assert migrated is not None
    assert json.loads(migrated)["statement"]["action"] == [
        "name/sms:DescribeQueryDumpLogTask",
        "name/sms:DescribeSendSmsDumpLogTask",
        "name/sms:DescribeSendSMSTaskSummary",
    ]


names = st.sampled_from(
    [
        *(f"name/consolesms:{name}" for name in (*consolesms.MAPPED, *consolesms.DISUSED)),
        "consolesms:*",
        "consolesms:SMS_Get*",
        "consolesms:Voice_*",
        "name/sms:DescribeAppList",
        "name/sms:*",
    ]
)
statements = st.builds(
    lambda effect, action, resource: {"effect": effect, "action": action, "resource": resource},
    st.sampled_from(["allow", "deny"]),
    st.one_of(names, st.lists(names, min_size=1, max_size=4)),
    st.sampled_from(["*", FIRST]),
)


@given(st.lists(statements, min_size=1, max_size=4), st.sampled_from([None, 0, 2, 7]))
def test_migration_is_always_exact(content: list[dict[str, object]], indent: int | None) -> None:
    text = json.dumps({"version": "2.0", "statement": content}, indent=indent)
    migration = legacy.migrate(text, OWNER)
    assert migration.changes == ()
    before = parse(text, OWNER).compile("policy:p")
    if migration.text is None:
        assert diff(before, (), OWNER) == []
        return
    after = parse(migration.text, OWNER)
    legacy.refuse(after)
    assert diff(before, after.compile("policy:p"), OWNER) == []
    assert legacy.migrate(migration.text, OWNER).text == migration.text
