"""Custom policies in CAM's JSON syntax, as accepted (CAM-3, CAM-4, CAM-5, CAM-9; domain.md 6.1)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.document import Document, DocumentError, DocumentProblem, generate, parse
from policies.engine import Snapshot
from policies.rule import Effect, Link, Rule
from tests.policies.guide import FIRST, GENERATOR, OWNER, SECOND, SYNTAX, allow, document


def allowed(text: str, action: str, resource: str) -> bool:
    rules = parse(text, OWNER).compile("policy:p")
    snapshot = Snapshot.build(rules, [Link("user:1", "policy:p")], 1)
    return snapshot.allowed(("user:1", f"account:{OWNER}"), action, resource)


def test_the_generator_allows_all_but_deletion() -> None:
    text = generate(GENERATOR)
    assert json.loads(text) == {
        "version": "2.0",
        "statement": [
            {"effect": "allow", "action": ["name/sms:*"], "resource": [FIRST]},
            {"effect": "deny", "action": ["name/sms:DeleteAppInfo"], "resource": [FIRST]},
        ],
    }
    assert parse(text, OWNER).warnings == ()
    assert allowed(text, "name/sms:ModifyAppInfo", FIRST)
    assert not allowed(text, "name/sms:DeleteAppInfo", FIRST)
    assert not allowed(text, "name/sms:ModifyAppInfo", SECOND)


def test_the_pasted_text_behaves_as_the_guide_says_despite_its_blanks_and_capitals() -> None:
    assert allowed(SYNTAX, "name/sms:DeleteAppInfo", SECOND)
    assert not allowed(SYNTAX, "name/sms:DeleteAppInfo", FIRST)
    assert allowed(SYNTAX, "name/sms:DescribeAppInfo", FIRST)


def test_the_text_is_kept_and_what_was_put_right_is_told() -> None:
    read = parse(SYNTAX, OWNER)
    assert read.text == SYNTAX
    assert [str(each) for each in read.warnings] == [
        f"statement{place}: warning CAM009 normalised: {what}; write it so"
        for place, what in (
            ("[0].action[0]", '"name/SMS:*" is read as "name/sms:*"'),
            ("[1].action[0]", '"name/SMS: DeleteAppInfo " is read as "name/sms:DeleteAppInfo"'),
            ("[1].resource[0]", f'"qcs::SMS::uin/12345678:app/1400000001" is read as "{FIRST}"'),
        )
    ]
    assert json.loads(read.normalised())["statement"][1] == {
        "effect": "deny",
        "action": ["name/sms:DeleteAppInfo"],
        "resource": [FIRST],
    }


def test_a_statement_becomes_a_rule_for_each_action_and_resource() -> None:
    assert parse(SYNTAX, OWNER).compile("policy:guide") == (
        Rule("policy:guide", "statement[0]", Effect.ALLOW, "name/sms:*", FIRST),
        Rule("policy:guide", "statement[0]", Effect.ALLOW, "name/sms:*", SECOND),
        Rule("policy:guide", "statement[1]", Effect.DENY, "name/sms:DeleteAppInfo", FIRST),
    )


def test_one_object_and_bare_strings_stand_for_lists_of_one() -> None:
    single = '{"version":"2.0","statement":{"effect":"allow","action":"sms:*","resource":"*"}}'
    listed = document(allow(["name/sms:*"], ["*"]))
    assert parse(single, OWNER).compile("policy:p") == parse(listed, OWNER).compile("policy:p")
    assert parse(single, OWNER).warnings == ()


def test_an_empty_account_is_the_owners() -> None:
    read = parse(document(allow("sms:*", "qcs::sms:::app/*")), OWNER)
    assert read.statements[0].resources == (f"qcs::sms::uin/{OWNER}:app/*",)


def test_an_empty_service_is_every_service() -> None:
    text = document(allow("sms:DeleteAppInfo", f"qcs::::uin/{OWNER}:app/1400000001"))
    assert allowed(text, "name/sms:DeleteAppInfo", FIRST)


def test_cams_own_resources_can_be_named() -> None:
    read = parse(document(allow("cam:GetUser", f"qcs::cam::uin/{OWNER}:uin/100001")), OWNER)
    assert read.statements[0].resources == (f"qcs::cam::uin/{OWNER}:uin/100001",)


def test_a_prefix_of_applications() -> None:
    text = document(allow("sms:DeleteAppInfo", f"qcs::sms::uin/{OWNER}:app/14*"))
    assert allowed(text, "name/sms:DeleteAppInfo", FIRST)
    assert not allowed(text, "name/sms:DeleteAppInfo", f"qcs::sms::uin/{OWNER}:app/15")


@pytest.mark.parametrize("everything", ["*", "*:*"])
def test_everything_is_every_action_of_the_account_and_nothing_of_the_installation(
    everything: str,
) -> None:
    text = document(allow(everything))
    assert parse(text, OWNER).statements[0].compiled_actions() == ("name/sms:*", "name/cam:*")
    assert not allowed(text, "name/operator:DecideReview", "*")


def test_a_name_said_twice_counts_once() -> None:
    read = parse(document(allow(["sms:SendSms", "name/sms:SendSms"])), OWNER)
    assert len(read.compile("policy:p")) == 1


texts = st.one_of(
    st.text(max_size=200),
    st.text(alphabet='{}[]",:\\ \n0123truefalsn\u0130\ud800', max_size=60),
)
actions = st.sampled_from(
    ["*", "sms:*", " name / SMS : describe* ", "name/sms:SendSms", "cam:GetUser", "*:Describe*"]
)
resources = st.sampled_from(["*", "qcs::sms:::app/*", "qcs::SMS::uin/12345678:app/14*", FIRST])
statements = st.builds(
    lambda effect, action, resource: {"effect": effect, "action": action, "resource": resource},
    st.sampled_from(["allow", "deny"]),
    st.one_of(actions, st.lists(actions, min_size=1, max_size=3)),
    st.one_of(resources, st.lists(resources, min_size=1, max_size=3)),
)
documents = st.lists(statements, min_size=1, max_size=4).map(lambda each: document(*each))


@given(texts)
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(DocumentError) as refused:
        parse(text, OWNER)
    assert all("\n" not in str(each) for each in refused.value.problems)


@given(documents, st.data())
def test_no_damage_to_a_document_breaks_the_reader(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    damaged = text[:at] + data.draw(st.text(max_size=3)) + text[at + data.draw(st.integers(0, 3)) :]
    try:
        outcome: object = parse(damaged, OWNER)
    except DocumentError as error:
        outcome = error.problems[0]
    assert isinstance(outcome, Document | DocumentProblem)


@given(documents)
def test_the_normalised_text_means_the_same_and_stays_as_it_is(text: str) -> None:
    read = parse(text, OWNER)
    again = parse(read.normalised(), OWNER)
    assert again.compile("policy:p") == read.compile("policy:p")
    assert again.normalised() == read.normalised()
    assert again.warnings == ()
