"""Why a request was decided as it was, for people who write policies."""

from collections.abc import Iterable, Iterator
from typing import Final

from policies.decision import Decision, Differs, Explanation, Match, Miss
from policies.request import Request
from policies.rule import Context, Effect, Rule
from policies.wildcard import matches

NEAREST: Final = 5
"""How many misses are told: enough to see the mistake, few enough to read."""

Held = tuple[Rule, tuple[str, ...]]
"""A rule and the way it is held."""


def explain(
    decision: Decision, request: Request, held: Iterable[Held], context: Context
) -> Explanation:
    """Tell every statement that matches `request` (deny first), else the nearest misses."""
    rules = tuple(held)
    matched = sorted(
        _once(match_of(rule, path) for rule, path in rules if _applies(rule, request, context)),
        key=lambda match: match.effect is not Effect.DENY,
    )
    nearest = () if matched else tuple(_nearest(request, rules))[:NEAREST]
    return Explanation(
        action=request.action.canonical,
        resource=request.resource,
        allowed=decision.allowed,
        reason=decision.reason,
        matched=tuple(matched),
        nearest=nearest,
    )


def match_of(rule: Rule, path: tuple[str, ...]) -> Match:
    """Name the statement that a rule comes from."""
    return Match(rule.policy, rule.statement, rule.effect, path)


def _applies(rule: Rule, request: Request, context: Context) -> bool:
    return (
        matches(rule.action, request.action.canonical)
        and matches(rule.resource, request.resource)
        and (rule.condition is None or rule.condition.holds(context))
    )


def _once(found: Iterable[Match]) -> Iterator[Match]:
    # One statement becomes many rules, and one policy may be held in several ways.
    seen = set()
    for match in found:
        statement = (match.policy, match.statement, match.effect)
        if statement not in seen:
            seen.add(statement)
            yield match


def _nearest(request: Request, held: tuple[Held, ...]) -> list[Miss]:
    ranked: dict[Match, tuple[tuple[int, int], Miss]] = {}
    for rule, path in held:
        if rule.effect is Effect.ALLOW and (found := _miss(request, rule)) is not None:
            differs, wanted, asked = found
            match = match_of(rule, path)
            rank = (list(Differs).index(differs), -_shared(wanted, asked))
            if match not in ranked or rank < ranked[match][0]:
                ranked[match] = (rank, Miss(match, differs, wanted))
    return [miss for _, miss in sorted(ranked.values(), key=lambda ranking: ranking[0])]


def _miss(request: Request, rule: Rule) -> tuple[Differs, str, str] | None:
    action = request.action.canonical
    same_action = matches(rule.action, action)
    same_resource = matches(rule.resource, request.resource)
    if same_action and same_resource:
        return Differs.CONDITION, "", ""
    if same_action:
        return Differs.RESOURCE, rule.resource, request.resource
    if same_resource:
        return Differs.ACTION, rule.action, action
    return None


def _shared(wanted: str, asked: str) -> int:
    same = 0
    for ours, theirs in zip(wanted.lower(), asked.lower(), strict=False):
        if ours != theirs:
            break
        same += 1
    return same
