"""Reading one line of a policy file.

Casbin's own file adapter skips what it does not know and keeps what it half understands, and each
such line is a deny that silently does not count. So a line is either exactly one of the two kinds,
in canonical spelling, or it is a mistake.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from policies.consolesms import preset_actions
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
_WRITABLE: Final = {"\t", *map(chr, range(ord(" "), ord("~") + 1))} - {COMMENT, *_FOREIGN}
_SPOILING: Final = re.compile(f"[^{re.escape(''.join(sorted(_WRITABLE)))}]")


class Fault(NamedTuple):
    """What is wrong `offset` letters into a column of the line, columns counted from 0."""

    column: int
    offset: int
    problem: str
    instead: str


def read_line(
    line: str, at: Place, *, is_preset: bool = False
) -> Rule | Link | tuple[Mistake, ...]:
    """Return what a line says, or everything that is wrong with it.

    `line` is neither blank nor a comment; `at` is where it begins. Presets alone may still name
    actions of `consolesms`, which work as those of `sms` (CAM-8).
    """
    spoiled = _spoiled(line, at)
    if spoiled is not None:
        return (spoiled,)
    kind, *texts = [part.strip(BLANKS) for part in line.split(",")]
    form = _FORMS.get(kind)
    if form is None:
        meant = kind.lower()
        instead = f'begin it with "{meant}"' if meant in _FORMS else 'begin it with "p" or "g"'
        return (Mistake(_place(line, at, 0), f'"{kind}" is no kind of line', instead),)
    wanted = form.count(",")
    if len(texts) != wanted:
        problem = f"a {kind} line has {wanted + 1} columns, this one {len(texts) + 1}"
        return (Mistake(at, problem, f'write "{form}"'),)
    faults = tuple(
        _link_faults(*texts) if kind == "g" else _rule_faults(*texts, is_preset=is_preset)
    )
    if faults:
        return tuple(
            Mistake(_place(line, at, fault.column, fault.offset), fault.problem, fault.instead)
            for fault in faults
        )
    if kind == "g":
        return Link(*texts)
    policy, statement, effect, action, resource = texts
    return Rule(policy, statement, Effect(effect), action, resource)


def is_silent(line: str) -> bool:
    """Say whether a line is blank or a comment."""
    return line.lstrip(BLANKS)[:1] in {"", COMMENT}


def hidden_letter(line: str, at: Place) -> Mistake | None:
    """Find a letter that no editor shows; in a comment it could hide where the comment ends."""
    if line.replace("\t", " ").isprintable():
        return None
    return next(
        _invisible(letter, at._replace(column=at.column + offset))
        for offset, letter in enumerate(line)
        if letter != "\t" and not letter.isprintable()
    )


def _invisible(letter: str, place: Place) -> Mistake:
    return Mistake(place, f"the letter U+{ord(letter):04X} does not show", "remove it")


def _spoiled(line: str, at: Place) -> Mistake | None:
    if len(line) > MAX_LINE_LENGTH:
        problem = f"the line has {len(line)} characters, the limit is {MAX_LINE_LENGTH}"
        return Mistake(at, problem, "split what it says over several lines")
    found = _SPOILING.search(line)
    if found is None:
        return None
    letter, place = found[0], at._replace(column=at.column + found.start())
    if letter == COMMENT:
        return Mistake(
            place,
            "a comment after a line would become part of its last column",
            "move the comment to a line of its own",
        )
    if letter in _FOREIGN:
        problem = f"{_FOREIGN[letter]} do not quote or group anything here"
        return Mistake(place, problem, f"remove {letter}")
    if not letter.isprintable():
        return _invisible(letter, place)
    problem = f'the letter "{letter}" (U+{ord(letter):04X}) is not ASCII'
    return Mistake(place, problem, "write the ASCII letter that looks like it")


def _place(line: str, at: Place, column: int, offset: int = 0) -> Place:
    parts = line.split(",")
    before = sum(len(part) + 1 for part in parts[:column])
    blanks = len(parts[column]) - len(parts[column].lstrip(BLANKS))
    return at._replace(column=at.column + before + blanks + offset)


def _rule_faults(  # noqa: PLR0913 - the columns of a line, and where it stands
    policy: str, statement: str, effect: str, action: str, resource: str, *, is_preset: bool
) -> Iterator[Fault]:
    if (instead := policy_fault(policy)) is not None:
        yield Fault(1, 0, f'"{policy}" is no policy', instead)
    if not _STATEMENT.fullmatch(statement):
        problem = f'"{statement}" is no statement id'
        yield Fault(2, 0, problem, "use 1 to 64 letters, digits and _.-")
    if effect not in _EFFECTS:
        meant = effect.lower()
        instead = f'write "{meant}"' if meant in _EFFECTS else 'write "allow" or "deny"'
        yield Fault(3, 0, f'"{effect}" is no effect', instead)
    if not (is_preset and preset_actions(action)):
        yield from _action_faults(4, action)
    yield from _spelling_faults(5, resource, canonical_resource)


def _action_faults(column: int, action: str) -> Iterator[Fault]:
    found = tuple(_spelling_faults(column, action, canonical_action))
    yield from found
    if not found and not published(action):
        problem = f'"{action}" stands for no published action'
        yield Fault(column, 0, problem, "take the names from the action catalogue")


def _link_faults(member: str, holder: str) -> Iterator[Fault]:
    if (instead := member_fault(member)) is not None:
        yield Fault(1, 0, f'"{member}" can hold nothing', instead)
    if (instead := holder_fault(holder)) is not None:
        yield Fault(2, 0, f'"{holder}" cannot be held', instead)


def _spelling_faults(column: int, text: str, canonical: Callable[[str], str]) -> Iterator[Fault]:
    try:
        spelling = canonical(text)
    except PatternError as error:
        yield Fault(column, error.offset or 0, error.problem, error.instead)
        return
    if spelling != text:
        problem = f'"{text}" is not the canonical spelling'
        yield Fault(column, 0, problem, f'write "{spelling}"')
