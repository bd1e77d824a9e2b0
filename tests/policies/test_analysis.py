"""Comparing what rules allow, held to brute force (CAM-6, CAM-9: nobody hands out more)."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import resource_classes
from policies.actions import CATALOGUE, Level
from policies.analysis import (
    Change,
    TooComplexError,
    contains,
    diff,
    grants,
    no_more_than,
    who_can,
)
from policies.document import parse
from policies.engine import Snapshot
from policies.rule import Context, Effect, Link, Rule
from policies.wildcard import matches
from tests.policies import worlds
from tests.policies.guide import FIRST, OWNER, SECOND, SYNTAX, allow, deny, document

ACTIONS = [row.canonical for row in worlds.ACTIONS]
IDS = [
    *("".join(digits) for size in (1, 2, 3) for digits in itertools.product("015", repeat=size)),
    *("1400000000", "1400000001", "1400000015", "1410000", "15000000000", "2" * 20),
]
HERE = ["*", *(f"qcs::sms::uin/{OWNER}:app/{app}" for app in IDS)]
ANYWHERE = [
    *HERE,
    *(f"qcs::sms::uin/{uin}:app/{app}" for uin in ("1", "18", "999") for app in IDS[:20]),
]


@dataclass(frozen=True)
class Fact:
    """A condition that the context states outright."""

    name: str

    def holds(self, context: Context) -> bool:
        return self.name in context


FACTS = (Fact("a"), Fact("b"))
CONTEXTS: list[Context] = [{}, {"a": ""}, {"b": ""}, {"a": "", "b": ""}]
bare = st.lists(worlds.rules, max_size=6).map(tuple)
conditional = st.lists(
    st.builds(
        lambda rule, condition: replace(rule, condition=condition),
        worlds.rules,
        st.sampled_from((None, *FACTS)),
    ),
    max_size=5,
).map(tuple)


def decide(rules: Sequence[Rule], action: str, resource: str, context: Context) -> bool:
    row = CATALOGUE[action.removeprefix("name/")]
    asked = "*" if row.level is Level.OPERATION else resource
    found = {
        rule.effect
        for rule in rules
        if matches(rule.action, action)
        and matches(rule.resource, asked)
        and (rule.condition is None or rule.condition.holds(context))
    }
    return found == {Effect.ALLOW}


def covers(change: Change, action: str, resource: str) -> bool:
    row = CATALOGUE[action.removeprefix("name/")]
    asked = "*" if row.level is Level.OPERATION else resource
    if change.action != action or (change.resource == "*") != (asked == "*"):
        return False
    return all(matches(pattern, asked) for pattern in change.within) and not any(
        matches(pattern, asked) for pattern in change.beside
    )


def shows(change: Change, before: Sequence[Rule], after: Sequence[Rule]) -> bool:
    context: Context = {fact.name: "" for fact in change.when if isinstance(fact, Fact)}
    was = decide(before, change.action, change.resource, context)
    now = decide(after, change.action, change.resource, context)
    return (was, now) == (change.before, change.after) == (not now, now)


@given(bare, bare)
@settings(max_examples=80, deadline=None)
def test_a_difference_is_told_when_and_only_when_there_is_one(
    before: tuple[Rule, ...], after: tuple[Rule, ...]
) -> None:
    changes = diff(before, after)
    assert all(shows(change, before, after) for change in changes)
    for action, resource in itertools.product(ACTIONS, ANYWHERE):
        was = decide(before, action, resource, {})
        now = decide(after, action, resource, {})
        told = {change.after for change in changes if covers(change, action, resource)}
        assert told == (set() if was == now else {now}), (action, resource)


@given(bare, bare)
@settings(max_examples=60, deadline=None)
def test_within_one_account_the_others_do_not_count(
    before: tuple[Rule, ...], after: tuple[Rule, ...]
) -> None:
    changes = diff(before, after, OWNER)
    for action, resource in itertools.product(ACTIONS, HERE):
        was = decide(before, action, resource, {})
        now = decide(after, action, resource, {})
        told = {change.after for change in changes if covers(change, action, resource)}
        assert told == (set() if was == now else {now}), (action, resource)


@given(conditional, conditional)
@settings(max_examples=80, deadline=None)
def test_conditions_are_told_with_the_difference_that_rests_on_them(
    before: tuple[Rule, ...], after: tuple[Rule, ...]
) -> None:
    changes = diff(before, after, OWNER)
    assert all(shows(change, before, after) for change in changes)
    for action, resource, context in itertools.product(ACTIONS, HERE[::6], CONTEXTS):
        was = decide(before, action, resource, context)
        now = decide(after, action, resource, context)
        if was != now:
            assert now in {c.after for c in changes if covers(c, action, resource)}


@given(conditional, conditional)
@settings(max_examples=80, deadline=None)
def test_no_more_than_is_right_and_shows_why_not(
    draft: tuple[Rule, ...], held: tuple[Rule, ...]
) -> None:
    answer = no_more_than(draft, held, OWNER)
    if answer.counterexample is not None:
        assert not answer.holds
        assert shows(answer.counterexample, held, draft)
        return
    assert answer.holds
    for action, resource, context in itertools.product(ACTIONS, HERE[::6], CONTEXTS):
        if decide(draft, action, resource, context):
            assert decide(held, action, resource, context)


@given(bare)
@settings(max_examples=50, deadline=None)
def test_nobody_holds_more_than_himself(rules: tuple[Rule, ...]) -> None:
    assert no_more_than(rules, rules).holds
    assert contains(rules, ()).holds
    assert diff(rules, tuple(reversed(rules)) + rules) == []


def compiled(text: str) -> tuple[Rule, ...]:
    return parse(text, OWNER).compile("policy:p")


def test_grants_tell_what_the_guides_example_allows() -> None:
    found = grants(compiled(SYNTAX), OWNER)
    assert len(found) == 41
    assert [each.resource for each in found if each.action == "name/sms:DeleteAppInfo"] == [SECOND]
    assert [each.resource for each in found if each.action == "name/sms:ModifyAppInfo"] == [
        FIRST,
        SECOND,
    ]


def test_a_change_names_what_it_is_within_and_what_it_is_beside() -> None:
    every = f"qcs::sms::uin/{OWNER}:app/*"
    before = compiled(document(allow("sms:DeleteAppInfo", every)))
    after = compiled(document(allow("sms:DeleteAppInfo", FIRST)))
    assert diff(before, after, OWNER) == [
        Change(
            "name/sms:DeleteAppInfo",
            f"qcs::sms::uin/{OWNER}:app/1400000000",
            before=True,
            after=False,
            within=(every,),
            beside=(FIRST,),
        )
    ]


def test_only_the_widest_of_what_is_left_out_is_named() -> None:
    every, some = (f"qcs::sms::uin/{OWNER}:app/{rest}" for rest in ("*", "14*"))
    rules = compiled(
        document(allow("sms:DeleteAppInfo", every), deny("sms:DeleteAppInfo", [FIRST, some]))
    )
    (granted,) = grants(rules, OWNER)
    assert (granted.within, granted.beside) == ((every,), (some,))


def test_a_draft_beyond_what_is_held_is_shown_by_one_request() -> None:
    held = compiled(SYNTAX)
    assert no_more_than(compiled(document(allow("sms:Describe*", FIRST))), held, OWNER).holds
    beyond = no_more_than(compiled(document(allow("sms:*", FIRST))), held, OWNER)
    assert beyond.counterexample is not None
    assert (beyond.counterexample.action, beyond.counterexample.resource) == (
        "name/sms:DeleteAppInfo",
        FIRST,
    )


def test_a_condition_given_up_is_more() -> None:
    office = {"ip_equal": {"qcs:ip": "10.0.0.0/8"}}
    held = compiled(document(allow("sms:SendSms", condition=office)))
    free = compiled(document(allow("sms:SendSms")))
    assert no_more_than(held, free, OWNER).holds
    assert no_more_than(held, held, OWNER).holds
    beyond = no_more_than(free, held, OWNER).counterexample
    assert beyond is not None
    assert (beyond.when, beyond.unless) == ((), (held[0].condition,))


def test_a_deny_in_force_sometimes_is_not_counted_on() -> None:
    office = {"ip_not_equal": {"qcs:ip": "10.0.0.0/8"}}
    held = compiled(document(allow("sms:*"), deny("sms:SendSms", condition=office)))
    assert not no_more_than(compiled(document(allow("sms:*"))), held, OWNER).holds
    assert no_more_than(held, compiled(document(allow("sms:*"))), OWNER).holds


def test_what_is_too_complex_may_not_be_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = compiled(document(allow("sms:*", [f"qcs::sms:::app/*{n}*" for n in range(12)])))
    assert no_more_than(rules, rules, OWNER).holds
    monkeypatch.setattr(resource_classes, "MAX_STATES", 100)
    answer = no_more_than(rules, rules, OWNER)
    assert (answer.holds, answer.counterexample) == (False, None)
    assert answer.reason == (
        "the resource patterns tell more than 100 cases apart:"
        " use fewer stars inside a pattern, or fewer applications"
    )
    with pytest.raises(TooComplexError):
        diff(rules, ())


def test_who_can_names_the_callers_and_the_statement() -> None:
    snapshot = Snapshot.build(
        compiled(SYNTAX), [Link("user:1", "group:ops"), Link("group:ops", "policy:p")], 1
    )
    account = f"account:{OWNER}"
    callers = [("user:1", account), ("user:2", account)]
    ((principals, decision),) = who_can(snapshot, callers, "name/sms:DescribeAppInfo", FIRST)
    assert principals == ("user:1", account)
    assert decision.matched[0].path == ("user:1", "group:ops", "policy:p")
    assert who_can(snapshot, callers, "name/sms:DeleteAppInfo", FIRST) == []
