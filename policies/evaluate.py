"""Deciding a request on documents alone: one JSON object in, one out (`policy explain --stdin`).

    {"uin": "12345678", "documents": [<CAM document>, ...], "action": "name/sms:DeleteAppInfo",
     "resource": "qcs::sms::uin/12345678:app/1400000001", "context": {}}

is answered by

    {"allowed": bool, "matched": [{"policy", "statement", "effect"}, ...], "error": null}

`uin` is the root account that owns documents and resource. `matched` are the statements that match,
deny first; `policy` is the position of the document. The context is all that conditions are told.
A request that cannot be read is denied, and `error` says why: code, path and message.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from policies.condition import CURRENT_TIME, KEYS
from policies.document import DocumentError, Reason, parse
from policies.engine import Snapshot
from policies.pattern import Fault, PatternError, requested_action, requested_resource
from policies.rule import Link, Rule
from policies.strict_json import JsonError, Node, read

MAX_DOCUMENTS: Final = 200
"""Policies attached to one user (domain.md 6.5)."""

MAX_LINE: Final = 4_194_304
"""Characters of one request; that many full documents fit in."""

BAD_REQUEST: Final = "InvalidParameter"
_MEMBERS: Final = ("uin", "documents", "action", "resource", "context")
_CALLER: Final = "user:0"
_MAX_UIN: Final = 20


class RequestError(ValueError):
    """A request cannot be read."""

    def __init__(self, code: str, path: str, message: str) -> None:
        super().__init__(message)
        self.error = {"code": code, "path": path, "message": message}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as read."""

    uin: str
    rules: tuple[Rule, ...]
    action: str
    resource: str
    context: dict[str, str]


def answer(line: str) -> dict[str, object]:
    """Answer one request; nothing is ever raised."""
    try:
        asked = _read(line)
    except RequestError as refused:
        return {"allowed": False, "matched": [], "error": refused.error}
    links = [Link(_CALLER, policy) for policy in {rule.policy: None for rule in asked.rules}]
    explained = Snapshot.build(asked.rules, links, 0).explain(
        (_CALLER, f"account:{asked.uin}"), asked.action, asked.resource, asked.context
    )
    matched = [
        {"policy": match.policy, "statement": match.statement, "effect": str(match.effect)}
        for match in explained.matched
    ]
    return {"allowed": explained.allowed, "matched": matched, "error": None}


def answer_text(line: str) -> str:
    """Answer one request as one line of JSON."""
    return json.dumps(answer(line))


def _read(line: str) -> Asked:
    try:
        root = read(line, MAX_LINE)
    except JsonError as error:
        raise RequestError(BAD_REQUEST, error.path, error.message) from error
    if not isinstance(root.value, dict):
        raise RequestError(BAD_REQUEST, "", "a request must be an object")
    members = root.value
    if unknown := [key for key in members if key not in _MEMBERS]:
        known = ", ".join(_MEMBERS)
        message = f"unknown key {json.dumps(unknown[0])}: known are {known}"
        raise RequestError(BAD_REQUEST, unknown[0], message)
    uin = _string(members, "uin")
    if not (uin.isascii() and uin.isdigit() and len(uin) <= _MAX_UIN):
        raise RequestError(BAD_REQUEST, "uin", f"uin must be 1 to {_MAX_UIN} digits")
    rules = tuple(_rules(line, members.get("documents"), uin))
    return Asked(uin, rules, _action(members), _resource(members), _context(members.get("context")))


def _string(members: dict[str, Node], key: str) -> str:
    node = members.get(key)
    if node is None or not isinstance(node.value, str):
        raise RequestError(BAD_REQUEST, key, f"{key} must be given as a string")
    return node.value


def _rules(line: str, node: Node | None, uin: str) -> Iterator[Rule]:
    if node is None or not isinstance(node.value, list):
        raise RequestError(BAD_REQUEST, "documents", "documents must be a list")
    if len(node.value) > MAX_DOCUMENTS:
        message = f"{len(node.value)} documents are given, at most {MAX_DOCUMENTS} are read"
        raise RequestError(BAD_REQUEST, "documents", message)
    for position, item in enumerate(node.value):
        name = f"documents[{position}]"
        # The text as it stands, so that what the standard decoder would forgive is refused.
        text = item.value if isinstance(item.value, str) else line[item.start : item.end]
        try:
            yield from parse(text, uin).compile(name)
        except DocumentError as error:
            first = error.problems[0]
            path = f"{name}.{first.path}" if first.path else name
            raise RequestError(first.code, path, first.message) from error


def _action(members: dict[str, Node]) -> str:
    text = _string(members, "action")
    try:
        return requested_action(text).canonical
    except PatternError as error:
        unknown = error.fault is Fault.ACTION
        code = Reason.ACTION_UNKNOWN if unknown else Reason.ACTION
        raise RequestError(code, "action", error.message) from error


def _resource(members: dict[str, Node]) -> str:
    text = _string(members, "resource")
    try:
        return requested_resource(text)
    except PatternError as error:
        raise RequestError(Reason.RESOURCE_CONTENT, "resource", error.message) from error


def _context(node: Node | None) -> dict[str, str]:
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        raise RequestError(BAD_REQUEST, "context", "context must be an object")
    found: dict[str, str] = {}
    for key, item in node.value.items():
        if not isinstance(item.value, str):
            example = '"2026-05-31T00:00:00Z"' if key == CURRENT_TIME else '"10.0.0.1"'
            message = f"{key} must be a string such as {example}"
            raise RequestError(BAD_REQUEST, f"context.{key}", message)
        found[key] = item.value
    return {key: found[key] for key in KEYS if key in found}
