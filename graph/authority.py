"""Who calls, and what the policies in force let them do."""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from db import account, holding
from db.session import AsyncSession
from db.user import UserKind, UserRow
from policies.actions import Action, Level
from policies.decision import Decision
from policies.engine import Snapshot
from policies.plan import Plan

CACHED_USERS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in user; `account_uin` is None for operators.

    A program that has proven an AppKey is no user: `app_id` says which application's, and `uin` is
    the same.
    """

    uin: int
    kind: UserKind
    name: str
    account_uin: int | None
    must_reset: bool
    app_id: int | None = None

    @classmethod
    def of(cls, user: UserRow) -> "Principal":
        """Take what decisions need from a user."""
        return cls(user.uin, user.kind, user.name, user.account_uin, user.must_reset)


def policy_names(principal: Principal | None) -> tuple[str, ...]:
    """Give the names under which the policy files and attachments know a caller."""
    if principal is None:
        return ("role:anonymous", "everyone")
    if principal.app_id is not None:
        return ("role:app-key", f"account:{principal.account_uin}", "everyone")
    user = f"user:{principal.uin}"
    if principal.must_reset:
        return ("role:must-reset", "everyone")
    if principal.account_uin is None:
        return (user, "role:operator", "role:signed-in", "everyone")
    roles = (f"account:{principal.account_uin}", "role:signed-in", "everyone")
    return ("role:root", *roles) if principal.kind is UserKind.ROOT else (user, *roles)


class PolicyFiles(Protocol):
    """The policies that live in files; one immutable snapshot at a time."""

    @property
    def snapshot(self) -> Snapshot:
        """What is in force now."""


@dataclass(frozen=True, slots=True)
class Authority:
    """What one caller may do, under one version of every policy that concerns them."""

    principal: Principal | None
    names: tuple[str, ...]
    snapshot: Snapshot
    version: Hashable

    def decide(
        self, action: Action, resource: str, facts: Mapping[str, str | datetime]
    ) -> Decision:
        """Ask Casbin's rules about one action on one resource."""
        return self.snapshot.decide(self.names, f"name/{action.name}", resource, facts)

    def plan(self, action: Action, facts: Mapping[str, str | datetime]) -> Plan:
        """Say for which applications of the caller's account the action is allowed."""
        owner = self.principal.account_uin if self.principal else None
        return self.snapshot.plan(self.names, f"name/{action.name}", owner or 0, facts)


class Authorities:
    """Gives each caller their authority; compiled once per user and policy version."""

    def __init__(self, files: PolicyFiles) -> None:
        """Read site-wide policies from `files` at each request."""
        self._files = files
        self._compiled: OrderedDict[int, tuple[Hashable, Snapshot]] = OrderedDict()

    @property
    def files(self) -> Snapshot:
        """What the policy files say, without the policies of any account."""
        return self._files.snapshot

    async def of(self, session: AsyncSession, principal: Principal | None) -> Authority:
        """Read the versions in force within `session` and give the matching authority."""
        base = self._files.snapshot
        names = policy_names(principal)
        if principal is None or principal.kind is not UserKind.SUB:
            return Authority(principal, names, base, base.version)
        account_uin = principal.account_uin or 0
        version = (base.version, await account.policy_version(session, account_uin))
        cached = self._compiled.get(principal.uin)
        if cached is None or cached[0] != version:
            held = await holding.of_user(session, account_uin, principal.uin)
            own = base.with_rules(held.rules, held.links, version=version)
            self._compiled[principal.uin] = cached = (version, own)
        self._compiled.move_to_end(principal.uin)
        while len(self._compiled) > CACHED_USERS:
            self._compiled.popitem(last=False)
        return Authority(principal, names, cached[1], version)


def resource_of(action: Action, owner_uin: int | None, app_id: int | None) -> str:
    """Name what is acted upon: one application, or `*` without that level (CAM-5, CAM-7)."""
    if action.level is Level.RESOURCE and owner_uin is not None and app_id is not None:
        return f"qcs::sms::uin/{owner_uin}:app/{app_id}"
    return "*"
