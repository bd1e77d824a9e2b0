"""The short way for the rows most sheets are made of: short values of ordinary characters.

Asking the template about each value, filling it, and measuring the text costs several times what
reading the row does. For ordinary values the answers are known beforehand: nothing in them can be
a link, a bracket or a control character, and a text without surrogate pairs is billed by its
length alone. A property test holds both ways together.
"""

import re
from typing import Final, Self

from domain import template
from domain.errors import Refused
from domain.region import IdentityKind, Region
from domain.segment import Measure, measure
from domain.template import Compiled
from domain.text import length

_JOINT: Final = "\n"
_ORDINARY: Final = r"[0-9A-Za-z\u4e00-\u9fff ,\n-]*+"
_PLAIN: Final = re.compile(rf"{_ORDINARY}(?:(?<=[0-9])\.(?=[0-9]){_ORDINARY})*+")
_FIRST_MARK: Final = 0xE000  # private use: one character each, in no template anybody writes
_MARK: Final = re.compile("([\ue000-\uf8ff])")


class Plain:
    """A Mainland template with its signature, for ordinary values only."""

    def __init__(self, marked: str, identity: IdentityKind) -> None:
        pieces = _MARK.split(marked)
        self._format = "%s".join(piece.replace("%", "%%") for piece in pieces[::2])
        self._slots = [ord(mark) - _FIRST_MARK for mark in pieces[1::2]]
        self._in_order = self._slots == list(range(len(self._slots)))
        self._sizes: dict[int, Measure] = {}
        self._most = (
            template.INDIVIDUAL_VARIABLE_MOST
            if identity is IdentityKind.INDIVIDUAL
            else template.FULL_TEXT_MOST
        )

    @classmethod
    def prepare(
        cls, compiled: Compiled, signature: str | None, identity: IdentityKind
    ) -> Self | None:
        """Prepare a template; None when it has rules of its own (codes) or unusual characters."""
        marks = [chr(_FIRST_MARK + position) for position in range(compiled.variables)]
        blanks = [""] * compiled.variables
        if compiled.is_verification_code:
            return None
        try:
            bare = template.full_text(signature, compiled.render(blanks), Region.MAINLAND)
            marked = template.full_text(signature, compiled.render(marks), Region.MAINLAND)
        except Refused:
            return None
        if _MARK.search(bare) or length(bare) != len(bare):
            return None
        return cls(marked, identity)

    def full_text(self, params: list[str]) -> str | None:
        """Fill the template; None when a value is empty or not ordinary, or the text too long."""
        joined = _JOINT.join(params)
        if len(joined) > self._most or not _PLAIN.fullmatch(joined):
            return None
        if not all(map(str.strip, params)):
            return None
        values = params if self._in_order else [params[slot] for slot in self._slots]
        full = self._format % tuple(values)
        return full if len(full) <= template.FULL_TEXT_MOST else None

    def measure(self, full: str) -> Measure:
        """Measure a text that `full_text` gave."""
        size = self._sizes.get(len(full))
        if size is None:
            size = self._sizes[len(full)] = measure(full, Region.MAINLAND)
        return size
