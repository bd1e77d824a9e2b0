"""`policy diff`: which decisions differ between two folders, files or documents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from policies.analysis import Change, TooComplexError, diff
from policies.document import DocumentError, parse
from policies.mistake import PolicyFileError
from policies.rule import Rule
from server.policy_input import LINES, fail, in_force, owner_of, read_lines, read_text

SHOWN_AROUND = 3
"""Patterns named to say what a change leaves out; --json has all of them."""


@dataclass(frozen=True, slots=True)
class Side:
    """The rules of one side by who holds them: a policy, or in a folder also a caller."""

    held: dict[str, tuple[Rule, ...]]
    owner_uin: str | None


def read_side(path: Path, uin: str | None) -> Side:
    """Read a folder, a file of lines or a document, or fail."""
    if path.is_dir():
        return _folder(path)
    if path.suffix.lower() == LINES:
        try:
            return Side(_by_policy(read_lines(path).rules), uin)
        except PolicyFileError as error:
            fail(*error.mistakes)
    text = read_text(path)
    try:
        owner = owner_of(text, uin)
        return Side({"document": parse(text, owner).compile("document")}, owner)
    except DocumentError as error:
        fail(*(f"{path}: {problem}" for problem in error.problems))


def differences(before: Side, after: Side) -> dict[str, list[Change]]:
    """Compare holder by holder; a document is compared with the one policy of the other side."""
    owner = after.owner_uin or before.owner_uin
    left, right = before.held, after.held
    if "document" in (*left, *right) and left.keys() != right.keys():
        if len(left) != 1 or len(right) != 1:
            fail("a document can only be compared with one policy: give a file with one policy")
        left, right = ({"document": next(iter(side.values()))} for side in (left, right))
    found: dict[str, list[Change]] = {}
    for holder in dict.fromkeys((*left, *right)):
        try:
            changes = diff(left.get(holder, ()), right.get(holder, ()), owner)
        except TooComplexError as error:
            fail(f"{holder}: {error}")
        if changes:
            found[holder] = changes
    return found


def as_lines(changes: Sequence[Change]) -> Iterator[str]:
    """Print changes, one line for all actions that change alike."""
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
        yield f"{sign} now {verb} on {_where(first)}{suffix}: {names}"


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


def _folder(path: Path) -> Side:
    read = in_force(path)
    members = dict.fromkeys(link.member for link in read.files.links)
    held = {member: tuple(rule for rule, _ in read.snapshot.held((member,))) for member in members}
    return Side({**_by_policy(read.files.rules), **held}, None)


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
