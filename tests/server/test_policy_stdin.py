"""`policy explain --stdin`: the evaluator held against corpora of others."""

import io
import json
import subprocess
import sys
from typing import Final

import pytest

from policies.evaluate import MAX_LINE
from server.policy_explain import answer_lines
from tests.policies.guide import FIRST, OWNER, SECOND, SYNTAX, allow, document

REQUEST: Final[dict[str, object]] = {
    "uin": OWNER,
    "documents": [json.loads(SYNTAX)],
    "action": "name/sms:DeleteAppInfo",
    "resource": FIRST,
    "context": {},
}


def answers(*lines: str) -> list[dict[str, object]]:
    source = io.BytesIO("".join(f"{line}\n" for line in lines).encode())
    return [json.loads(answer) for answer in answer_lines(source)]


def test_the_guides_example() -> None:
    first = json.dumps(REQUEST)
    second = json.dumps({**REQUEST, "resource": SECOND})
    assert answers(first, second) == [
        {
            "allowed": False,
            "matched": [
                {"policy": "documents[0]", "statement": "statement[1]", "effect": "deny"},
                {"policy": "documents[0]", "statement": "statement[0]", "effect": "allow"},
            ],
            "error": None,
        },
        {
            "allowed": True,
            "matched": [{"policy": "documents[0]", "statement": "statement[0]", "effect": "allow"}],
            "error": None,
        },
    ]


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"uin": 12345678}, "InvalidParameter", "uin"),
        ({"uin": "1x"}, "InvalidParameter", "uin"),
        ({"documents": {}}, "InvalidParameter", "documents"),
        ({"documents": [{}] * 201}, "InvalidParameter", "documents"),
        ({"documents": [7]}, "InvalidParameter.PolicyDocumentError", "documents[0]"),
        (
            {"documents": [json.loads(SYNTAX), json.loads(document(allow("sms:X")))]},
            "InvalidParameter.ActionNotExist",
            "documents[1].statement[0].action",
        ),
        ({"action": "name/sms:X"}, "InvalidParameter.ActionNotExist", "action"),
        ({"action": "name/sms:*"}, "InvalidParameter.ActionError", "action"),
        ({"resource": "app/1"}, "InvalidParameter.ResourceContentError", "resource"),
        ({"context": []}, "InvalidParameter", "context"),
        ({"context": {"qcs:ip": 1}}, "InvalidParameter", "context.qcs:ip"),
        ({"more": 1}, "InvalidParameter", "more"),
    ],
)
def test_a_bad_request_is_denied_and_says_why(
    change: dict[str, object], code: str, path: str
) -> None:
    (answer,) = answers(json.dumps({**REQUEST, **change}))
    assert (answer["allowed"], answer["matched"]) == (False, [])
    error = answer["error"]
    assert isinstance(error, dict)
    assert (error["code"], error["path"]) == (code, path)
    assert error["message"]


def test_as_many_documents_as_can_be_attached() -> None:
    (answer,) = answers(json.dumps({**REQUEST, "documents": [json.loads(SYNTAX)] * 200}))
    assert answer["error"] is None
    assert len(str(answer["matched"]).split("documents[")) == 401


def test_a_bad_line_does_not_stop_the_next() -> None:
    good = json.dumps(REQUEST)
    long = "x" * (MAX_LINE + 10)
    found = answers("{", long, "", "?", good)
    assert [answer["error"] is None for answer in found] == [False, False, False, True]
    assert [answer["allowed"] for answer in found] == [False] * 4


def test_a_deny_in_doubled_keys_is_not_lost() -> None:
    line = json.dumps(REQUEST).replace('"effect": "deny"', '"effect": "deny", "effect": "allow"')
    (answer,) = answers(line)
    assert "is given twice" in str(answer["error"])


def test_a_document_may_be_given_as_text() -> None:
    (answer,) = answers(json.dumps({**REQUEST, "documents": [SYNTAX]}))
    assert answer["error"] is None
    assert len(str(answer["matched"])) > 2


def test_the_real_program() -> None:
    lines = json.dumps(REQUEST) + "\nnonsense\n"
    program = [sys.executable, "-c", "from server.cli import app; app()"]
    done = subprocess.run(
        [*program, "policy", "explain", "--stdin"],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["allowed"] for answer in answers] == [False, False]
    assert answers[0]["error"] is None
    assert answers[1]["error"]["code"] == "InvalidParameter"
    assert done.stderr == ""
