"""Conditions of statements: what is enforced, what is refused by name (CAM-3; domain.md 6.2)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.condition import KEYS, Condition
from policies.condition_parser import ENFORCED
from policies.document import DocumentError, Reason, parse
from policies.rule import Context
from tests.policies.guide import OWNER, allow, deny, document

NOON = datetime(2026, 5, 31, 12, tzinfo=UTC)


def condition(content: Mapping[str, object], *, denies: bool = False) -> Condition:
    statement = deny("sms:*", condition=content) if denies else allow("sms:*", condition=content)
    read = parse(document(statement), OWNER).statements[0].condition
    assert read is not None
    return read


def holds(operator: str, key: str, values: object, told: str | datetime) -> bool:
    return condition({operator: {key: values}}).holds({key: told})


@pytest.mark.parametrize(
    ("operator", "values", "told", "expected"),
    [
        ("ip_equal", "10.0.0.1", "10.0.0.1", True),
        ("ip_equal", "10.0.0.1", "10.0.0.2", False),
        ("ip_equal", ["192.168.0.0/16", "10.0.0.0/8"], "10.9.9.9", True),
        ("ip_equal", "10.217.182.3/24", "10.217.182.200", True),
        ("ip_equal", "10.0.0.0/8", "::ffff:10.0.0.1", True),
        ("ip_equal", "2001:db8::/32", "2001:db8::1", True),
        ("ip_equal", "2001:db8::/32", "10.0.0.1", False),
        ("ip_equal", "0.0.0.0/0", "255.255.255.255", True),
        ("ip_not_equal", "10.0.0.0/8", "10.0.0.1", False),
        ("ip_not_equal", "10.0.0.0/8", "11.0.0.1", True),
        ("ip_not_equal", ["10.0.0.0/8", "11.0.0.0/8"], "11.0.0.1", False),
        ("ip_not_equal", ["10.0.0.0/8", "11.0.0.0/8"], "12.0.0.1", True),
    ],
)
def test_addresses(operator: str, values: object, told: str, expected: bool) -> None:
    assert holds(operator, "qcs:ip", values, told) is expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("date_equal", "2026-05-31T12:00:00Z", True),
        ("date_equal", "2026-05-31T20:00:00+08:00", True),
        ("date_equal", "2026-05-31 12:00:00", True),
        ("date_equal", "2026-05-31T12:00:01Z", False),
        ("date_not_equal", "2026-05-31T12:00:00Z", False),
        ("date_not_equal", "2026-05-31", True),
        ("date_less_than", "2026-05-31T12:00:00Z", False),
        ("date_less_than", "2026-06-01", True),
        ("date_less_than_equal", "2026-05-31T12:00:00Z", True),
        ("date_less_than_equal", "2026-05-31T11:59:59Z", False),
        ("date_greater_than", "2026-05-31T12:00:00Z", False),
        ("date_greater_than", "2026-05-31", True),
        ("date_greater_than_equal", "2026-05-31T12:00:00Z", True),
        ("date_greater_than_equal", "2026-05-31T12:00:01Z", False),
    ],
)
def test_times(operator: str, value: str, expected: bool) -> None:
    assert holds(operator, "qcs:current_time", value, NOON) is expected
    assert holds(operator, "qcs:current_time", value, "2026-05-31T12:00:00Z") is expected


@pytest.mark.parametrize("key", ["qcs:uin", "qcs:owner_uin"])
@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("string_equal", "100001", True),
        ("string_equal", 100001, True),
        ("string_equal", ["1", "100001"], True),
        ("string_equal", "10000", False),
        ("string_not_equal", "100001", False),
        ("string_not_equal", ["1", "100001"], False),
        ("string_not_equal", ["1", "2"], True),
        ("string_equal_ignore_case", "100001", True),
        ("string_not_equal_ignore_case", "100001", False),
        ("string_like", "1000*", True),
        ("string_like", "2*", False),
        ("string_not_like", ["2*", "*1"], False),
        ("string_not_like", "2*", True),
    ],
)
def test_accounts(key: str, operator: str, values: object, expected: bool) -> None:
    assert holds(operator, key, values, "100001") is expected


def test_letters_count_unless_the_operator_ignores_them() -> None:
    assert not holds("string_equal", "qcs:uin", "Ops", "ops")
    assert holds("string_equal_ignore_case", "qcs:uin", "Ops", "oPS")
    assert not holds("string_equal_ignore_case", "qcs:uin", "k", "\u212a")


def test_keys_and_operators_all_have_to_hold() -> None:
    both = condition(
        {
            "string_equal": {"qcs:uin": ["1", "2"], "qcs:owner_uin": "9"},
            "ip_equal": {"qcs:ip": "10.0.0.0/8"},
        }
    )
    met: dict[str, str | datetime] = {"qcs:uin": "2", "qcs:owner_uin": "9", "qcs:ip": "10.0.0.1"}
    assert both.holds(met)
    for key in met:
        assert not both.holds({**met, key: "11.0.0.1"})


@pytest.mark.parametrize("operator", ENFORCED)
@pytest.mark.parametrize("told", ["missing", "unreadable"])
def test_what_a_request_cannot_tell_never_helps_the_caller(operator: str, told: str) -> None:
    kind = operator.partition("_")[0]
    key, value = next((key, VALUES[kind]) for key, each in KEYS.items() if each == kind)
    plain, suffixed = {operator: {key: value}}, {f"{operator}_if_exist": {key: value}}
    context: Context = {} if told == "missing" else {key: "not that"}
    if kind == "string":
        context = {}
    assert not condition(plain).holds(context)
    assert condition(plain, denies=True).holds(context)
    assert condition(suffixed).holds(context) is (context == {})
    assert condition(suffixed, denies=True).holds(context)


VALUES = {"ip": "10.0.0.0/8", "date": "2026-05-31", "string": "100001"}


def test_a_deny_whose_other_keys_do_not_hold_is_not_in_force() -> None:
    content = {"ip_equal": {"qcs:ip": "10.0.0.0/8"}, "string_equal": {"qcs:uin": "1"}}
    assert not condition(content, denies=True).holds({"qcs:uin": "2"})
    assert condition(content, denies=True).holds({"qcs:uin": "1"})


def test_an_address_the_server_does_not_know_is_told_as_one_that_matches_nothing() -> None:
    context = {"qcs:ip": ""}
    assert not condition({"ip_equal_if_exist": {"qcs:ip": "10.0.0.0/8"}}).holds(context)
    assert not condition({"ip_not_equal": {"qcs:ip": "10.0.0.0/8"}}).holds(context)
    assert condition({"ip_not_equal": {"qcs:ip": "10.0.0.0/8"}}, denies=True).holds(context)


def test_a_time_without_offset_in_the_request_cannot_be_told() -> None:
    before = {"date_less_than": {"qcs:current_time": "2030-01-01"}}
    naive = NOON.replace(tzinfo=None)
    assert not condition(before).holds({"qcs:current_time": naive})
    shanghai = NOON.astimezone(timezone(timedelta(hours=8)))
    assert condition(before).holds({"qcs:current_time": shanghai})


@pytest.mark.parametrize(
    ("content", "path", "code", "part"),
    [
        ({}, "", Reason.CONDITION, "must be an object such as"),
        ([], "", Reason.CONDITION, "must be an object such as"),
        ({"ip_equal": {}}, ".ip_equal", Reason.CONDITION, "must hold an object of keys"),
        ({"ip_equal": "1"}, ".ip_equal", Reason.CONDITION, "must hold an object of keys"),
        ({"numeric_equal": {"qcs:ip": 1}}, ".numeric_equal", Reason.CONDITION_TYPE, "not enforced"),
        (
            {"bool_equal_if_exist": {}},
            ".bool_equal_if_exist",
            Reason.CONDITION_TYPE,
            "not enforced",
        ),
        ({"null_equal": {"qcs:ip": "1"}}, ".null_equal", Reason.CONDITION_TYPE, "not enforced"),
        ({"Ip_Equal": {"qcs:ip": "1"}}, ".Ip_Equal", Reason.CONDITION_TYPE, "unknown operator"),
        ({"IpAddress": {"qcs:ip": "1"}}, ".IpAddress", Reason.CONDITION_TYPE, "unknown operator"),
        (
            {"for_any_value:string_equal": {"qcs:uin": "1"}},
            ".for_any_value:string_equal",
            Reason.CONDITION_TYPE,
            'the qualifier "for_any_value" is not enforced',
        ),
        (
            {"string_equal": {"qcs:resource_tag": "a&b"}},
            ".string_equal.qcs:resource_tag",
            Reason.CONDITION_CONTENT,
            'the key "qcs:resource_tag" is not enforced',
        ),
        (
            {"ip_equal": {"qcs:IP": "10.0.0.1"}},
            ".ip_equal.qcs:IP",
            Reason.CONDITION_CONTENT,
            'unknown key "qcs:IP"',
        ),
        (
            {"string_equal": {"qcs:ip": "10.0.0.1"}},
            ".string_equal.qcs:ip",
            Reason.CONDITION_TYPE,
            "string_equal does not compare qcs:ip: use ip_equal or its kin",
        ),
        (
            {"ip_equal": {"qcs:ip": []}},
            ".ip_equal.qcs:ip",
            Reason.CONDITION_CONTENT,
            "the list of values is empty",
        ),
        (
            {"ip_equal": {"qcs:ip": ["10.0.0.1", 7]}},
            ".ip_equal.qcs:ip[1]",
            Reason.CONDITION_CONTENT,
            "a value must be a string",
        ),
        (
            {"string_equal": {"qcs:uin": True}},
            ".string_equal.qcs:uin",
            Reason.CONDITION_CONTENT,
            "a value must be a string",
        ),
        (
            {"string_equal": {"qcs:uin": "${uin}"}},
            ".string_equal.qcs:uin",
            Reason.CONDITION_CONTENT,
            "variables are not supported",
        ),
        (
            {"string_like": {"qcs:uin": "1*" * 9}},
            ".string_like.qcs:uin",
            Reason.CONDITION_CONTENT,
            "at most 8 stars",
        ),
    ],
)
def test_what_is_refused_by_name(content: object, path: str, code: Reason, part: str) -> None:
    with pytest.raises(DocumentError) as refused:
        parse(document(allow("sms:*", condition=content)), OWNER)
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == (code, f"statement[0].condition{path}")
    assert part in problem.message


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("ip_equal", "qcs:ip", "010.0.0.1"),
        ("ip_equal", "qcs:ip", "10.0.0.0/33"),
        ("ip_equal", "qcs:ip", "10.0.0.0/255.0.0.0"),
        ("ip_equal", "qcs:ip", "fe80::1%eth0"),
        ("ip_equal", "qcs:ip", "localhost"),
        ("date_equal", "qcs:current_time", "31.05.2026"),
        ("date_equal", "qcs:current_time", "2026-13-01"),
        ("date_equal", "qcs:current_time", "2026-W22"),
        ("date_equal", "qcs:current_time", "9999-12-31T23:59:59-12:00"),
        ("string_equal", "qcs:uin", ""),
        ("string_equal", "qcs:uin", "\uff11"),
    ],
)
def test_values_that_could_be_misread(operator: str, key: str, value: str) -> None:
    with pytest.raises(DocumentError) as refused:
        condition({operator: {key: value}})
    assert refused.value.problems[0].code == Reason.CONDITION_CONTENT


def test_the_normalised_condition_is_sorted_and_lists_its_values() -> None:
    read = condition(
        {
            "string_like": {"qcs:uin": 7},
            "ip_equal_if_exist": {"qcs:ip": [" 10.217.182.3/24 ", "10.217.182.0/24", "::1"]},
            "date_less_than": {"qcs:current_time": "2026-05-31 20:00:00+08:00"},
        }
    )
    assert read.as_json() == {
        "date_less_than": {"qcs:current_time": ["2026-05-31T12:00:00Z"]},
        "ip_equal_if_exist": {"qcs:ip": ["10.217.182.0/24", "::1/128"]},
        "string_like": {"qcs:uin": ["7"]},
    }
    assert condition(json.loads(str(read))) == read


addresses = st.integers(0, 2**32 - 1).map(IPv4Address)


@given(addresses, st.integers(0, 32), addresses)
def test_a_negated_operator_is_the_opposite(
    network: IPv4Address, bits: int, ip: IPv4Address
) -> None:
    written, told = f"{network}/{bits}", {"qcs:ip": str(ip)}
    inside = condition({"ip_equal": {"qcs:ip": written}}).holds(told)
    assert inside is (ip in IPv4Network(written, strict=False))
    assert condition({"ip_not_equal": {"qcs:ip": written}}).holds(told) is not inside


@given(st.dictionaries(st.sampled_from(list(KEYS)), st.one_of(st.text(), st.datetimes())))
def test_no_context_breaks_a_condition(context: Context) -> None:
    content = {
        operator: {key: VALUES[kind] for key, kind in KEYS.items() if operator.startswith(kind)}
        for operator in ENFORCED
    }
    for denies in (True, False):
        assert condition(content, denies=denies).holds(context) in (True, False)
