"""Reading one line of a policy file.

Casbin's own file adapter skips what it does not know and keeps what it half understands, and each
such line is a deny that silently does not count. So a line is either exactly one of the two kinds,
in canonical spelling, or it is a mistake.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from policies.mistake import Mistake, Place
from policies.name import holder_fault, member_fault, policy_fault
from policies.pattern import (
    BLANKS,
    PatternError,
    canonical_action,
    canonical_resource,
    published,
)
from policies.rule import Effect, Link, Rule

MAX_LINE_LENGTH: Final = 1_024
COMMENT: Final = "#"

_FORMS: Final = {
    "p": "p, <policy:name>, <statement>, <allow or deny>, <action>, <resource>",
    "g": "g, <member>, <policy:name or group:name>",
}
_EFFECTS: Final = frozenset(map(str, Effect))
_STATEMENT: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_FOREIGN: Final = dict.fromkeys("\"'`", "quotes") | dict.fromkeys("[](){}", "brackets")
_SPOILING: Final = re.compile(f"[^\t -~]|[{re.escape(COMMENT + ''.join(_FOREIGN))}]")


class Field(NamedTuple):
    """One column of a line, blanks around it removed, and where it begins in the line, from 1."""

    text: str
    column: int


class Fault(NamedTuple):
    """What is wrong at a column of the line."""

    column: int
    problem: str
    instead: str


def read_line(line: str, at: Place) -> Rule | Link | tuple[Mistake, ...]:
    """Return what a line says, or everything that is wrong with it.

    `line` is neither blank nor a comment; `at` is its first column.
    """
    found = _read(line)
    if isinstance(found, (Rule, Link)):
        return found
    return tuple(
        Mistake(at._replace(column=fault.column), fault.problem, fault.instead) for fault in found
    )


def _read(line: str) -> Rule | Link | tuple[Fault, ...]:
    spoiled = _spoiled(line)
    if spoiled is not None:
        return (spoiled,)
    kind, *fields = _fields(line)
    form = _FORMS.get(kind.text)
    if form is None:
        known = kind.text.lower()
        instead = f'begin it with "{known}"' if known in _FORMS else 'begin it with "p" or "g"'
        return (Fault(kind.column, f'"{kind.text}" is no kind of line', instead),)
    wanted = form.count(",")
    if len(fields) != wanted:
        problem = f"a {kind.text} line has {wanted + 1} columns, this one {len(fields) + 1}"
        return (Fault(1, problem, f'write "{form}"'),)
    faults = tuple(_rule_faults(*fields) if kind.text == "p" else _link_faults(*fields))
    if faults:
        return faults
    texts = [field.text for field in fields]
    if kind.text == "g":
        return Link(*texts)
    policy, statement, effect, action, resource = texts
    return Rule(policy, statement, Effect(effect), action, resource)


def is_silent(line: str) -> bool:
    """Say whether a line is blank or a comment."""
    return not line.strip(BLANKS) or line.lstrip(BLANKS).startswith(COMMENT)


def hidden_letter(line: str) -> int | None:
    """Return where a line has a letter that no editor shows, from 0, or None."""
    if line.replace("\t", " ").isprintable():
        return None
    return next(at for at, letter in enumerate(line) if letter != "\t" and not letter.isprintable())


def _spoiled(line: str) -> Fault | None:
    if len(line) > MAX_LINE_LENGTH:
        problem = f"the line has {len(line)} characters, the limit is {MAX_LINE_LENGTH}"
        return Fault(1, problem, "split what it says over several lines")
    found = _SPOILING.search(line)
    if found is None:
        return None
    letter, column = found[0], found.start() + 1
    if letter == COMMENT:
        return Fault(
            column,
            "a comment after a line would become part of its last column",
            "move the comment to a line of its own",
        )
    if letter in _FOREIGN:
        problem = f"{_FOREIGN[letter]} do not quote or group anything here"
        return Fault(column, problem, f"remove {letter}")
    problem = f'the letter "{letter}" (U+{ord(letter):04X}) is not ASCII'
    return Fault(column, problem, "write the ASCII letter that looks like it")


def _fields(line: str) -> Iterator[Field]:
    column = 1
    for part in line.split(","):
        blanks = len(part) - len(part.lstrip(BLANKS))
        yield Field(part.strip(BLANKS), column + blanks)
        column += len(part) + 1


def _rule_faults(
    policy: Field, statement: Field, effect: Field, action: Field, resource: Field
) -> Iterator[Fault]:
    if (instead := policy_fault(policy.text)) is not None:
        yield Fault(policy.column, f'"{policy.text}" is no policy', instead)
    if not _STATEMENT.fullmatch(statement.text):
        problem = f'"{statement.text}" is no statement id'
        yield Fault(statement.column, problem, "use 1 to 64 letters, digits and _.-")
    if effect.text not in _EFFECTS:
        meant = effect.text.lower()
        instead = f'write "{meant}"' if meant in _EFFECTS else 'write "allow" or "deny"'
        yield Fault(effect.column, f'"{effect.text}" is no effect', instead)
    yield from _action_faults(action)
    yield from _spelling_faults(resource, canonical_resource)


def _action_faults(action: Field) -> Iterator[Fault]:
    found = tuple(_spelling_faults(action, canonical_action))
    yield from found
    if not found and not published(action.text):
        problem = f'"{action.text}" stands for no published action'
        yield Fault(action.column, problem, "take the names from the action catalogue")


def _link_faults(member: Field, holder: Field) -> Iterator[Fault]:
    if (instead := member_fault(member.text)) is not None:
        yield Fault(member.column, f'"{member.text}" can hold nothing', instead)
    if (instead := holder_fault(holder.text)) is not None:
        yield Fault(holder.column, f'"{holder.text}" cannot be held', instead)


def _spelling_faults(field: Field, canonical: Callable[[str], str]) -> Iterator[Fault]:
    try:
        spelling = canonical(field.text)
    except PatternError as error:
        yield Fault(field.column + (error.offset or 0), error.problem, error.instead)
        return
    if spelling != field.text:
        problem = f'"{field.text}" is not the canonical spelling'
        yield Fault(field.column, problem, f'write "{spelling}"')
