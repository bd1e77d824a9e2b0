"""What is wrong in a policy file, and where."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Place(NamedTuple):
    """A place in a policy file; lines and columns count from 1, in characters."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """Write it the way editors jump to."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to mend: what is wrong, and what to write instead ("" where that is said)."""

    place: Place
    problem: str
    instead: str

    def __str__(self) -> str:
        """Print one line that an author can act on."""
        said = f"{self.place}: {self.problem}"
        return f"{said}; {self.instead}" if self.instead else said


class PolicyFileError(ValueError):
    """Policy files are refused, for the reasons in `mistakes` (at least one, in reading order)."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        first, *others = self.mistakes
        super().__init__(f"{first} (and {len(others)} more)" if others else str(first))
