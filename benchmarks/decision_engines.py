"""The engines that decisions.py holds against each other, and the worlds they decide on."""

import json
import logging
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import casbin
import cedarpy

from policies.actions import CATALOGUE, Level
from policies.engine import Snapshot
from policies.model import packaged_model
from policies.rule import Effect, Link, Rule
from policies.wildcard import cam_match, matches

OWNER = "12345678"
APPS = tuple(f"qcs::sms::uin/{OWNER}:app/{1_400_000_000 + number}" for number in range(200))
ACTIONS = tuple(row.canonical for row in CATALOGUE.values() if row.level is Level.RESOURCE)
PER_SUBJECT = 5

Request = tuple[str, str, str]
"""Subject, action and resource."""

Ask = Callable[[Request], bool]


@dataclass(frozen=True, slots=True)
class World:
    """Rules of many policies, and who holds which; every policy allows once and denies once."""

    rules: tuple[Rule, ...]
    links: tuple[Link, ...]
    subjects: tuple[str, ...]

    def of(self, subject: str) -> tuple[Rule, ...]:
        """Return the rules one subject holds."""
        held = {link.holder for link in self.links if link.member == subject}
        return tuple(rule for rule in self.rules if rule.policy in held)

    def requests(self, count: int) -> list[Request]:
        """Return random requests, always the same ones."""
        dice = random.Random(2)  # noqa: S311 - repeatable, not secret
        return [
            (dice.choice(self.subjects), dice.choice(ACTIONS), dice.choice(APPS))
            for _ in range(count)
        ]


def make_world(rules: int, subjects: int) -> World:
    """Return a world of that many rules; each subject holds five policies."""
    dice = random.Random(1)  # noqa: S311 - repeatable, not secret
    wide = (*ACTIONS, "name/sms:*", "name/sms:Describe*")
    found: list[Rule] = []
    for number in range(rules // 2):
        policy, where = (
            f"policy:P{number}",
            dice.choice((*APPS, "*", f"qcs::sms::uin/{OWNER}:app/*")),
        )
        found.append(Rule(policy, "s0", Effect.ALLOW, dice.choice(wide), where))
        found.append(Rule(policy, "s1", Effect.DENY, dice.choice(ACTIONS), dice.choice(APPS)))
    names = tuple(f"user:{number}" for number in range(subjects))
    links = [
        Link(name, f"policy:P{number}")
        for name in names
        for number in dice.sample(range(rules // 2), min(PER_SUBJECT, rules // 2))
    ]
    return World(tuple(found), tuple(links), names)


def naive(world: World) -> Ask:
    """Answer by trying each rule: slow, and plainly right."""
    rules = {subject: world.of(subject) for subject in world.subjects}

    def ask(request: Request) -> bool:
        subject, action, resource = request
        effects = {
            rule.effect
            for rule in rules[subject]
            if matches(rule.action, action) and matches(rule.resource, resource)
        }
        return effects == {Effect.ALLOW}

    return ask


def ours(world: World) -> Ask:
    """Ask the engine under all four names that a sub-account goes by."""
    snapshot = Snapshot.build(world.rules, world.links, 1)
    names = {
        subject: (subject, f"account:{OWNER}", "role:signed-in", "everyone")
        for subject in world.subjects
    }
    return lambda request: snapshot.allowed(names[request[0]], request[1], request[2])


def stock_casbin(world: World) -> Ask:
    """Ask one stock Enforcer that holds everything."""
    enforcer = _enforcer(world.rules, world.links)
    return lambda request: bool(enforcer.enforce(*request))


def small_casbin(world: World) -> Ask:
    """Ask a stock Enforcer that holds one subject's rules only."""
    enforcers: dict[str, casbin.Enforcer] = {}

    def ask(request: Request) -> bool:
        subject = request[0]
        if subject not in enforcers:
            links = (link for link in world.links if link.member == subject)
            enforcers[subject] = _enforcer(world.of(subject), links)
        return bool(enforcers[subject].enforce(*request))

    return ask


def regex(world: World) -> Ask:
    """Match two expressions per subject, written by hand: the fastest that gives no reason."""
    compiled: dict[str, tuple[re.Pattern[str], re.Pattern[str]]] = {}
    for subject in world.subjects:
        held = world.of(subject)
        compiled[subject] = (_one_of(held, Effect.DENY), _one_of(held, Effect.ALLOW))

    def ask(request: Request) -> bool:
        subject, action, resource = request
        denies, allows = compiled[subject]
        asked = f"{action} {resource}"
        return not denies.fullmatch(asked) and bool(allows.fullmatch(asked))

    return ask


def cedar(world: World) -> Ask:
    """Ask Cedar, with policies and entities parsed beforehand."""
    policies = cedarpy.PolicySet.from_str(
        "\n".join(
            f"{'permit' if rule.effect is Effect.ALLOW else 'forbid'}"
            f'(principal in Name::"{rule.policy}", action, resource) when '
            f'{{ context.action like "{rule.action}" && context.resource like "{rule.resource}" }};'
            for rule in world.rules
        )
    )
    parents: dict[str, list[str]] = {rule.policy: [] for rule in world.rules}
    for link in world.links:
        parents.setdefault(link.member, []).append(link.holder)
    entities = cedarpy.Entities.from_json_str(
        json.dumps(
            [
                {
                    "uid": {"type": "Name", "id": name},
                    "attrs": {},
                    "parents": [{"type": "Name", "id": holder} for holder in held],
                }
                for name, held in parents.items()
            ]
        )
    )
    return partial(_ask_cedar, policies, entities)


def _ask_cedar(policies: cedarpy.PolicySet, entities: cedarpy.Entities, request: Request) -> bool:
    subject, action, resource = request
    asked = {
        "principal": f'Name::"{subject}"',
        "action": 'Action::"ask"',
        "resource": 'Thing::"it"',
        "context": {"action": action, "resource": resource},
    }
    return cedarpy.is_authorized(asked, policies, entities).decision is cedarpy.Decision.Allow


def _enforcer(rules: Iterable[Rule], links: Iterable[Link]) -> casbin.Enforcer:
    logging.getLogger("casbin").setLevel(logging.ERROR)
    model = casbin.Model()
    model.load_model_from_text(packaged_model())
    enforcer = casbin.Enforcer(model)
    enforcer.add_function("camMatch", cam_match)
    lines = [[r.policy, r.statement, str(r.effect), r.action, r.resource] for r in rules]
    model.add_policies("p", "p", lines)
    model.add_policies("g", "g", [[link.member, link.holder] for link in links])
    enforcer.build_role_links()
    return enforcer


def _one_of(rules: Iterable[Rule], effect: Effect) -> re.Pattern[str]:
    texts = (f"{rule.action} {rule.resource}" for rule in rules if rule.effect is effect)
    return re.compile("|".join(re.escape(text).replace(r"\*", ".*") for text in texts) or r"(?!)")
