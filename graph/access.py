"""Changing who may do what: one change at a time in an account, written down, nothing gained by it.

The root account may hand out anything of its account. Anybody else only what they hold themselves
(CAM-9), so every such change is first compared with the caller's own rights. The comparison can
take long, therefore it runs before the transaction; should anything have changed in between, the
transaction refuses.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, ParamSpec, TypeVar

from db import account, attachment, audit, group, holding
from db import quota as quotas
from db.audit import Record
from db.session import AsyncSession
from db.user import UserKind
from domain.errors import Code, Refused
from domain.quota import Quota
from graph.authority import Authority
from graph.context import Context
from policies.actions import Action
from policies.analysis import Containment, no_more_than
from policies.rule import Effect, Rule

P = ParamSpec("P")
T = TypeVar("T")

# One at a time: an analysis may take a second of processor time, and whoever writes policies
# decides how many there are.
_ANALYSES: Final = ThreadPoolExecutor(1, thread_name_prefix="policy analysis")


async def analysed(function: Callable[P, T], *arguments: P.args, **_: P.kwargs) -> T:
    """Run an analysis of policies beside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_ANALYSES, function, *arguments)


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller as somebody who changes access.

    `groups` and `policies` are the caller's own, direct and through groups; empty for the root.
    """

    context: Context
    authority: Authority
    groups: frozenset[int] = frozenset()
    policies: frozenset[str] = frozenset()

    @classmethod
    async def of(cls, context: Context, session: AsyncSession) -> "Actor":
        """Read what the caller holds now: an earlier mutation of the request may count already."""
        authority = await context.authorities.of(session, context.principal)
        if context.caller.kind is UserKind.ROOT:
            return cls(context, authority)
        owner, uin = context.owner, context.caller.uin
        groups = [row.id for _, row in await group.of_users(session, owner, [uin])]
        members = [attachment.user_member(uin), *map(attachment.group_member, groups)]
        held = await attachment.of_members(session, owner, members)
        return cls(context, authority, frozenset(groups), frozenset(row.policy for row in held))

    @property
    def is_root(self) -> bool:
        """Whether the caller is the root account itself."""
        return self.context.caller.kind is UserKind.ROOT

    async def must_hold(self, draft: Sequence[Rule], *field: str) -> None:
        """Raise Refused when `draft` allows something that the caller is not allowed."""
        if self.is_root or not draft:
            return
        own = [rule for rule, _ in self.authority.snapshot.held(self.authority.names)]
        found = await analysed(no_more_than, draft, own, str(self.context.owner))
        if not found.holds:
            raise Refused.one(Code.ESCALATION, _excess(found), *field)

    async def must_hold_or_keep(
        self, before: Sequence[Rule], after: Sequence[Rule], *field: str
    ) -> None:
        """Raise Refused when replacing `before` gives somebody what the caller is not allowed."""
        if self.is_root:
            return
        kept = await analysed(no_more_than, after, before, str(self.context.owner))
        if not kept.holds:
            await self.must_hold(after, *field)
        await self.must_hold(lifted(before, after), *field)

    def must_not_be(self, user_uin: int, what: str, *field: str) -> None:
        """Raise Refused when the user is the caller, who may not `what`."""
        if not self.is_root and user_uin == self.context.caller.uin:
            raise _own(f"a sub-account cannot {what}", *field)

    def must_not_be_in(self, group_id: int, *field: str) -> None:
        """Raise Refused when the caller is in the group."""
        if group_id in self.groups:
            raise _own("a sub-account cannot change a group it is in", *field)

    def must_not_have(self, policy: str, *field: str) -> None:
        """Raise Refused when the caller, or a group of theirs, holds the policy."""
        if policy in self.policies:
            raise _own("a sub-account cannot change a policy that is attached to it", *field)

    def must_be_root(self, what: str, *field: str) -> None:
        """Raise Refused for everybody but the root account, who alone may `what`."""
        if not self.is_root:
            raise Refused.one(Code.ESCALATION, f"only the root account can {what}", *field)

    async def rules(self, session: AsyncSession, policies: Collection[str]) -> tuple[Rule, ...]:
        """Give the rules of presets and custom policies, named as policy lines name them."""
        custom = await holding.rules_of(session, self.context.owner, policies)
        presets = [name for name in policies if attachment.custom_id(name) is None]
        snapshot = self.authority.snapshot
        return custom + tuple(rule for rule, _ in snapshot.held(tuple(presets)))


@dataclass(frozen=True, slots=True)
class Change:
    """A change of access under way in `session`."""

    session: AsyncSession
    context: Context

    async def record(
        self,
        action: Action,
        subject: str,
        name: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down who has done what; no secret may stand in `before` or `after`."""
        caller = self.context.caller
        record = Record(
            actor_uin=caller.uin,
            actor_name=caller.name,
            action=action.name,
            subject=subject,
            subject_name=name,
            before=before,
            after=after,
        )
        await audit.add(self.session, self.context.owner, record, self.context.now)

    async def take(self, limit: Quota, amount: int, scope: str, *field: str) -> None:
        """Take what only the transaction can tell how much it is; raises Refused."""
        if not await quotas.take(self.session, self.context.owner, limit, amount, scope):
            raise Refused.one(Code.LIMIT_EXCEEDED, limit.exceeded(amount), *field)


@asynccontextmanager
async def changing(actor: Actor, *, amount: int = 1, scope: str = "") -> AsyncIterator[Change]:
    """Open the transaction of a change of access, as `Context.change` does for other changes.

    The account's row is held first, so that two changes never both pass a check that only one of
    them should; quota rows come after it, or two changes could wait for each other. At the end
    every process is told to read the account's policies anew. `amount` is 0 where `Change.take`
    follows.
    """
    context = actor.context
    if context.grant is None:
        raise RuntimeError("only a guarded mutation may change something")
    async with context.database.write() as session:
        await account.hold(session, context.owner)
        authority = await context.authorities.of(session, context.principal)
        if not actor.is_root and authority.version != actor.authority.version:
            message = "policies have changed since the request began: send it again"
            raise Refused.one(Code.CONFLICT, message)
        await context.grant.renew(session, authority, context, amount=amount, scope=scope)
        yield Change(session, context)
        await account.bump_policy_version(session, context.owner)


def lifted(before: Iterable[Rule], after: Iterable[Rule] = ()) -> tuple[Rule, ...]:
    """Give what the denies of `before` forbid and those of `after` do not, as rules that allow it.

    Whoever lifts a deny may give everything behind it, whatever else its holders hold.
    """
    freed = tuple(
        replace(rule, effect=Effect.ALLOW) for rule in before if rule.effect is Effect.DENY
    )
    return freed + tuple(rule for rule in after if rule.effect is Effect.DENY) if freed else ()


def _excess(found: Containment) -> str:
    example = found.counterexample
    if example is None:
        return f"it cannot be shown that you hold all that this would give: {found.reason}"
    condition = " under a condition" if example.when else ""
    return (
        f'this would give "{example.action}" on "{example.resource}"{condition}, '
        "which you do not hold: ask the root account"
    )


def _own(rule: str, *field: str) -> Refused:
    return Refused.one(Code.ESCALATION, f"{rule}: ask the root account", *field)
