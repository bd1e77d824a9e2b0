"""Deciding, planning and explaining on immutable snapshots of rules and links.

The meaning is that of model.conf, read by Casbin's own parser; what differs from the stock Enforcer
is only what is looked at. It walks every line of everybody for each request; here a principal's own
rules are arranged once, and a decision costs the same whatever anybody else holds.
"""

from collections.abc import Hashable, Iterable, Iterator
from types import MappingProxyType
from typing import Final, Self

from policies.actions import Level
from policies.decision import Decision, Explanation
from policies.explain import Held, explain, match_of
from policies.holding import Holdings, View
from policies.index import Resources
from policies.model import check_model, packaged_model
from policies.pattern import PatternError, app_ids, requested_action
from policies.plan import Plan, PlanKind
from policies.request import Request, read_request
from policies.rule import Context, Effect, Link, Rule
from policies.wildcard import STAR

NO_CONTEXT: Final[Context] = MappingProxyType({})
FILES_ONLY: Final = "operator:"
"""The service that account owners can never decide about, whatever they write (REV-1, CAM-9)."""


class Snapshot:
    """Every rule and link in force at one version. It never changes; a change is a new snapshot.

    `principals` of a request are all names the caller goes by, such as
    `("user:100001", "account:12345678", "role:signed-in", "everyone")`: the rules of all of them
    apply. An `account:` name also bounds what any rule can reach to that account (CAM-5).
    """

    __slots__ = ("_files", "_holdings", "version")

    def __init__(self, holdings: Holdings, files: Holdings, version: Hashable) -> None:
        self._holdings = holdings
        self._files = files
        self.version: Final = version

    @classmethod
    def build(
        cls,
        rules: Iterable[Rule],
        links: Iterable[Link],
        version: Hashable,
        model: str | None = None,
    ) -> Self:
        """Index the rules and links of the operator's files.

        `model` is the text of a model.conf, by default the one of this package. ModelError says
        why decisions cannot be indexed by it.
        """
        check_model(packaged_model() if model is None else model)
        holdings = Holdings(rules, links, None)
        return cls(holdings, holdings, version)

    def with_rules(
        self, rules: Iterable[Rule], links: Iterable[Link], *, version: Hashable
    ) -> "Snapshot":
        """Return a snapshot that adds rules and links of an account to this one.

        What is here is shared, not copied. Account owners write what is added, so it can neither
        add to a policy that is defined here (ValueError) nor decide about the service `operator`.
        """
        added = Holdings(rules, links, self._holdings)
        for policy in added.policies():
            if self._holdings.rules_of(policy):
                raise ValueError(f'policy "{policy}" is already defined; give it a new name')
        return Snapshot(added, self._files, version)

    def allowed(
        self,
        principals: tuple[str, ...],
        action: str,
        resource: str,
        context: Context = NO_CONTEXT,
    ) -> bool:
        """Decide without saying why."""
        try:
            request = read_request(action, resource)
        except PatternError:
            return False
        if request.is_foreign(principals):
            return False
        decided = self._deciding(principals, request, context)
        return decided is not None and decided[0].effect is Effect.ALLOW

    def decide(
        self,
        principals: tuple[str, ...],
        action: str,
        resource: str,
        context: Context = NO_CONTEXT,
    ) -> Decision:
        """Decide, and name the one statement that decided.

        What cannot be read, and what nothing allows, is denied (CAM-6); nothing is ever raised.
        """
        try:
            request = read_request(action, resource)
        except PatternError as error:
            return Decision(allowed=False, matched=(), reason=error.message)
        return self._decide(principals, request, context)

    def explain(
        self,
        principals: tuple[str, ...],
        action: str,
        resource: str,
        context: Context = NO_CONTEXT,
    ) -> Explanation:
        """Decide, and name every statement that matches, or on default deny the nearest misses."""
        try:
            request = read_request(action, resource)
        except PatternError as error:
            return Explanation(action, resource, False, error.message, (), ())
        decision = self._decide(principals, request, context)
        held = () if request.is_foreign(principals) else _held(self._asked(request), principals)
        return explain(decision, request, held, context)

    def plan(
        self,
        principals: tuple[str, ...],
        action: str,
        owner_uin: int | str,
        context: Context = NO_CONTEXT,
    ) -> Plan:
        """Say for which applications of `owner_uin` an action is allowed.

        `plan.admits(app_id)` equals `allowed(...)` on that application, for every AppID.
        """
        denied = Plan(PlanKind.ALWAYS_DENIED, (), (), self.version)
        try:
            asked = requested_action(action)
        except PatternError:
            return denied
        if asked.level is Level.OPERATION:
            allowed = self.allowed(principals, action, STAR, context)
            return Plan.of((STAR,) if allowed else (), (), self.version)
        if Request(asked, STAR, str(owner_uin)).is_foreign(principals):
            return denied
        sides = [self._holdings.view(name).arranged.sides(asked.canonical) for name in principals]
        return Plan.of(
            _app_ids((group for side in sides for group in side.permits), owner_uin, context),
            _app_ids((group for side in sides for group in side.denies), owner_uin, context),
            self.version,
        )

    def held(self, principals: tuple[str, ...]) -> Iterator[Held]:
        """Give every rule the principals hold, each policy once, with the shortest way to it."""
        return _held(self._holdings, principals)

    def _asked(self, request: Request) -> Holdings:
        return self._files if request.action.name.startswith(FILES_ONLY) else self._holdings

    def _decide(self, principals: tuple[str, ...], request: Request, context: Context) -> Decision:
        if request.is_foreign(principals):
            reason = f'resource "{request.resource}" belongs to another account'
            return Decision(allowed=False, matched=(), reason=reason)
        decided = self._deciding(principals, request, context)
        if decided is None:
            reason = f'nothing allows "{request.action.canonical}" on "{request.resource}"'
            return Decision(allowed=False, matched=(), reason=reason)
        match = match_of(*decided)
        allowed = match.effect is Effect.ALLOW
        verb = "allowed" if allowed else "denied"
        reason = f'{verb} by statement "{match.statement}" of "{match.policy}"'
        return Decision(allowed=allowed, matched=(match,), reason=reason)

    def _deciding(
        self, principals: tuple[str, ...], request: Request, context: Context
    ) -> Held | None:
        holdings = self._asked(request)
        canonical, resource = request.action.canonical, request.resource
        permitting: list[tuple[View, tuple[Resources, ...]]] = []
        for name in principals:
            view = holdings.view(name)
            sides = view.arranged.sides(canonical)
            for group in sides.denies:
                if (rule := group.find(resource, context)) is not None:
                    return rule, view.paths[rule.policy]
            if sides.permits:
                permitting.append((view, sides.permits))
        for view, groups in permitting:
            for group in groups:
                if (rule := group.find(resource, context)) is not None:
                    return rule, view.paths[rule.policy]
        return None


def _held(holdings: Holdings, principals: tuple[str, ...]) -> Iterator[Held]:
    seen: set[str] = set()
    for name in principals:
        view = holdings.view(name)
        for rule in view.arranged.rules:
            if rule.policy not in seen:
                yield rule, view.paths[rule.policy]
        seen.update(view.paths)


def _app_ids(groups: Iterable[Resources], owner_uin: int | str, context: Context) -> Iterator[str]:
    for group in groups:
        for cell in group.cells:
            if cell.in_force(context) is not None:
                yield from app_ids(cell.resource, owner_uin)
