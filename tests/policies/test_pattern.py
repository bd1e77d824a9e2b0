"""Canonical spelling and the wildcard (CAM-4, CAM-5)."""

import time

import pytest

from policies.pattern import (
    MAX_LENGTH,
    Fault,
    PatternError,
    app_ids,
    canonical_action,
    canonical_resource,
    published,
    requested_action,
    requested_resource,
)
from policies.wildcard import MAX_STARS, cam_match, matches

APP = "qcs::sms::uin/12345678:app/1400000001"


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("name/sms:*", "name/sms:*"),
        ("name/SMS:*", "name/sms:*"),
        ("name/SMS: DeleteAppInfo ", "name/sms:DeleteAppInfo"),
        ("sms:deleteappinfo", "name/sms:DeleteAppInfo"),
        (" Name / Sms : SENDSMS\t", "name/sms:SendSms"),
        ("name/sms:Describe**", "name/sms:Describe*"),
        ("sms:*App*", "name/sms:*App*"),
        ("*", "*"),
        ("*:*", "*"),
        ("name/*", "*"),
        ("name/*:*", "*"),
        ("name/*:Describe*", "name/*:Describe*"),
    ],
)
def test_actions_come_to_one_spelling(written: str, canonical: str) -> None:
    """CAM-4: the guide's own blanks and capitals included."""
    assert canonical_action(written) == canonical
    assert canonical_action(canonical) == canonical


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("*", "*"),
        (" ** ", "*"),
        (APP, APP),
        ("qcs::SMS::uin/12345678:app/1400000001", APP),
        (" QCS : : sms : : uin / 12345678 : App / 1400000001 ", APP),
        ("qcs::sms::uin/12345678:app/*", "qcs::sms::uin/12345678:app/*"),
        ("qcs::sms:*:uin/12345678:*", "qcs::sms::uin/12345678:*"),
        ("qcs::::uin/12345678:app/1", "qcs::*::uin/12345678:app/1"),
        ("qcs::cam::uin/12345678:groupid/7", "qcs::cam::uin/12345678:groupid/7"),
        ("qcs::sms::*:app/1", "qcs::sms::*:app/1"),
    ],
)
def test_resources_come_to_one_spelling(written: str, canonical: str) -> None:
    """CAM-5."""
    assert canonical_resource(written) == canonical
    assert canonical_resource(canonical) == canonical


def test_an_empty_account_is_the_root_account_of_the_creator() -> None:
    written = "qcs::sms:::app/1400000001"
    assert canonical_resource(written, owner_uin="12345678") == APP
    with pytest.raises(PatternError) as refused:
        canonical_resource(written)
    assert refused.value.fault is Fault.ACCOUNT
    assert refused.value.message == (
        'resource "qcs::sms:::app/1400000001" names no account; write "uin/<uin>" or "*"'
    )


@pytest.mark.parametrize(
    ("written", "fault", "offset", "message"),
    [
        ("", Fault.EMPTY, None, 'the action is empty; write "*" where all is meant'),
        (
            "name/sms:DeletAppInfo",
            Fault.ACTION,
            None,
            'unknown action "name/sms:DeletAppInfo", did you mean DeleteAppInfo?',
        ),
        (
            "name/sms:Zzz",
            Fault.ACTION,
            None,
            'unknown action "name/sms:Zzz"; take a name from the action catalogue',
        ),
        (
            "cvm:Run",
            Fault.SERVICE,
            None,
            'action "cvm:Run" names unknown service "cvm"; known are sms, cam, console, operator',
        ),
        (
            "permid/sms:SendSms",
            Fault.PREFIX,
            0,
            'action "permid/sms:SendSms" begins with "permid/"; begin it with "name/"',
        ),
        (
            "SendSms",
            Fault.FORM,
            None,
            'action "SendSms" names no service; write "name/service:Name" or "*"',
        ),
        (
            "sms:Send Sms",
            Fault.CHARACTER,
            8,
            'action "sms:Send Sms" has " " in a name; remove it',
        ),
        (
            "\u017fms:SendSms",
            Fault.CHARACTER,
            0,
            "the action has the character U+017F; use visible ASCII letters only",
        ),
        (
            "sms:Send\u200bSms",
            Fault.CHARACTER,
            8,
            "the action has the character U+200B; use visible ASCII letters only",
        ),
        (
            "sms:" + "*a" * 9,
            Fault.TOO_WILD,
            None,
            'action "sms:*a*a*a*a*a*a*a*a*a" has 9 stars, the limit is 8; name what is meant',
        ),
    ],
)
def test_what_is_no_action_is_told(
    written: str, fault: Fault, offset: int | None, message: str
) -> None:
    with pytest.raises(PatternError) as refused:
        canonical_action(written)
    found = refused.value
    assert (found.fault, found.offset, found.message) == (fault, offset, message)


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("app/1", Fault.FORM),
        ("qcs::sms::uin/1", Fault.FORM),
        ("arn:aws:sms::1:app/1", Fault.FORM),
        ("qcs:7:sms::uin/1:app/1", Fault.PROJECT),
        ("qcs::cvm::uin/1:app/1", Fault.SERVICE),
        ("qcs::sms:gz:uin/1:app/1", Fault.REGION),
        ("qcs::sms::uid/1:app/1", Fault.ACCOUNT),
        ("qcs::sms::uin/:app/1", Fault.ACCOUNT),
        ("qcs::sms::uin/bob:app/1", Fault.ACCOUNT),
        ("qcs::sms::uin/1:", Fault.OBJECT),
        ("qcs::sms::uin/1:app/", Fault.OBJECT),
        ("qcs::sms::uin/1:app/x", Fault.OBJECT),
        ("qcs::sms::uin/1:task/*", Fault.OBJECT),
        ("qcs::sms::uin/1:app/${app_id}", Fault.CHARACTER),
        ("qcs::sms::uin/\uff11:app/1", Fault.CHARACTER),
        ("qcs::sms::uin/1:app/*1*2*3*4*5*6*7*8*", Fault.TOO_WILD),
    ],
)
def test_what_is_no_resource_is_told(written: str, fault: Fault) -> None:
    with pytest.raises(PatternError) as refused:
        canonical_resource(written)
    assert refused.value.fault is fault


def test_length_and_stars_are_allowed_up_to_their_limits() -> None:
    longest = "sms:" + "A" * (MAX_LENGTH - 5) + "*"
    assert canonical_action(longest) == f"name/{longest}"
    with pytest.raises(PatternError, match="has 257 characters, the limit is 256; shorten it"):
        canonical_action(longest + "A")
    wildest = "sms:" + "*a" * MAX_STARS
    assert canonical_action(wildest) == f"name/{wildest}"


def test_a_request_names_one_action_and_one_resource() -> None:
    assert requested_action("SMS: sendsms").name == "sms:SendSms"
    assert requested_resource("qcs::SMS::uin/12345678:app/1400000001") == APP
    with pytest.raises(PatternError, match='action "sms:Send\\*" is several; ask about one'):
        requested_action("sms:Send*")
    with pytest.raises(PatternError, match="is several; ask about one"):
        requested_resource("qcs::sms::uin/12345678:app/*")


def test_a_pattern_stands_for_published_actions() -> None:
    assert [row.name for row in published("name/sms:*APPINFO")] == [
        "sms:DeleteAppInfo",
        "sms:DescribeAppInfo",
        "sms:ModifyAppInfo",
    ]
    assert published("name/sms:Foo*") == ()


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("*", ("*",)),
        ("qcs::sms::uin/12345678:app/*", ("*",)),
        (APP, ("1400000001",)),
        ("qcs::sms::uin/12345678:app/14*1", ("14*1",)),
        ("qcs::sms::uin/*:app/14*", ("14*",)),
        ("qcs::*7", ("*7",)),
        ("qcs::sms::uin/999:app/*", ()),
        ("qcs::cam::uin/12345678:uin/5", ()),
    ],
)
def test_a_resource_comes_down_to_the_ids_of_an_account(
    pattern: str, left: tuple[str, ...]
) -> None:
    assert app_ids(pattern, "12345678") == left
    assert app_ids(pattern, 12345678) == left


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("name/sms:*List", "name/sms:DeleteAppInfo", False),
        ("qcs::sms::uin/*:app/999", "qcs::sms::uin/1:app/1400000001", False),
        ("name/sms:DescribeAppList", "name/sms:DeleteAppInfo", False),
        ("qcs::sms::uin/1:app/140", "qcs::sms::uin/1:app/1409", False),
        ("*", "qcs::sms::uin/1:app/1", True),
        ("a?c", "abc", False),
        ("[ab]", "a", False),
        ("a.c", "abc", False),
        ("ab*ab", "ab", False),
        ("ab*ab", "abab", True),
        ("*ab*b", "cab", False),
        ("*ab*b", "cabb", True),
        ("name/sms:SENDSMS", "name/SMS:SendSms", True),
        ("*", "", True),
        ("", "", True),
        ("name/SMS:send*", "NAME/sms:SendSms", True),
    ],
)
def test_only_the_star_is_special(pattern: str, text: str, expected: bool) -> None:
    """The first four and the fifth are what Casbin's own matchers get wrong."""
    assert matches(pattern, text) is expected
    assert cam_match(text, pattern) is expected


def test_hostile_patterns_cost_little() -> None:
    """Each star of a translated regular expression would multiply the time by more than ten."""
    pattern = "*" + "a*" * 400 + "b"
    text = "a" * 100_000
    started = time.perf_counter()
    assert not matches(pattern, text)
    assert not matches("a*" * 8 + "ab", text + "c")
    assert matches("*" + "a" * 400 + "b*", text + "b")
    assert time.perf_counter() - started < 2
