"""Decisions and the reasons for them, as front-end teams and policy authors see them."""

from collections.abc import Iterable
from dataclasses import dataclass

import strawberry

from db import attachment, group, policy, user
from db.session import AsyncSession
from graph.effect import Effect
from graph.enums import publish
from graph.errors import BadUserInput
from policies.decision import Differs, Explanation, Match, Miss
from policies.engine import Snapshot
from policies.pattern import PatternError, requested_action, requested_resource
from policies.rule import Context as Facts

publish(
    Differs,
    name="MissedPart",
    description="In what a statement that almost allowed a request differs from it.",
    values={
        "CONDITION": "Its condition does not hold now.",
        "RESOURCE": "It names other resources.",
        "ACTION": "It names other actions.",
    },
)


@strawberry.type(description="A statement that matches a request.")
class MatchedStatement:
    """One statement, and the way its policy is held."""

    policy: str = strawberry.field(description="The policy's name, such as `policy:Ops`.")
    statement: str = strawberry.field(
        description="The statement within the policy: `statement[0]` is the first of a document."
    )
    effect: Effect = strawberry.field(description="What the statement does.")
    path: list[str] = strawberry.field(
        description="How it is held: user or role, groups, policy, each with its kind."
    )


@strawberry.type(description="An allow statement that misses a request in one thing only.")
class NearMiss:
    """One statement, and what it has instead of what was asked."""

    policy: str = strawberry.field(description="The policy's name, such as `policy:Ops`.")
    statement: str = strawberry.field(description="The statement within the policy.")
    path: list[str] = strawberry.field(description="How it is held.")
    differs: Differs = strawberry.field(description="In what it differs.")
    wanted: str = strawberry.field(description="The pattern it has there; empty for conditions.")


@strawberry.type(description="A decision and everything that led to it.")
class AccessDecision:
    """One answer of the policies in force."""

    action: str = strawberry.field(description="The action as it was compared.")
    resource: str = strawberry.field(
        description="The resource as it was compared; `*` for actions without that level."
    )
    allowed: bool = strawberry.field(description="Whether the action is allowed.")
    reason: str = strawberry.field(description="The decision in one sentence.")
    matched: list[MatchedStatement] = strawberry.field(
        description="Every statement that matches; denies first."
    )
    nearest: list[NearMiss] = strawberry.field(
        description="When nothing matches: the statements that came closest, at most five."
    )

    @classmethod
    def of(cls, told: Explanation, names: "Names") -> "AccessDecision":
        """Show an explanation under the names people gave to users, groups and policies."""
        return cls(
            action=told.action,
            resource=told.resource,
            allowed=told.allowed,
            reason=names.within(told.reason),
            matched=[_matched(match, names) for match in told.matched],
            nearest=[_missed(miss, names) for miss in told.nearest],
        )


@dataclass(frozen=True, slots=True)
class Names:
    """What people call the users, groups and policies that policy lines number."""

    shown: dict[str, str]

    @classmethod
    async def of(
        cls, session: AsyncSession, owner: int | None, told: Iterable[Explanation]
    ) -> "Names":
        """Look up every name that explanations mention; three statements."""
        mentioned = {name for each in told for name in _mentioned(each)}
        if owner is None:
            return cls({})
        shown: dict[str, str] = {}
        policies = await policy.by_ids(session, owner, _numbers(mentioned, attachment.CUSTOM))
        for policy_id, row in policies.items():
            shown[attachment.custom_policy(policy_id)] = f"policy:{row.name}"
        for found in await group.by_ids(session, owner, _numbers(mentioned, "group:")):
            shown[attachment.group_member(found.id)] = f"group:{found.name}"
        users = await user.by_uins(session, owner, _numbers(mentioned, "user:"))
        for uin, person in users.items():
            shown[attachment.user_member(uin)] = f"user:{person.name}"
        return cls(shown)

    def get(self, name: str) -> str:
        """Give the name people use."""
        return self.shown.get(name, name)

    def within(self, sentence: str) -> str:
        """Replace every quoted name of a sentence."""
        for name, shown in self.shown.items():
            sentence = sentence.replace(f'"{name}"', f'"{shown}"')
        return sentence


def explain(
    snapshot: Snapshot, names: tuple[str, ...], action: str, resource: str, facts: Facts
) -> Explanation:
    """Explain a decision; an action or a resource that cannot be read raises BadUserInput."""
    check_request(action, resource)
    return snapshot.explain(names, action, resource, facts)


def check_request(action: str, resource: str) -> None:
    """Raise BadUserInput for a mistyped action or resource: "denied" would hide the mistake."""
    try:
        requested_action(action)
    except PatternError as error:
        raise BadUserInput(error.message, argument="action") from error
    check_resource(resource)


def check_resource(resource: str) -> None:
    """Raise BadUserInput for a mistyped resource."""
    try:
        requested_resource(resource)
    except PatternError as error:
        raise BadUserInput(error.message, argument="resource") from error


def _matched(match: Match, names: Names) -> MatchedStatement:
    return MatchedStatement(
        policy=names.get(match.policy),
        statement=match.statement,
        effect=match.effect,
        path=[names.get(name) for name in match.path],
    )


def _missed(miss: Miss, names: Names) -> NearMiss:
    return NearMiss(
        policy=names.get(miss.match.policy),
        statement=miss.match.statement,
        path=[names.get(name) for name in miss.match.path],
        differs=miss.differs,
        wanted=miss.wanted,
    )


def _mentioned(told: Explanation) -> Iterable[str]:
    for match in (*told.matched, *(miss.match for miss in told.nearest)):
        yield match.policy
        yield from match.path


def _numbers(names: Iterable[str], prefix: str) -> list[int]:
    rests = (name.removeprefix(prefix) for name in names if name.startswith(prefix))
    return [int(rest) for rest in rests if rest.isascii() and rest.isdecimal()]
