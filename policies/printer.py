"""The canonical text of policies, and the way between CAM documents and policy files.

A file has no conditions and no legacy names, and a document has no statement ids and no comments.
What one of the two cannot say is refused, never dropped: `to_lines` and `to_document` either give
a text that means exactly the same, or say what is in the way.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from policies import consolesms
from policies.document import VERSION, Document, parse
from policies.line import COMMENT, is_silent, read_line
from policies.mistake import Mistake, Place, PolicyFileError
from policies.name import policy_fault
from policies.pattern import PatternError, canonical_action, canonical_resource, published
from policies.rule import Link, Rule
from policies.statement import expanded
from policies.wildcard import STAR

_ACTION: Final = 4
_RESOURCE: Final = 5


class PrintError(ValueError):
    """A policy cannot be said in the other form; the message names what is in the way."""


def print_line(line: Rule | Link) -> str:
    """Write one line as it stands in a policy file, which has no place for a condition."""
    if isinstance(line, Link):
        return f"g, {line.member}, {line.holder}"
    fields = ("p", line.policy, line.statement, line.effect, line.action, line.resource)
    return ", ".join(fields)


def format_lines(name: str, text: str) -> str:
    """Bring the text of a policy file into its canonical form; comments stay where they are.

    Blanks, repeated empty lines and the spelling of actions and resources are put right, because
    each has one meaning only. Everything else wrong raises PolicyFileError.
    """
    mistakes: list[Mistake] = []
    written: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        place = Place(name, number, 1)
        if is_silent(line):
            written.append(_comment(line))
            continue
        spelled = _spelled(line)
        read = read_line(spelled, place)
        if isinstance(read, tuple):
            mistakes += read
        else:
            written.append(print_line(read))
    if mistakes:
        raise PolicyFileError(mistakes)
    paragraphs = ["\n".join(lines) for filled, lines in groupby(written, key=bool) if filled]
    return "\n\n".join(paragraphs) + "\n" if paragraphs else ""


def _comment(line: str) -> str:
    said = line.strip().removeprefix(COMMENT)
    if not line.strip():
        return ""
    return (COMMENT + said if said[:1] in ("", " ") else f"{COMMENT} {said}").rstrip()


def _spelled(line: str) -> str:
    fields = [field.strip() for field in line.split(",")]
    for position, canonical in ((_ACTION, canonical_action), (_RESOURCE, canonical_resource)):
        if fields[0] == "p" and len(fields) > position:
            try:
                fields[position] = canonical(fields[position])
            except PatternError:
                continue
    return ", ".join(fields)


def to_lines(document: Document, policy: str) -> str:
    """Write a document as the lines of `policy`, such as `policy:Ops`, for a policy file.

    Statements become `s0`, `s1` and so on; an action of every service becomes one line for each
    service of an account. Raises PrintError.
    """
    if (instead := policy_fault(policy)) is not None:
        raise PrintError(f'"{policy}" is no policy: {instead}')
    for statement in document.statements:
        for action, path in zip(statement.actions, statement.action_paths, strict=True):
            if consolesms.is_legacy(action):
                raise PrintError(
                    f'{path}: "{action}" is of the retired module; migrate the document first'
                )
            if not any(map(published, expanded(action))):
                raise PrintError(f'{path}: "{action}" stands for no known action')
        if statement.condition is not None:
            raise PrintError(
                f"{statement.path}.condition: a policy file has no conditions;"
                " keep the policy as a document"
            )
    ids = {statement.id: f"s{at}" for at, statement in enumerate(document.statements)}
    rules = document.compile(policy)
    lines = (print_line(replace(rule, statement=ids[rule.statement])) for rule in rules)
    return "".join(f"{line}\n" for line in lines)


def to_document(rules: Sequence[Rule], owner_uin: str) -> str:
    """Write the lines of one policy as a CAM document of the account `owner_uin`.

    Lines of one statement id become one statement where they pair every action with every
    resource. Raises PrintError, or DocumentError where a document may not say it.
    """
    for rule in rules:
        if rule.condition is not None:
            raise PrintError(f"{rule.statement}: lines with a condition are not written")
        if rule.action.removeprefix("name/").startswith(STAR):
            raise PrintError(
                f'{rule.statement}: in a file "{rule.action}" is of every service, in a document'
                " only of sms and cam; name the services"
            )
    statements = [part for same in _grouped(rules) for part in _statements(same)]
    text = json.dumps({"version": VERSION, "statement": statements})
    return parse(text, owner_uin).normalised()


def _grouped(rules: Iterable[Rule]) -> Iterator[list[Rule]]:
    for _, same in groupby(rules, key=lambda rule: (rule.statement, rule.effect)):
        yield list(same)


def _statements(rules: Sequence[Rule]) -> Iterator[dict[str, object]]:
    """Cut the lines of one statement into products of actions and resources, keeping the order."""
    reached: dict[str, list[str]] = {}
    for rule in rules:
        reached.setdefault(rule.action, []).append(rule.resource)
    for resources, actions in groupby(reached, key=reached.__getitem__):
        yield {"effect": rules[0].effect, "action": list(actions), "resource": resources}
