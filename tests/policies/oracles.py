"""Three engines that we did not index: a naive walk, the stock Casbin Enforcer, and Cedar."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

import casbin
import cedarpy

from policies.model import packaged_model
from policies.rule import Effect, Link, Rule
from policies.wildcard import cam_match


@dataclass(frozen=True)
class World:
    """Rules and links, in canonical form and without conditions."""

    rules: tuple[Rule, ...]
    links: tuple[Link, ...]


def naive(world: World, principals: Iterable[str], action: str, resource: str) -> bool:
    """Follow every link until nothing new is reached, then try every rule letter by letter."""
    reached = set(principals)
    while found := {link.holder for link in world.links if link.member in reached} - reached:
        reached |= found
    effects = {
        rule.effect
        for rule in world.rules
        if rule.policy in reached
        and letters_match(rule.action.lower(), action.lower())
        and letters_match(rule.resource, resource)
    }
    return effects == {Effect.ALLOW}


def letters_match(pattern: str, text: str) -> bool:
    """Match by a table over all prefixes of both, with nothing clever in it."""
    row = [True] + [False] * len(text)
    for letter in pattern:
        if letter == "*":
            for end in range(1, len(text) + 1):
                row[end] = row[end] or row[end - 1]
        else:
            row = [False] + [row[end] and text[end] == letter for end in range(len(text))]
    return row[len(text)]


def stock(world: World, principals: Iterable[str], action: str, resource: str) -> bool:
    """Ask pycasbin's own Enforcer, as its documentation has it."""
    enforcer = stock_enforcer(world, [Link("caller", name) for name in principals])
    return bool(enforcer.enforce("caller", action, resource))


def stock_enforcer(world: World, more: Iterable[Link] = ()) -> casbin.Enforcer:
    """Load a world into the stock Enforcer."""
    logging.getLogger("casbin").setLevel(logging.ERROR)
    model = casbin.Model()
    model.load_model_from_text(packaged_model())
    enforcer = casbin.Enforcer(model)
    enforcer.add_function("camMatch", cam_match)
    lines = [[r.policy, r.statement, str(r.effect), r.action, r.resource] for r in world.rules]
    links = [[link.member, link.holder] for link in (*world.links, *more)]
    model.add_policies("p", "p", lines)
    model.add_policies("g", "g", links)
    enforcer.build_role_links()
    return enforcer


def cedar(world: World, principals: Iterable[str], action: str, resource: str) -> bool:
    """Ask Cedar, each rule as a permit or a forbid. Its entities must not form circles."""
    policies = "\n".join(
        f"{'permit' if rule.effect is Effect.ALLOW else 'forbid'}"
        f'(principal in Name::"{rule.policy}", action, resource) when '
        f'{{ context.action like "{rule.action.lower()}"'
        f' && context.resource like "{rule.resource}" }};'
        for rule in world.rules
    )
    parents: dict[str, set[str]] = {"caller": set(principals)}
    for link in world.links:
        parents.setdefault(link.member, set()).add(link.holder)
    names = set(parents) | {name for held in parents.values() for name in held}
    entities = [
        {
            "uid": {"type": "Name", "id": name},
            "attrs": {},
            "parents": [{"type": "Name", "id": holder} for holder in parents.get(name, ())],
        }
        for name in names
    ]
    request = {
        "principal": 'Name::"caller"',
        "action": 'Action::"ask"',
        "resource": 'Thing::"it"',
        "context": {"action": action.lower(), "resource": resource},
    }
    answer = cedarpy.is_authorized(request, policies, entities)
    assert not answer.diagnostics.errors
    return answer.decision is cedarpy.Decision.Allow
