"""Reading policy files strictly: everything that stock Casbin would skip or misread is refused.

All mistakes are reported at once, with file, line and column. Either every file is right and the
result is complete, or nothing is taken over.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import Final

from policies.consolesms import preset_actions
from policies.line import hidden_letter, is_silent, read_line
from policies.mistake import Mistake, Place, PolicyFileError
from policies.rule import Effect, Link, Rule

MAX_FILES: Final = 200
MAX_FILE_BYTES: Final = 4_194_304
MAX_MISTAKES: Final = 50
"""Of one file; a file in a wrong encoding would otherwise report every line."""

MAX_DEPTH: Final = 8
"""Links between a caller and a policy. Stock Casbin silently stops at ten, and the groups of an
account take two of them."""

PRESETS: Final = "presets/"
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
Line = Rule | Link


@dataclass(frozen=True, slots=True)
class PolicyFiles:
    """What a set of files says. `digest` is the SHA-256 of their names and contents, in hex."""

    rules: tuple[Rule, ...]
    links: tuple[Link, ...]
    places: Mapping[Line, Place]
    digest: str


def read_files(sources: Mapping[str, bytes]) -> PolicyFiles:
    """Read the files `sources`, by the name to report; PolicyFileError lists every mistake."""
    mistakes: list[Mistake] = []
    places: dict[Line, Place] = {}
    if len(sources) > MAX_FILES:
        at = Place(sorted(sources)[MAX_FILES], 1, 1)
        problem = f"there are {len(sources)} policy files, the limit is {MAX_FILES}"
        raise PolicyFileError([Mistake(at, problem, "put several policies into one file")])
    for name in sorted(sources):
        mistakes.extend(_bounded(_read_file(name, sources[name], places)))
    if not mistakes:
        mistakes.extend(_bounded(_across_lines(places)))
    if mistakes:
        raise PolicyFileError(mistakes)
    return PolicyFiles(
        rules=tuple(line for line in places if isinstance(line, Rule)),
        links=tuple(line for line in places if isinstance(line, Link)),
        places=MappingProxyType(places),
        digest=digest_of(sources),
    )


def digest_of(sources: Mapping[str, bytes]) -> str:
    """Return the SHA-256 of names and contents, which tells one state of the files from another."""
    total = hashlib.sha256()
    for name in sorted(sources):
        for part in (name.encode(), sources[name]):
            total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()


def _bounded(found: Iterator[Mistake]) -> Iterator[Mistake]:
    for count, mistake in enumerate(found, start=1):
        yield mistake
        if count == MAX_MISTAKES:
            return


def _read_file(name: str, content: bytes, places: dict[Line, Place]) -> Iterator[Mistake]:
    start = Place(name, 1, 1)
    if len(content) > MAX_FILE_BYTES:
        problem = f"the file has {len(content)} bytes, the limit is {MAX_FILE_BYTES}"
        yield Mistake(start, problem, "split it into several files")
        return
    if content.startswith(BYTE_ORDER_MARK):
        problem = "the file begins with a byte order mark, which hides its first line"
        yield Mistake(start, problem, 'save it as "UTF-8" without one')
        return
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode()
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        yield Mistake(Place(name, line, column), "the file is not UTF-8", 'save it as "UTF-8"')
        return
    for number, written in enumerate(text.split("\n"), start=1):
        yield from _take_line(written.removesuffix("\r"), Place(name, number, 1), places)


def _take_line(text: str, at: Place, places: dict[Line, Place]) -> Iterator[Mistake]:
    if is_silent(text):
        hidden = hidden_letter(text, at)
        if hidden is not None:
            yield hidden
        return
    line = read_line(text, at, is_preset=at.file.startswith(PRESETS))
    if isinstance(line, tuple):
        yield from line
        return
    legacy = preset_actions(line.action) if isinstance(line, Rule) else ()
    if isinstance(line, Rule) and legacy:
        for action in legacy:
            places.setdefault(replace(line, action=action), at)
        return
    first = places.setdefault(line, at)
    if first is not at:
        yield Mistake(at, f"the line is already at {first}", "remove one of the two")


def _across_lines(places: Mapping[Line, Place]) -> Iterator[Mistake]:
    homes: dict[str, Place] = {}
    effects: dict[tuple[str, str], tuple[Effect, Place]] = {}
    for line, place in places.items():
        if not isinstance(line, Rule):
            continue
        home = homes.setdefault(line.policy, place)
        if home.file != place.file:
            problem = f'"{line.policy}" is defined in {home.file}'
            yield Mistake(place, problem, "define it in one file, or give this one another name")
        effect, first = effects.setdefault((line.policy, line.statement), (line.effect, place))
        if effect is not line.effect:
            problem = f'statement "{line.statement}" says {effect} at {first}'
            yield Mistake(place, problem, "give this line a statement id of its own")
    for line, place in places.items():
        if isinstance(line, Link) and _is_undefined(line.holder, homes):
            problem = f'"{line.holder}" is defined in no file'
            yield Mistake(place, problem, "mend the name, or write its p lines")
    yield from _far_links({line: at for line, at in places.items() if isinstance(line, Link)})


def _is_undefined(holder: str, homes: Mapping[str, Place]) -> bool:
    return holder.startswith("policy:") and holder not in homes


def _far_links(links: Mapping[Link, Place]) -> Iterator[Mistake]:
    # Only groups can be held and hold in turn; most links are of users and need no order.
    held: dict[str, set[str]] = {}
    for link in links:
        if link.member.startswith("group:"):
            held.setdefault(link.member, set()).add(link.holder)
    try:
        order = tuple(TopologicalSorter(held).static_order())
    except CycleError as error:
        circle: list[str] = error.args[1]
        place = links[Link(member=circle[1], holder=circle[0])]
        problem = f"the links {' <- '.join(circle)} go round in a circle"
        yield Mistake(place, problem, "remove one of them")
        return
    depth: dict[str, int] = {}
    for name in order:
        depth[name] = max((depth[holder] + 1 for holder in held.get(name, ())), default=0)
    for link, place in links.items():
        away = depth.get(link.holder, 0) + 1
        if away > MAX_DEPTH:
            problem = f'"{link.member}" is {away} links away from what it holds'
            yield Mistake(place, problem, f"use at most {MAX_DEPTH} links")
