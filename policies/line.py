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
_STATEMENT: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_FOREIGN: Final = dict.fromkeys("\"'`", "quotes") | dict.fromkeys("[](){}", "brackets")


class Field(NamedTuple):
    """One column of a line, blanks around it removed, and where it begins."""

    text: str
    place: Place


def read_line(line: str, at: Place) -> Rule | Link | tuple[Mistake, ...]:
    """Return what a line says, or everything that is wrong with it.

    `line` is neither blank nor a comment; `at` is its first column.
    """
    spoiled = _spoiled(line, at)
    if spoiled is not None:
        return (spoiled,)
    kind, *fields = _fields(line, at)
    form = _FORMS.get(kind.text)
    if form is None:
        known = kind.text.lower()
        instead = f'begin it with "{known}"' if known in _FORMS else 'begin it with "p" or "g"'
        return (Mistake(kind.place, f'"{kind.text}" is no kind of line', instead),)
    wanted = form.count(",")
    if len(fields) != wanted:
        problem = f"a {kind.text} line has {wanted + 1} columns, this one {len(fields) + 1}"
        return (Mistake(at, problem, f'write "{form}"'),)
    mistakes = tuple(_rule_mistakes(*fields) if kind.text == "p" else _link_mistakes(*fields))
    if mistakes:
        return mistakes
    texts = [field.text for field in fields]
    if kind.text == "g":
        return Link(*texts)
    policy, statement, effect, action, resource = texts
    return Rule(policy, statement, Effect(effect), action, resource)


def is_silent(line: str) -> bool:
    """Say whether a line is blank or a comment."""
    return not line.strip(BLANKS) or line.lstrip(BLANKS).startswith(COMMENT)


def spoiling_letter(line: str) -> int | None:
    """Return where a line has a letter that no editor shows, from 0, or None."""
    for offset, letter in enumerate(line):
        if letter != "\t" and not letter.isprintable():
            return offset
    return None


def _spoiled(line: str, at: Place) -> Mistake | None:
    if len(line) > MAX_LINE_LENGTH:
        problem = f"the line has {len(line)} characters, the limit is {MAX_LINE_LENGTH}"
        return Mistake(at, problem, "split what it says over several lines")
    for offset, letter in enumerate(line):
        place = at._replace(column=at.column + offset)
        if not letter.isascii():
            problem = f'the letter "{letter}" (U+{ord(letter):04X}) is not ASCII'
            return Mistake(place, problem, "write the ASCII letter that looks like it")
        if letter == COMMENT:
            return Mistake(
                place,
                "a comment after a line would become part of its last column",
                "move the comment to a line of its own",
            )
        if letter in _FOREIGN:
            problem = f"{_FOREIGN[letter]} do not quote or group anything here"
            return Mistake(place, problem, f"remove {letter}")
    return None


def _fields(line: str, at: Place) -> Iterator[Field]:
    column = at.column
    for part in line.split(","):
        blanks = len(part) - len(part.lstrip(BLANKS))
        yield Field(part.strip(BLANKS), at._replace(column=column + blanks))
        column += len(part) + 1


def _rule_mistakes(
    policy: Field, statement: Field, effect: Field, action: Field, resource: Field
) -> Iterator[Mistake]:
    if (instead := policy_fault(policy.text)) is not None:
        yield Mistake(policy.place, f'"{policy.text}" is no policy', instead)
    if not _STATEMENT.fullmatch(statement.text):
        problem = f'"{statement.text}" is no statement id'
        yield Mistake(statement.place, problem, "use 1 to 64 letters, digits and _.-")
    if effect.text not in list(Effect):
        meant = effect.text.lower()
        instead = f'write "{meant}"' if meant in list(Effect) else 'write "allow" or "deny"'
        yield Mistake(effect.place, f'"{effect.text}" is no effect', instead)
    yield from _action_mistakes(action)
    yield from _spelling_mistakes(resource, canonical_resource)


def _action_mistakes(action: Field) -> Iterator[Mistake]:
    found = tuple(_spelling_mistakes(action, canonical_action))
    yield from found
    if not found and not published(action.text):
        problem = f'"{action.text}" stands for no published action'
        yield Mistake(action.place, problem, "take the names from the action catalogue")


def _link_mistakes(member: Field, holder: Field) -> Iterator[Mistake]:
    if (instead := member_fault(member.text)) is not None:
        yield Mistake(member.place, f'"{member.text}" can hold nothing', instead)
    if (instead := holder_fault(holder.text)) is not None:
        yield Mistake(holder.place, f'"{holder.text}" cannot be held', instead)


def _spelling_mistakes(field: Field, canonical: Callable[[str], str]) -> Iterator[Mistake]:
    try:
        spelling = canonical(field.text)
    except PatternError as error:
        place = field.place._replace(column=field.place.column + (error.offset or 0))
        yield Mistake(place, error.problem, error.instead)
        return
    if spelling != field.text:
        problem = f'"{field.text}" is not the canonical spelling'
        yield Mistake(field.place, problem, f'write "{spelling}"')
