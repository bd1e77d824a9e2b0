"""What sub-accounts hold: the policies in force on them and their groups, as Casbin lines."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import attachment, policy
from db.attachment import AttachmentRow, custom_id, group_member, user_member
from db.group import MembershipRow
from db.user import UserKind, UserRow
from policies.document import DocumentError, parse
from policies.rule import Effect, Link, Rule

MAX_CACHED_RULES: Final = 200_000
"""Rules kept compiled; about 25 MB, and 40 documents of the largest size there is."""


@dataclass(frozen=True, slots=True)
class Held:
    """The `p` and `g` lines of some sub-accounts, as a snapshot takes them."""

    rules: tuple[Rule, ...]
    links: tuple[Link, ...]


class Compiler:
    """Compiles documents, and keeps the results that were asked for last.

    The text is part of the key: a result can never be taken for that of another document.
    """

    def __init__(self, most: int = MAX_CACHED_RULES) -> None:
        """Keep up to `most` rules."""
        self._most = most
        self._kept: OrderedDict[tuple[int, int, str], tuple[Rule, ...]] = OrderedDict()
        self._count = 0

    def rules(self, owner: int, policy_id: int, document: str) -> tuple[Rule, ...]:
        """Give the rules of a custom policy's document."""
        key = (owner, policy_id, document)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = compile_document(owner, policy_id, document)
            self._count += len(found)
        self._kept.move_to_end(key)
        while self._count > self._most and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._count -= len(dropped)
        return found


_COMPILER: Final = Compiler()


def compile_document(owner: int, policy_id: int, document: str) -> tuple[Rule, ...]:
    """Give the rules of a document; one that cannot be read any more denies everything.

    A stored document was readable once, so this is a catalogue that has changed or a damaged row.
    Skipping it could drop a deny.
    """
    name = attachment.custom_policy(policy_id)
    try:
        return parse(document, str(owner)).compile(name)
    except DocumentError:
        return tuple(
            Rule(name, "unreadable", Effect.DENY, f"name/{service}:*", "*")
            for service in ("sms", "cam")
        )


async def of_user(session: AsyncSession, account_uin: int, user_uin: int) -> Held:
    """Give everything one sub-account holds; nothing while it is disabled."""
    enabled = select(UserRow.uin).where(
        UserRow.uin == user_uin,
        UserRow.account_uin == account_uin,
        UserRow.kind == UserKind.SUB,
        col(UserRow.disabled).is_(False),
    )
    if (await session.exec(enabled)).first() is None:
        return Held((), ())
    return await if_enabled(session, account_uin, user_uin)


async def if_enabled(session: AsyncSession, account_uin: int, user_uin: int) -> Held:
    """Give what a sub-account of this account holds whenever it is not disabled."""
    groups = select(MembershipRow).where(MembershipRow.user_uin == user_uin)
    return await _held(session, account_uin, [user_uin], (await session.exec(groups)).all())


async def of_account(session: AsyncSession, account_uin: int) -> tuple[Sequence[UserRow], Held]:
    """Give the sub-accounts that are not disabled, by uin, and what all of them hold."""
    enabled = select(UserRow).where(
        UserRow.account_uin == account_uin,
        UserRow.kind == UserKind.SUB,
        col(UserRow.disabled).is_(False),
    )
    users = (await session.exec(enabled.order_by(col(UserRow.uin)))).all()
    groups = (
        select(MembershipRow)
        .join(UserRow, col(UserRow.uin) == col(MembershipRow.user_uin))
        .where(UserRow.account_uin == account_uin)
    )
    memberships = (await session.exec(groups)).all()
    return users, await _held(session, account_uin, [user.uin for user in users], memberships)


async def rules_of(
    session: AsyncSession, account_uin: int, policies: Collection[str]
) -> tuple[Rule, ...]:
    """Give the rules of custom policies of this account, named as policy lines name them."""
    ids = [found for name in policies if (found := custom_id(name)) is not None]
    documents = await policy.documents(session, account_uin, ids)
    return tuple(
        rule
        for policy_id, row in sorted(documents.items())
        for rule in _COMPILER.rules(account_uin, policy_id, row.document)
    )


async def _held(
    session: AsyncSession,
    account_uin: int,
    user_uins: Iterable[int],
    memberships: Sequence[MembershipRow],
) -> Held:
    members = {user_member(uin) for uin in user_uins}
    members |= {group_member(row.group_id) for row in memberships}
    attached = await attachment.of_members(session, account_uin, members)
    rules = await rules_of(session, account_uin, {row.policy for row in attached})
    return Held(rules, tuple(_links(memberships, attached)))


def _links(
    memberships: Sequence[MembershipRow], attached: Sequence[AttachmentRow]
) -> Iterable[Link]:
    for membership in memberships:
        yield Link(user_member(membership.user_uin), group_member(membership.group_id))
    for row in attached:
        yield Link(row.member, row.policy)
