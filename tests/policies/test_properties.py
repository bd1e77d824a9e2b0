"""What the engine promises in every small world (CAM-6, CAM-7).

The theorems are those that Cedar proves about itself; the rest is agreement with three engines.
"""

from dataclasses import replace
from random import Random

import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.actions import Level, find
from policies.engine import Snapshot
from policies.reader import read_files
from policies.rule import Effect, Link, Rule
from policies.wildcard import matches, residuals
from tests.policies.oracles import World, cedar, letters_match, naive, stock
from tests.policies.worlds import (
    APPS,
    OWNER,
    PRINCIPALS,
    links,
    requested_actions,
    requested_resources,
    rules,
    without_circles,
    worlds,
)

patterns = st.text("ab:*", max_size=12)
texts = st.text("ab:", max_size=20)


def snapshot(world: World) -> Snapshot:
    return Snapshot.build(world.rules, world.links, "v1")


def asked_on(action: str, resource: str) -> str:
    """Give the resource that oracles have to be asked about (CAM-7)."""
    found = find(action.removeprefix("name/"))
    assert found is not None
    return "*" if found.level is Level.OPERATION else resource


@given(worlds, requested_actions, requested_resources, rules)
def test_adding_a_deny_never_allows(world: World, action: str, resource: str, added: Rule) -> None:
    before = snapshot(world).allowed(PRINCIPALS, action, resource)
    more = World((*world.rules, replace(added, effect=Effect.DENY)), world.links)
    after = snapshot(more).allowed(PRINCIPALS, action, resource)
    assert before or not after


@given(worlds, requested_actions, requested_resources, rules)
def test_adding_an_allow_never_denies(
    world: World, action: str, resource: str, added: Rule
) -> None:
    before = snapshot(world).allowed(PRINCIPALS, action, resource)
    more = World((*world.rules, replace(added, effect=Effect.ALLOW)), world.links)
    after = snapshot(more).allowed(PRINCIPALS, action, resource)
    assert after or not before


@given(worlds, requested_actions, requested_resources, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(
    world: World, action: str, resource: str, random: Random
) -> None:
    mixed, joined = [*world.rules, *world.rules], [*world.links, *world.links]
    random.shuffle(mixed)
    random.shuffle(joined)
    other = snapshot(World(tuple(mixed), tuple(joined)))
    asked = (tuple(reversed(PRINCIPALS)), action, resource)
    assert other.allowed(*asked) is snapshot(world).allowed(PRINCIPALS, action, resource)


@given(st.lists(links, max_size=8).map(tuple), requested_actions, requested_resources)
def test_without_rules_nothing_is_allowed(
    joined: tuple[Link, ...], action: str, resource: str
) -> None:
    decision = snapshot(World((), joined)).decide(PRINCIPALS, action, resource)
    assert (decision.allowed, decision.matched) == (False, ())


@given(worlds, requested_actions, requested_resources)
def test_the_rules_a_caller_holds_decide_like_all_rules(
    world: World, action: str, resource: str
) -> None:
    whole = snapshot(world)
    held = tuple(rule for rule, _ in whole.held(PRINCIPALS))
    slice_ = Snapshot.build(held, world.links, "slice")
    asked = (PRINCIPALS, action, resource)
    assert slice_.decide(*asked) == whole.decide(*asked)


@given(worlds, worlds, requested_actions, requested_resources)
def test_added_rules_decide_like_rules_that_were_there_from_the_start(
    base: World, own: World, action: str, resource: str
) -> None:
    mine = tuple(replace(rule, policy=f"{rule.policy}-own") for rule in own.rules)
    held = tuple(
        Link(link.member, f"{link.holder}-own") if link.holder.startswith("policy:") else link
        for link in own.links
    )
    added = snapshot(base)
    added.allowed(PRINCIPALS, action, resource)  # what the base has worked out must not be reused
    added = added.with_rules(mine, held, version="v2")
    whole = snapshot(World((*base.rules, *mine), (*base.links, *held)))
    for app in APPS:
        one = f"qcs::sms::uin/{OWNER}:app/{app}"
        assert added.allowed(PRINCIPALS, action, one) is whole.allowed(PRINCIPALS, action, one)
    assert added.allowed(PRINCIPALS, action, resource) is whole.allowed(
        PRINCIPALS, action, resource
    )


@settings(max_examples=200)
@given(worlds, requested_actions, requested_resources)
def test_we_decide_like_the_stock_enforcer_and_a_naive_walk(
    world: World, action: str, resource: str
) -> None:
    ours = snapshot(world)
    asked = (PRINCIPALS, action, asked_on(action, resource))
    assert ours.allowed(PRINCIPALS, action, resource) is naive(world, *asked)
    assert ours.decide(PRINCIPALS, action, resource).allowed is stock(world, *asked)


@given(worlds, requested_actions, requested_resources)
def test_we_decide_like_cedar(world: World, action: str, resource: str) -> None:
    forward = without_circles(world)
    asked = (PRINCIPALS, action, asked_on(action, resource))
    assert snapshot(forward).allowed(PRINCIPALS, action, resource) is cedar(forward, *asked)


@given(worlds, requested_actions)
def test_a_plan_admits_what_is_allowed_one_by_one(world: World, action: str) -> None:
    ours = snapshot(world)
    plan = ours.plan(PRINCIPALS, action, OWNER)
    admitted = [app for app in APPS if plan.admits(app)]
    allowed = [
        app for app in APPS if ours.allowed(PRINCIPALS, action, f"qcs::sms::uin/{OWNER}:app/{app}")
    ]
    assert admitted == allowed


@given(worlds, requested_actions, requested_resources)
def test_an_explanation_tells_the_deciding_statement_and_all_others(
    world: World, action: str, resource: str
) -> None:
    ours = snapshot(world)
    decision = ours.decide(PRINCIPALS, action, resource)
    told = ours.explain(PRINCIPALS, action, resource)
    assert (told.allowed, told.reason) == (decision.allowed, decision.reason)
    assert {match.effect for match in told.matched} >= {m.effect for m in decision.matched}
    assert bool(told.matched) is bool(decision.matched)
    assert not (told.matched and told.nearest)
    for match in told.matched:
        assert match.path[0] in PRINCIPALS
        assert match.path[-1] == match.policy


@given(worlds)
def test_rules_written_as_lines_are_read_back(world: World) -> None:
    effects: dict[tuple[str, str], Effect] = {}
    kept = [
        rule
        for rule in world.rules
        if effects.setdefault((rule.policy, rule.statement), rule.effect) is rule.effect
    ]
    text = "\n".join(
        f"p, {r.policy}, {r.statement}, {r.effect}, {r.action}, {r.resource}" for r in kept
    )
    assert read_files({"site/a.csv": text.encode()}).rules == tuple(kept)


@settings(max_examples=500)
@given(patterns, texts)
def test_the_wildcard_is_an_anchored_re2(pattern: str, text: str) -> None:
    expression = "".join(".*" if letter == "*" else re2.escape(letter) for letter in pattern)
    expected = re2.fullmatch(expression, text) is not None
    assert matches(pattern, text) is expected
    assert letters_match(pattern, text) is expected


@settings(max_examples=500)
@given(patterns, texts, texts)
def test_what_is_left_of_a_pattern_is_exact(pattern: str, prefix: str, rest: str) -> None:
    left = residuals(pattern, prefix)
    assert any(matches(part, rest) for part in left) is matches(pattern, prefix + rest)
