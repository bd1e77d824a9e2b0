"""Which applications a set of resource patterns can tell apart, worked out exactly.

Two applications that the same patterns stand for are decided alike, so a rule set that can name
endless many resources has only as many different decisions as there are such classes. They are
found by walking all patterns at once as one automaton over the names an application can have.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from policies.pattern import MAX_APP_ID_DIGITS, application
from policies.wildcard import STAR, collapse

MAX_STATES: Final = 100_000
"""Automaton states walked before giving up, a second or two: some ten thousand AppIDs."""

State = tuple[int, int]

_NOWHERE: Final = 0
_ROOT: Final = 1
_DIGITS: Final = "0123456789"
_GUIDE_UIN: Final = "12345678"
_UIN: Final = re.compile(r":uin/([0-9]{1,20}):")
# AppIDs count upwards from 1400000000 (APP-1), so examples are taken from there where possible.
_USUAL_START: Final = "14"
_USUAL_REST: Final = 8


class TooComplexError(Exception):
    """The patterns tell more classes apart than are looked at; the message is for an author."""


@dataclass(frozen=True, slots=True)
class ResourceClass:
    """All resources that exactly these patterns stand for; bit i of `matched` is pattern i."""

    example: str
    matched: int


def application_classes(
    patterns: Sequence[str], owner_uin: str | None = None
) -> tuple[ResourceClass, ...]:
    """Find the classes of the applications of `owner_uin`, or of every account.

    `patterns` are canonical resources. Raises TooComplexError.
    """
    automaton = _Automaton(patterns)
    starts: dict[State, str] = {}
    for uin in _usual_owners(patterns) if owner_uin is None else (owner_uin,):
        name = application(uin, "")
        starts.setdefault(automaton.walk(automaton.start, name), name)
    if owner_uin is None:
        head, _, tail = application(STAR, "").partition(STAR)
        begun = {automaton.walk(automaton.start, head): head}
        for state, name in _digits(automaton, begun):
            starts.setdefault(automaton.walk(state, tail), name + tail)
    found: dict[int, str] = {}
    usual = {automaton.walk(state, _USUAL_START): name for state, name in starts.items()}
    usual = {state: name + _USUAL_START for state, name in usual.items()}
    for state, name in _digits_exactly(automaton, usual, _USUAL_REST):
        found.setdefault(automaton.matched(state), name)
    for state, name in _digits(automaton, starts):
        found.setdefault(automaton.matched(state), name)
    return tuple(ResourceClass(name, matched) for matched, name in found.items())


def _usual_owners(patterns: Iterable[str]) -> list[str]:
    named = dict.fromkeys(uin for pattern in patterns for uin in _UIN.findall(pattern))
    return [*named, _GUIDE_UIN]


def _digits(automaton: "_Automaton", starts: dict[State, str]) -> Iterator[tuple[State, str]]:
    """Walk from `starts` over every number of at most MAX_APP_ID_DIGITS digits."""
    seen: set[State] = set()
    layer = starts
    for _ in range(MAX_APP_ID_DIGITS):
        following: dict[State, str] = {}
        for state, name in layer.items():
            for digit in automaton.digits(state):
                reached = automaton.step(state, digit)
                if reached not in seen:
                    seen.add(reached)
                    following[reached] = name + digit
        automaton.spend(len(following))
        yield from following.items()
        layer = following


def _digits_exactly(
    automaton: "_Automaton", starts: dict[State, str], count: int
) -> Iterator[tuple[State, str]]:
    layer = starts
    for _ in range(count):
        following: dict[State, str] = {}
        for state, name in layer.items():
            for digit in automaton.digits(state):
                following.setdefault(automaton.step(state, digit), name + digit)
        automaton.spend(len(following))
        layer = following
    return iter(layer.items())


class _Automaton:
    """All patterns side by side, as one integer and one place in a tree.

    Patterns with stars have one bit for each count of letters they have consumed: a letter moves a
    bit up where the pattern has that letter next, and leaves it where it has a star (the Shift-And
    way of matching). Patterns without stars, often thousands of AppIDs, share a tree of letters.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self.loops = 0
        self.moves: dict[str, int] = {}
        self.ends: dict[int, int] = {}
        self.tree: list[dict[str, int]] = [{}, {}]
        self.leaves: dict[int, int] = {}
        self.spent = 0
        started = 0
        bit = 1
        for position, pattern in enumerate(patterns):
            if STAR not in pattern:
                self._plant(pattern.lower(), 1 << position)
                continue
            started |= bit
            for letter in collapse(pattern.lower()):
                if letter == STAR:
                    self.loops |= bit
                else:
                    self.moves[letter] = self.moves.get(letter, 0) | bit
                    bit <<= 1
            self.ends[bit] = 1 << position
            bit <<= 1
        self.start: State = (started, _ROOT)
        self.all_ends = sum(self.ends)
        alike = {self.moves.get(digit, 0): digit for digit in reversed(_DIGITS)}
        self.unlike = "".join(sorted(alike.values()))

    def _plant(self, text: str, position: int) -> None:
        at = _ROOT
        for letter in text:
            if letter not in self.tree[at]:
                self.tree[at][letter] = len(self.tree)
                self.tree.append({})
            at = self.tree[at][letter]
        self.leaves[at] = self.leaves.get(at, 0) | position

    def digits(self, state: State) -> str:
        """Give the digits that lead on in different ways; the others go the way of one of them."""
        return _DIGITS if self.tree[state[1]] else self.unlike

    def step(self, state: State, letter: str) -> State:
        wild, at = state
        moved = (wild & self.moves.get(letter, 0)) << 1 | wild & self.loops
        return moved, self.tree[at].get(letter, _NOWHERE)

    def walk(self, state: State, text: str) -> State:
        for letter in text:
            state = self.step(state, letter)
        return state

    def matched(self, state: State) -> int:
        """Give the patterns that end in `state`, as bits by their position."""
        found = self.leaves.get(state[1], 0)
        ended = state[0] & self.all_ends
        while ended:
            lowest = ended & -ended
            found |= self.ends[lowest]
            ended ^= lowest
        return found

    def spend(self, states: int) -> None:
        self.spent += states
        if self.spent > MAX_STATES:
            raise TooComplexError(
                f"the resource patterns tell more than {MAX_STATES} cases apart:"
                " use fewer stars inside a pattern, or fewer applications"
            )
