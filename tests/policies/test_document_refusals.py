"""What a policy document may not say, and how large it may be (CAM-3; domain.md 6.1, 6.5, 6.6)."""

import json

import pytest

from policies.document import MAX_CHARACTERS, DocumentError, Reason, parse
from policies.statement import MAX_LINES
from policies.strict_json import MAX_TEXT
from tests.policies.guide import OWNER, allow, deny, document


def problems(text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(DocumentError) as refused:
        parse(text, OWNER)
    return [(each.code, each.path, each.message) for each in refused.value.problems]


def only(text: str) -> tuple[str, str, str]:
    (problem,) = problems(text)
    return problem


def test_an_unknown_action_is_named_with_the_one_probably_meant() -> None:
    text = document(allow("sms:*"), deny(["name/sms:DeletAppInfo"]))
    with pytest.raises(DocumentError) as refused:
        parse(text, OWNER)
    assert str(refused.value) == (
        'statement[1].action[0]: unknown action "name/sms:DeletAppInfo",'
        " did you mean DeleteAppInfo?"
    )
    assert refused.value.problems[0].code == "InvalidParameter.ActionNotExist"


def test_every_problem_is_told_at_once() -> None:
    text = (
        '{"version":"1.0","principal":"*","statement":['
        '{"effect":"Deny","action":[],"resource":"qcs::sms::uin/1:app/*","sid":"x"}]}'
    )
    assert [(code, path) for code, path, _ in problems(text)] == [
        (Reason.PRINCIPAL, "principal"),
        (Reason.VERSION, "version"),
        (Reason.STATEMENT, "statement[0].sid"),
        (Reason.EFFECT, "statement[0].effect"),
        (Reason.ACTION_MISSING, "statement[0].action"),
        (Reason.RESOURCE_UIN, "statement[0].resource"),
    ]


@pytest.mark.parametrize(
    ("text", "path", "part"),
    [
        ("", "", "line 1, column 1: the text ends early"),
        ("[]", "", "a policy document must be an object"),
        ("\ufeff{}", "", "byte order mark"),
        ('{"a":1,\n"a":2}', "", 'line 2, column 1: the key "a" is given twice: keep one'),
        ("{} x", "", 'nothing may follow the document, found "x"'),
        ('{"version":NaN}', "version", 'expected a value, found "N"'),
        ('{"version":1e400}', "version", 'expected a value, found "1"'),
        ('{"version":"\\ud800"}', "version", "half of a surrogate pair"),
        ('{"version":"a\nb"}', "version", "invalid control character"),
        ("[[[[[[[[[", "[0][0][0][0][0][0][0][0]", "nested deeper than 8 levels"),
        ('{"Version":"2.0"}', "Version", 'keys are lower case, write "version"'),
        ('{"id":1}', "id", 'unknown key "id": known are version, statement'),
    ],
)
def test_what_is_no_document(text: str, path: str, part: str) -> None:
    code, where, message = problems(text)[0]
    assert (code, where) == (Reason.DOCUMENT, path)
    assert part in message


def test_the_last_of_two_equal_keys_does_not_win() -> None:
    text = '{"version":"2.0","statement":{"effect":"deny","effect":"allow"}}'
    code, path, message = only(text)
    assert (code, path) == (Reason.DOCUMENT, "statement")
    assert 'the key "effect" is given twice: keep one' in message


@pytest.mark.parametrize("version", ["1.0", "2", 2.0, None, ["2.0"]])
def test_versions_other_than_the_string(version: object) -> None:
    text = json.dumps({"version": version, "statement": allow("sms:*")})
    code, path, _ = only(text)
    assert (code, path) == (Reason.VERSION, "version")


@pytest.mark.parametrize("key", ["not_action", "not_resource", "Action", "sid", "principal"])
def test_keys_of_a_statement(key: str) -> None:
    code, path, message = only(document(allow("sms:*", "*", **{key: "*"})))
    assert (code, path) == (Reason.STATEMENT, f"statement[0].{key}")
    assert f'"{key}"' in message


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("permid/123", Reason.ACTION),
        ("SendSms", Reason.ACTION),
        ("", Reason.ACTION),
        ("sms:Delete AppInfo", Reason.ACTION),
        ("\u017fms:SendSms", Reason.ACTION),
        ("sms:Send\u200bSms", Reason.ACTION),
        ("\uff53\uff4d\uff53:SendSms", Reason.ACTION),
        ("sms:" + "a*" * 9, Reason.ACTION),
        ("sms:" + "a" * 300, Reason.ACTION),
        ("sms:${uin}", Reason.ACTION),
        ("cvm:RunInstances", Reason.ACTION_SERVICE),
        ("operator:DecideReview", Reason.ACTION_SERVICE),
        ("console:SignIn", Reason.ACTION_SERVICE),
        ("oper*:DecideReview", Reason.ACTION_SERVICE),
        ("sms:NoSuchAction", Reason.ACTION_UNKNOWN),
        ("consolesms:SMS_NoSuchAction", Reason.ACTION_UNKNOWN),
        (7, Reason.ACTION),
    ],
)
def test_actions(action: object, code: Reason) -> None:
    assert only(document({**allow("x"), "action": action}))[:2] == (code, "statement[0].action")


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        ("", Reason.RESOURCE_CONTENT),
        ("app/*", Reason.RESOURCE_QCS),
        ("arn:aws:sms::1:app/*", Reason.RESOURCE_QCS),
        ("qcs:7:sms::uin/12345678:app/*", Reason.RESOURCE_PROJECT),
        ("qcs::cvm::uin/12345678:app/*", Reason.RESOURCE_SERVICE),
        ("qcs::sms:gz:uin/12345678:app/*", Reason.RESOURCE_REGION),
        ("qcs::sms::uin/87654321:app/*", Reason.RESOURCE_UIN),
        ("qcs::sms::uin/*:app/*", Reason.RESOURCE_UIN),
        ("qcs::sms::*:app/*", Reason.RESOURCE_UIN),
        ("qcs::sms::uid/12345678:app/*", Reason.RESOURCE_UIN),
        ("qcs::sms::uin/12345678:template/*", Reason.RESOURCE_CONTENT),
        ("qcs::sms::uin/12345678:app/", Reason.RESOURCE_CONTENT),
        ("qcs::sms::uin/12345678:app/${uin}", Reason.RESOURCE_CONTENT),
        ("qcs::sms::uin/${owner_uin}:app/*", Reason.RESOURCE_CONTENT),
        ("qcs::sms::uin/12345678:app/\u0661", Reason.RESOURCE),
        ("qcs::sms::uin/12345678:app/" + "1*" * 9, Reason.RESOURCE),
    ],
)
def test_resources(resource: str, code: Reason) -> None:
    assert only(document(allow("sms:*", [resource])))[:2] == (code, "statement[0].resource[0]")


@pytest.mark.parametrize("statement", [[], None])
def test_documents_without_a_statement(statement: object) -> None:
    text = json.dumps({"version": "2.0", "statement": statement})
    code, path, _ = only(text)
    assert (code, path) == (Reason.STATEMENT, "statement")


def test_a_statement_that_is_no_object() -> None:
    text = json.dumps({"version": "2.0", "statement": ["allow"]})
    assert only(text)[:2] == (Reason.STATEMENT, "statement[0]")


def test_white_space_does_not_count() -> None:
    text = json.dumps({"version": "2.0", "statement": allow(["sms:SendSms"] * 400)}, indent=20)
    assert len(text) > 2 * MAX_CHARACTERS
    parse(text, OWNER)


def test_the_last_character_that_fits() -> None:
    bare = document(allow(["sms:SendSms"])).replace(" ", "")
    more = ',"sms:SendSms"'
    room = (MAX_CHARACTERS - len(bare)) // len(more)
    text = bare.replace('"sms:SendSms"', '"sms:SendSms"' + more * room)
    missing = MAX_CHARACTERS - len(text)
    full = text.replace('"*"', '"' + "*" * (missing + 1) + '"')
    assert len(full) == MAX_CHARACTERS
    parse(full, OWNER)
    code, path, message = only(full.replace('"**', '"***'))
    assert (code, path) == (Reason.LENGTH, "")
    assert message.startswith("the document has 6145 characters without white space")


def test_all_white_space_together_is_bounded_too() -> None:
    text = document(allow("sms:*"))
    parse(text + " " * (MAX_TEXT - len(text)), OWNER)
    assert only(text + " " * (MAX_TEXT - len(text) + 1))[0] == Reason.DOCUMENT


def test_the_last_line_that_fits() -> None:
    many = [f"qcs::sms:::app/{number}" for number in range(125)]
    wild = ["sms:" + "".join(pair) + "*" for pair in _pairs(40)]
    full = document(allow(wild, many)).replace(" ", "")
    assert len(parse(full, OWNER).compile("policy:p")) == MAX_LINES
    over = document(allow([*wild, "sms:Z*"], many)).replace(" ", "")
    code, path, message = only(over)
    assert (code, path) == (Reason.LENGTH, "")
    assert message.startswith("the document pairs 5125 actions and resources, at most 5000")


def _pairs(count: int) -> list[tuple[str, str]]:
    letters = "ABCDEFGHIJ"
    return [(one, other) for one in letters for other in letters][:count]
