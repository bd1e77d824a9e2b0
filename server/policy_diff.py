"""`policy diff`: which decisions differ between two folders, files or documents."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from policies.analysis import Change, TooComplexError, diff
from policies.document import DocumentError, parse
from policies.live import InForce
from policies.mistake import PolicyFileError
from policies.rule import Rule
from server.policy_callers import callers
from server.policy_input import LINES, fail, in_force, owner_of, read_lines, read_text

SHOWN_AROUND: Final = 3
"""Patterns named to say what a change leaves out; --json has all of them."""

WIDTH: Final = 96
_DOCUMENT: Final = "document"


@dataclass(frozen=True, slots=True)
class Side:
    """One side: the rules of each policy, and for a folder what is in force in it."""

    policies: dict[str, tuple[Rule, ...]]
    owner_uin: str | None
    in_force: InForce | None = None

    def held(self, principals: tuple[str, ...]) -> tuple[Rule, ...]:
        """Give all rules that a caller with these names holds."""
        if self.in_force is None:
            return ()
        return tuple(rule for rule, _ in self.in_force.snapshot.held(principals))


def read_side(path: Path, uin: str | None) -> Side:
    """Read a folder, a file of lines or a document, or fail."""
    if path.is_dir():
        read = in_force(path)
        return Side(_by_policy(read.files.rules), None, read)
    if path.suffix.lower() == LINES:
        try:
            return Side(_by_policy(read_lines(path).rules), uin)
        except PolicyFileError as error:
            fail(*error.mistakes)
    text = read_text(path)
    try:
        owner = owner_of(text, uin)
        return Side({_DOCUMENT: parse(text, owner).compile(_DOCUMENT)}, owner)
    except DocumentError as error:
        fail(*(f"{path}: {problem}" for problem in error.problems))


def differences(before: Side, after: Side) -> dict[str, list[Change]]:
    """Compare policy by policy, and two folders caller by caller as well.

    A document is compared with the one policy of the other side.
    """
    owner = after.owner_uin or before.owner_uin
    left, right = before.policies, after.policies
    if _DOCUMENT in (*left, *right) and left.keys() != right.keys():
        if len(left) != 1 or len(right) != 1:
            fail("a document can only be compared with one policy: give a file with one policy")
        left, right = ({_DOCUMENT: next(iter(side.values()))} for side in (left, right))
    compared = [
        (policy, left.get(policy, ()), right.get(policy, ()), owner)
        for policy in dict.fromkeys((*left, *right))
    ]
    if before.in_force and after.in_force:
        compared += [
            (caller, before.held(principals), after.held(principals), account)
            for caller, principals, account in callers(before.in_force, after.in_force)
        ]
    told = {
        holder: _diff(holder, first, second, account) for holder, first, second, account in compared
    }
    return {holder: changes for holder, changes in told.items() if changes}


def _diff(
    holder: str, before: Sequence[Rule], after: Sequence[Rule], owner_uin: str | None
) -> list[Change]:
    try:
        return diff(before, after, owner_uin)
    except TooComplexError as error:
        fail(f"{holder}: {error}")


def as_lines(changes: Sequence[Change]) -> Iterator[str]:
    """Print changes, the actions that change alike together."""
    alike: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        key = (change.after, change.resource, change.within, change.beside, *_conditions(change))
        alike.setdefault(key, []).append(change)
    for same in alike.values():
        first = same[0]
        names = ", ".join(change.action.removeprefix("name/") for change in same)
        sign, verb = ("+", "allowed") if first.after else ("-", "denied")
        conditions = "; ".join(_conditions(first))
        suffix = f" ({conditions})" if conditions else ""
        yield f"{sign} now {verb} on {_where(first)}{suffix}:"
        yield from textwrap.wrap(names, WIDTH, initial_indent="    ", subsequent_indent="    ")


def as_json(change: Change) -> dict[str, object]:
    """Print a change with --json."""
    return {
        "action": change.action,
        "resource": change.resource,
        "before": change.before,
        "after": change.after,
        "within": list(change.within),
        "beside": list(change.beside),
        "when": [str(condition) for condition in change.when],
        "unless": [str(condition) for condition in change.unless],
    }


def _by_policy(rules: Sequence[Rule]) -> dict[str, tuple[Rule, ...]]:
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.policy, []).append(rule)
    return {policy: tuple(held) for policy, held in found.items()}


def _conditions(change: Change) -> Iterator[str]:
    yield from (f"when {condition}" for condition in change.when)
    yield from (f"unless {condition}" for condition in change.unless)


def _where(change: Change) -> str:
    inside = " and ".join(change.within) or "any application"
    around = change.beside[:SHOWN_AROUND]
    more = len(change.beside) - len(around)
    if around:
        inside += f" except {', '.join(around)}" + (f" and {more} more" if more else "")
    return inside if change.resource in change.within else f"{inside}, such as {change.resource}"
