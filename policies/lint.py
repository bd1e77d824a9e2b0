"""What a policy author should know about a policy that works (issue by stable id, see `Check`).

Every check of coverage is exact: it compares what statements reach, action by action and class of
resources by class, and does not guess from the text. One policy is looked at by itself, so what
another policy adds or takes away is not known here; the wording says so where it matters.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from policies.actions import CATALOGUE, Level
from policies.analysis import Space, TooComplexError
from policies.document import Document
from policies.finding import Check, Finding, Severity
from policies.mistake import Place
from policies.pattern import published
from policies.reader import Line
from policies.rule import Effect, InForce, Rule
from policies.statement import Statement, expanded
from policies.wildcard import STAR, matches

_PLACEHOLDER: Final = "policy:document"


class Named(NamedTuple):
    """An action of a statement: its text, where it stands, and the patterns its rules have."""

    text: str
    path: str
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """A statement to look at; `resources` are pairs of text and path."""

    path: str
    effect: Effect
    condition: InForce | None
    actions: tuple[Named, ...]
    resources: tuple[tuple[str, str], ...]
    rules: tuple[Rule, ...]

    @property
    def is_deny(self) -> bool:
        """Whether the statement denies."""
        return self.effect is Effect.DENY


def lint_document(document: Document) -> list[Finding]:
    """Look at a document: what was put right while reading it, then what its statements do."""
    rules: dict[str, list[Rule]] = {}
    for rule in document.compile(_PLACEHOLDER):
        rules.setdefault(rule.statement, []).append(rule)
    subjects = [_of_statement(each, rules.get(each.id, [])) for each in document.statements]
    return [*document.warnings, *_lint(subjects, document.owner_uin)]


def lint_files(rules: Iterable[Rule], places: Mapping[Line, Place]) -> list[Finding]:
    """Look at the policies of files, one by one; `places` tells where each line stands."""
    policies: dict[str, dict[str, list[Rule]]] = {}
    for rule in rules:
        policies.setdefault(rule.policy, {}).setdefault(rule.statement, []).append(rule)
    return [
        finding
        for statements in policies.values()
        for finding in _lint([_of_lines(lines, places) for lines in statements.values()], None)
    ]


def _of_statement(statement: Statement, rules: Sequence[Rule]) -> Subject:
    return Subject(
        statement.path,
        statement.effect,
        statement.condition,
        tuple(
            Named(text, path, expanded(text))
            for text, path in zip(statement.actions, statement.action_paths, strict=True)
        ),
        tuple(zip(statement.resources, statement.resource_paths, strict=True)),
        tuple(rules),
    )


def _of_lines(lines: Sequence[Rule], places: Mapping[Line, Place]) -> Subject:
    first = lines[0]
    return Subject(
        str(places[first]),
        first.effect,
        first.condition,
        tuple(Named(rule.action, str(places[rule]), (rule.action,)) for rule in lines),
        tuple((rule.resource, str(places[rule])) for rule in lines),
        tuple(lines),
    )


def _lint(subjects: Sequence[Subject], owner_uin: str | None) -> Iterator[Finding]:
    for subject in subjects:
        yield from _actions(subject)
        yield from _needs_star(subject)
    try:
        space = Space((rule for subject in subjects for rule in subject.rules), owner_uin)
    except TooComplexError as error:
        path = subjects[0].path if subjects else ""
        yield Finding(Check.NOT_ANALYSED, Severity.WARNING, path, str(error))
        return
    reach = _Reach(space)
    for subject in subjects:
        yield from _wide_resources(subject, reach)
    yield from _coverage(subjects, reach)


def _actions(subject: Subject) -> Iterator[Finding]:
    for text, path, patterns in subject.actions:
        if patterns and not any(published(pattern) for pattern in patterns):
            yield Finding(
                Check.UNKNOWN_ACTION,
                Severity.ERROR,
                path,
                f'"{text}" stands for no known action',
                "take the names from the action catalogue",
            )
        service = text.removeprefix("name/").partition(":")[0]
        if STAR in service and not subject.is_deny:
            yield Finding(
                Check.WILDCARD_SERVICE,
                Severity.ERROR,
                path,
                f'"{text}" allows actions of every service, access management included',
                'name the service, such as "name/sms:*"',
            )
    if not subject.is_deny:
        yield from _nearly_all_actions(subject)


def _nearly_all_actions(subject: Subject) -> Iterator[Finding]:
    texts = [pattern for action in subject.actions for pattern in action.patterns]
    if STAR in texts:
        return
    for service in ("sms", "cam"):
        plain = f"name/{service}:{STAR}"
        everything = {row.name for row in CATALOGUE.values() if row.service == service}
        reached = {row.name for text in texts for row in published(text)}
        if plain not in texts and everything <= reached:
            yield Finding(
                Check.EFFECTIVELY_STAR,
                Severity.WARNING,
                subject.path,
                f"the actions together are all {len(everything)} of {service}",
                f'write "{plain}", or leave out what is not needed',
            )


def _needs_star(subject: Subject) -> Iterator[Finding]:
    for text, path, patterns in subject.actions:
        if any(matches(rule.resource, STAR) for rule in subject.rules if rule.action in patterns):
            continue
        rows = [row for pattern in patterns for row in published(pattern)]
        whole = [row for row in rows if row.level is Level.OPERATION]
        if whole and len(whole) == len(rows):
            yield Finding(
                Check.NEEDS_STAR,
                Severity.ERROR,
                path,
                f'"{text}" has no resource-level control, so here it {_verb(subject)} nothing',
                'give it a statement of its own with resource "*"',
            )
        elif whole:
            first = min(row.name for row in whole).partition(":")[2]
            yield Finding(
                Check.NEEDS_STAR,
                Severity.SUGGESTION,
                path,
                f'"{text}" reaches only actions with resource-level control here,'
                f" not {first} and others",
                'add a statement with resource "*" where they are meant',
            )


def _verb(subject: Subject) -> str:
    return "denies" if subject.is_deny else "allows"


class _Reach:
    """What statements reach: for each action, a bit for each class of resources."""

    def __init__(self, space: Space) -> None:
        classes = (*space.whole, *space.applications)
        self.applications = (1 << len(classes)) - 2
        self.patterns = {
            pattern: sum(1 << at for at, each in enumerate(classes) if each.matched & bit)
            for pattern, bit in space.bits.items()
        }

    def of(self, rules: Iterable[Rule]) -> dict[str, int]:
        found: dict[str, int] = {}
        for rule in rules:
            for row in published(rule.action):
                whole = row.level is Level.OPERATION
                reached = self.patterns[rule.resource] & (1 if whole else -1)
                if reached:
                    found[row.name] = found.get(row.name, 0) | reached
        return found

    def of_all(self, subjects: Iterable[Subject]) -> dict[str, int]:
        return self.of(rule for subject in subjects for rule in subject.rules)


def _covered(inner: dict[str, int], outer: dict[str, int]) -> bool:
    return all(mask & ~outer.get(name, 0) == 0 for name, mask in inner.items())


def _touches(one: dict[str, int], other: dict[str, int]) -> bool:
    return any(mask & other.get(name, 0) for name, mask in one.items())


def _wide_resources(subject: Subject, reach: _Reach) -> Iterator[Finding]:
    for text, path in subject.resources:
        usual = text == STAR or text.endswith(":app/*")
        if not (usual or subject.is_deny) and reach.patterns[text] & ~1 == reach.applications:
            yield Finding(
                Check.EFFECTIVELY_STAR,
                Severity.WARNING,
                path,
                f'"{text}" stands for every application',
                'end it with ":app/*" if that is meant',
            )


def _coverage(subjects: Sequence[Subject], reach: _Reach) -> Iterator[Finding]:
    always = [each for each in subjects if each.is_deny and each.condition is None]
    denied = reach.of_all(always)
    allowed = reach.of_all(each for each in subjects if not each.is_deny)
    shadowed: list[Subject] = []
    for subject in subjects:
        reached = reach.of(subject.rules)
        if subject.is_deny:
            yield from _empty_deny(subject, reached, allowed)
        elif reached and _covered(reached, denied):
            shadowed.append(subject)
            yield Finding(
                Check.SHADOWED,
                Severity.WARNING,
                subject.path,
                "everything the statement allows is denied by this policy",
                "delete it, or narrow the deny",
            )
    yield from _redundant([each for each in subjects if each not in shadowed], reach)


def _empty_deny(
    subject: Subject, reached: dict[str, int], allowed: dict[str, int]
) -> Iterator[Finding]:
    if subject.rules and not reached:
        yield Finding(
            Check.EMPTY_DENY,
            Severity.ERROR,
            subject.path,
            "the statement denies no request that can be made",
            "check its actions against its resources",
        )
    elif allowed and not _touches(reached, allowed):
        yield Finding(
            Check.EMPTY_DENY,
            Severity.SUGGESTION,
            subject.path,
            "the statement denies nothing that this policy allows",
            "keep it only if it is meant against other policies",
        )


def _redundant(subjects: Sequence[Subject], reach: _Reach) -> Iterator[Finding]:
    kept = list(subjects)
    for subject in reversed(subjects):
        reached = reach.of(subject.rules)
        others = reach.of_all(
            each
            for each in kept
            if each is not subject
            and each.effect is subject.effect
            and each.condition in (None, subject.condition)
        )
        if reached and _covered(reached, others):
            kept.remove(subject)
            yield Finding(
                Check.REDUNDANT,
                Severity.WARNING,
                subject.path,
                f"other statements already {'deny' if subject.is_deny else 'allow'} all of it",
                "delete it",
            )
