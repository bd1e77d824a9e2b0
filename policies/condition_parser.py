"""Reading the `condition` member of a statement; what is not enforced is refused by name."""

import re
from typing import Final

from policies.condition import (
    IF_EXIST,
    KEYS,
    Clause,
    Condition,
    Kind,
    Value,
    read_network,
    read_time,
)
from policies.document_error import Problems, Reason, quoted
from policies.strict_json import Node, join
from policies.wildcard import MAX_STARS

ENFORCED: Final = (
    "date_equal",
    "date_greater_than",
    "date_greater_than_equal",
    "date_less_than",
    "date_less_than_equal",
    "date_not_equal",
    "ip_equal",
    "ip_not_equal",
    "string_equal",
    "string_equal_ignore_case",
    "string_like",
    "string_not_equal",
    "string_not_equal_ignore_case",
    "string_not_like",
)
"""The operators that are enforced, each also with `_if_exist`."""

_UNENFORCED: Final = re.compile(
    r"(?:numeric_(?:not_)?equal|numeric_(?:less|greater)_than(?:_equal)?|bool_equal|binary_equal)"
    r"(?:_if_exist)?|null_equal"
)
_OTHER_KEYS: Final = ("qcs:resource_tag", "qcs:request_tag", "qcs:tag", "mfa")


def parse(node: Node, path: str, problems: Problems, *, deny: bool) -> Condition | None:
    """Read the `condition` member of a statement; problems are noted, and then there is none."""
    before = len(problems.found)
    if not isinstance(node.value, dict) or not node.value:
        problems.add(
            Reason.CONDITION,
            path,
            'condition must be an object such as {"ip_equal": {"qcs:ip": "10.0.0.0/8"}},'
            " or be left out",
        )
        return None
    clauses: list[Clause] = []
    for operator, keys in node.value.items():
        clauses += _operator(operator, keys, join(path, operator), problems)
    if len(problems.found) > before:
        return None
    return Condition(tuple(sorted(clauses, key=_order)), deny)


def _order(clause: Clause) -> tuple[str, bool, str]:
    return clause.operator, clause.if_exist, clause.key


def _operator(operator: str, keys: Node, path: str, problems: Problems) -> list[Clause]:
    base = operator.removesuffix(IF_EXIST)
    if base not in ENFORCED:
        problems.add(Reason.CONDITION_TYPE, path, _refusal(operator))
        return []
    if not isinstance(keys.value, dict) or not keys.value:
        problems.add(
            Reason.CONDITION, path, f"{operator} must hold an object of keys, such as qcs:ip"
        )
        return []
    kind = base.partition("_")[0]
    clauses = []
    for key, node in keys.value.items():
        place = join(path, key)
        if key not in KEYS:
            problems.add(Reason.CONDITION_CONTENT, place, _key_refusal(key))
        elif KEYS[key] != kind:
            problems.add(
                Reason.CONDITION_TYPE,
                place,
                f"{operator} does not compare {key}: use {KEYS[key]}_equal or its kin",
            )
        else:
            values = _values(node, KEYS[key], base, place, problems)
            clauses.append(Clause(base, operator != base, key, values))
    return clauses


def _refusal(operator: str) -> str:
    qualifier, colon, _ = operator.partition(":")
    if colon and qualifier in ("for_all_value", "for_any_value"):
        return f"the qualifier {quoted(qualifier)} is not enforced: no key here has several values"
    if _UNENFORCED.fullmatch(operator):
        return f"the operator {quoted(operator)} is not enforced here: use {', '.join(ENFORCED)}"
    return f"unknown operator {quoted(operator)}: use {', '.join(ENFORCED)}"


def _key_refusal(key: str) -> str:
    known = f"use {', '.join(KEYS)}"
    if key in _OTHER_KEYS:
        return f"the key {quoted(key)} is not enforced: SMS has no tags and no MFA; {known}"
    return f"unknown key {quoted(key)}: {known}"


def _values(
    node: Node, kind: Kind, operator: str, path: str, problems: Problems
) -> tuple[Value, ...]:
    listed = isinstance(node.value, list)
    nodes = node.value if isinstance(node.value, list) else [node]
    if not nodes:
        problems.add(Reason.CONDITION_CONTENT, path, "the list of values is empty")
    found: dict[Value, None] = {}
    for position, item in enumerate(nodes):
        place = f"{path}[{position}]" if listed else path
        number = isinstance(item.value, int) and not isinstance(item.value, bool)
        if not (isinstance(item.value, str) or (number and kind == "string")):
            problems.add(Reason.CONDITION_CONTENT, place, "a value must be a string")
            continue
        written = str(item.value).strip(" ")
        value = _value(written, kind, operator)
        if value is None:
            problems.add(Reason.CONDITION_CONTENT, place, _value_refusal(written, kind))
        else:
            found[value] = None
    return tuple(found)


def _value(written: str, kind: Kind, operator: str) -> Value | None:
    if kind == "date":
        return read_time(written)
    if kind == "ip":
        return read_network(written)
    if not written.isascii() or not written.isprintable() or "${" in written or not written:
        return None
    if operator in ("string_like", "string_not_like"):
        return written if written.count("*") <= MAX_STARS else None
    return written


def _value_refusal(written: str, kind: Kind) -> str:
    if "${" in written:
        return f"variables are not supported, found {quoted(written)}: write the number out"
    if kind == "date":
        return f"{quoted(written)} is not a UTC time such as 2026-05-31T00:00:00Z"
    if kind == "ip":
        return f"{quoted(written)} is not an address or a network such as 10.0.0.0/8"
    return (
        f"{quoted(written)} is not an account number such as 12345678"
        f" (ASCII, at most {MAX_STARS} stars)"
    )
