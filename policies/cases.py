"""Running policy cases against the policies in force, and telling what the cases do not touch.

A statement is covered when it decided at least one case. A case that only passes because nothing
allows the request covers no statement, so a policy is not tested by what it leaves out alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from policies.actions import CATALOGUE, Action
from policies.case_file import Case, CaseFile, CaseFileError
from policies.condition import KEYS, OWNER_UIN, UIN
from policies.decision import Decision
from policies.document import DocumentError, parse
from policies.engine import Snapshot
from policies.live import SITE
from policies.mistake import Place, PolicyFileError
from policies.pattern import (
    PatternError,
    application,
    canonical_action,
    requested_resource,
)
from policies.reader import PolicyFiles, read_files
from policies.rule import Link, Rule
from policies.wildcard import STAR, matches

MAX_REQUESTS: Final = 20_000
"""Requests of one case file: callers times actions times resources over its cases."""

NOTHING: Final = "nothing"
_FIRST_UIN: Final = 100_001
_POLICY: Final = "policy:"
_OWN: Final = "policy:case:"
"""Before the names of a case file's own policies: no policy file can use it, so none collides."""

_GROUP: Final = "group:"
Told = tuple[str, str]
"""A policy and one of its statements."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request of a case: what was expected and what was decided."""

    case: int
    caller: str
    action: str
    resource: str
    expected: bool
    by: str | None
    decision: Decision

    @property
    def decided_by(self) -> str:
        """The deciding policy and statement, as `by` of a case names it."""
        for match in self.decision.matched:
            return f"{_shown(match.policy)} {match.statement}"
        return NOTHING

    @property
    def passed(self) -> bool:
        """Whether the decision, and the statement if one was named, is what was expected."""
        said = self.decision.allowed is self.expected
        return said and self.by in (None, self.decided_by)

    def __str__(self) -> str:
        """Say on one line what was asked, expected and decided."""
        expected = "allow" if self.expected else "deny"
        decided = "allow" if self.decision.allowed else "deny"
        wanted = f"{expected} by {self.by}" if self.by else expected
        return (
            f"case[{self.case}]: {self.caller} {self.action} on {self.resource}:"
            f" expected {wanted}, decided {decided} by {self.decided_by}"
        )


@dataclass(frozen=True, slots=True)
class Report:
    """The outcomes of one file, and its own statements (documents and site lines)."""

    name: str
    description: str
    outcomes: tuple[Outcome, ...]
    own: frozenset[Told]

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The outcomes that are not as expected."""
        return tuple(outcome for outcome in self.outcomes if not outcome.passed)

    @property
    def decided(self) -> frozenset[Told]:
        """The statements that decided a request."""
        return frozenset(
            (match.policy, match.statement)
            for outcome in self.outcomes
            for match in outcome.decision.matched
        )


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many statements decided a case; `missing` name file or policy, and statement."""

    covered: int
    total: int
    missing: tuple[Told, ...]

    @property
    def percent(self) -> float:
        """Covered statements of a hundred; all of none is all."""
        return 100.0 * self.covered / self.total if self.total else 100.0


def coverage(files: PolicyFiles, reports: Sequence[Report]) -> Coverage:
    """Count the statements of the files in force and of each case file, each by itself."""
    decided = frozenset[Told]().union(*(report.decided for report in reports))
    in_force = {(rule.policy, rule.statement): None for rule in files.rules}
    missing = [(_shown(told[0]), told[1]) for told in in_force if told not in decided]
    total = len(in_force)
    for report in reports:
        own = sorted(report.own)
        total += len(own)
        missing += [
            (f"{report.name} {_shown(policy)}", statement)
            for policy, statement in own
            if (policy, statement) not in report.decided
        ]
    return Coverage(total - len(missing), total, tuple(missing))


def run(read: CaseFile, files: PolicyFiles) -> Report:
    """Run one case file on top of the policies in force. CaseFileError says what cannot be run."""
    rules = tuple(_documents(read))
    site = _site(read)
    own = tuple(replace(rule, policy=_owned(rule.policy)) for rule in site.rules)
    own_links = tuple(Link(link.member, _owned(link.holder)) for link in site.links)
    counted = {line for line, at in files.places.items() if read.site_files or not _is_site(at)}
    based_rules = [rule for rule in files.rules if rule in counted]
    based_links = [link for link in files.links if link in counted]
    links = tuple(_links(read, (*based_rules, *rules, *own), based_links))
    based = Snapshot.build((*based_rules, *own), (*based_links, *own_links), read.name)
    snapshot = based.with_rules(rules, links, version=read.name)
    outcomes: list[Outcome] = []
    for position, case in enumerate(read.case):
        outcomes += _outcomes(read, position, case, snapshot)
        if len(outcomes) > MAX_REQUESTS:
            raise CaseFileError([f"{read.name}: more than {MAX_REQUESTS} requests; split the file"])
    told = frozenset((rule.policy, rule.statement) for rule in (*rules, *own))
    return Report(read.name, read.description, tuple(outcomes), told)


def _is_site(place: Place) -> bool:
    return place.file.startswith(f"{SITE}/")


def _owned(holder: str) -> str:
    return _OWN + holder.removeprefix(_POLICY) if holder.startswith(_POLICY) else holder


def _shown(policy: str) -> str:
    return policy.removeprefix(_OWN).removeprefix(_POLICY)


def _documents(read: CaseFile) -> Iterator[Rule]:
    for name, text in read.documents.items():
        try:
            yield from parse(text, read.account).compile(_OWN + name)
        except DocumentError as error:
            raise CaseFileError(
                [f"{read.name}: documents.{name}: {problem}" for problem in error.problems]
            ) from error


def _site(read: CaseFile) -> PolicyFiles:
    sources = {f"{read.name} site.{name}": text.encode() for name, text in read.site.items()}
    try:
        return read_files(sources)
    except PolicyFileError as error:
        raise CaseFileError([str(mistake) for mistake in error.mistakes]) from error


def _links(read: CaseFile, rules: Iterable[Rule], links: Iterable[Link]) -> Iterator[Link]:
    known = {rule.policy for rule in rules} | {_GROUP + group for group in read.groups}
    known |= {link.member for link in links if link.member.startswith(_GROUP)}
    held = [(_GROUP + group, f"groups.{group}", names) for group, names in read.groups.items()]
    held += [
        (f"user:{_uin(read, caller)}", f"callers.{caller}", names)
        for caller, names in read.callers.items()
    ]
    for member, key, names in held:
        for name in names:
            holder = name if name.startswith(_GROUP) else _POLICY + name
            if _owned(holder) in known:
                holder = _owned(holder)
            elif holder not in known:
                raise CaseFileError([f'{read.name}: {key}: nothing is named "{name}"'])
            yield Link(member, holder)


def _uin(read: CaseFile, caller: str) -> int:
    return _FIRST_UIN + list(read.callers).index(caller)


def _principals(read: CaseFile, caller: str) -> tuple[str, ...]:
    user, account = f"user:{_uin(read, caller)}", f"account:{read.account}"
    match read.roles.get(caller):
        case "root":
            return ("role:root", account, "role:signed-in", "everyone")
        case "operator":
            return (user, "role:operator", "role:signed-in", "everyone")
        case "anonymous" | "must-reset" as role:
            return (f"role:{role}", "everyone")
        case "app-key":
            return ("role:app-key", account, "everyone")
        case _:
            return (user, account, "role:signed-in", "everyone")


def _outcomes(read: CaseFile, position: int, case: Case, snapshot: Snapshot) -> Iterator[Outcome]:
    place = f"{read.name}: case[{position}]"
    if unknown := case.context.keys() - KEYS:
        known = ", ".join(KEYS)
        raise CaseFileError([f'{place}.context: unknown key "{min(unknown)}": known are {known}'])
    actions = _actions(case, place)
    resources = [(text, _resource(text, read.account, place)) for text in case.resource]
    expected = case.expect == "allow"
    for caller, action, (text, resource) in product(case.caller, actions, resources):
        told = {UIN: str(_uin(read, caller)), OWNER_UIN: read.account, **case.context}
        principals = _principals(read, caller)
        decision = snapshot.decide(principals, action.canonical, resource, told)
        yield Outcome(position, caller, action.name, text, expected, case.by, decision)


def _actions(case: Case, place: str) -> list[Action]:
    found: dict[str, Action] = {}
    for text in case.action:
        try:
            pattern = canonical_action(text if ":" in text or text == STAR else f"sms:{text}")
        except PatternError as error:
            raise CaseFileError([f"{place}.action: {error}"]) from error
        found |= {row.name: row for row in CATALOGUE.values() if matches(pattern, row.canonical)}
    chosen = [
        row for row in found.values() if row.access in case.access and row.level in case.level
    ]
    if not chosen:
        raise CaseFileError([f"{place}.action: stands for no known action"])
    return chosen


def _resource(text: str, account: str, place: str) -> str:
    full = application(account, text.removeprefix("app/")) if text.startswith("app/") else text
    try:
        return requested_resource(full)
    except PatternError as error:
        # Decided, it would be a deny, and a case that expects one would pass for a typing error.
        raise CaseFileError([f"{place}.resource: {error}"]) from error
