"""The wildcard language of policies: `*` stands for any text, also over `/` and `:`, and for none.

Nothing else is special, and no pattern of an author is ever given to a regular expression engine:
translated to one, six stars already cost a second on sixty characters. Letters are compared
without their ASCII case, as the guide's own examples need (CAM-4); canonical text is ASCII
throughout, so no other letter can fold into it.
"""

from dataclasses import dataclass
from typing import Final, Self

MAX_STARS: Final = 8
"""More than any published policy uses, few enough that one match stays cheap."""

STAR: Final = "*"


def collapse(pattern: str) -> str:
    """Write runs of stars as one: they mean the same."""
    while "**" in pattern:
        pattern = pattern.replace("**", STAR)
    return pattern


@dataclass(frozen=True, slots=True)
class Wildcard:
    """One pattern with stars, cut at them once; `texts` given to it are already in lower case."""

    head: str
    middle: tuple[str, ...]
    tail: str
    shortest: int

    @classmethod
    def of(cls, pattern: str) -> Self:
        """Cut a pattern that has at least one star."""
        head, *middle, tail = pattern.lower().split(STAR)
        inner = tuple(piece for piece in middle if piece)
        return cls(head, inner, tail, len(head) + len(tail) + sum(map(len, inner)))

    def matches(self, text: str) -> bool:
        """Compare the whole of `text`: each piece is taken where it first fits, never again."""
        if (
            len(text) < self.shortest
            or not text.startswith(self.head)
            or not text.endswith(self.tail)
        ):
            return False
        at = len(self.head)
        end = len(text) - len(self.tail)
        for piece in self.middle:
            found = text.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True


def matches(pattern: str, text: str) -> bool:
    """Say whether `pattern` stands for the whole of `text`."""
    if STAR not in pattern:
        return pattern.lower() == text.lower()
    return Wildcard.of(pattern).matches(text.lower())


def cam_match(text: str, pattern: str) -> bool:
    """Be the `camMatch` of model.conf, in the order in which Casbin's own matchers are called."""
    return matches(pattern, text)


def residuals(pattern: str, prefix: str) -> tuple[str, ...]:
    """Return the patterns for what may follow `prefix` in the texts that `pattern` stands for.

    Together they are exact: `prefix + rest` matches `pattern` when and only when `rest` matches one
    of them. Several are needed where a star of the pattern lies inside the prefix.
    """
    pattern, prefix = collapse(pattern.lower()), prefix.lower()
    at = _past_stars(pattern, {0})
    for letter in prefix:
        stepped = {
            position if pattern[position] == STAR else position + 1
            for position in at
            if position < len(pattern) and pattern[position] in (STAR, letter)
        }
        at = _past_stars(pattern, stepped)
    # What follows a star is among what the star itself leaves open.
    wanted = sorted(position for position in at if not _after_star(pattern, position, at))
    return tuple(dict.fromkeys(pattern[position:] for position in wanted))


def _past_stars(pattern: str, positions: set[int]) -> set[int]:
    skipped = {at + 1 for at in positions if pattern[at : at + 1] == STAR}
    return positions | skipped


def _after_star(pattern: str, position: int, positions: set[int]) -> bool:
    return position > 0 and pattern[position - 1] == STAR and position - 1 in positions
