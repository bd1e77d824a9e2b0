"""What carriers have answered and nobody has written down yet."""

from collections.abc import Mapping, Sequence

from domain.carrier import Answer, Receipt, Verdict

Answered = Mapping[str, Sequence[Answer]]
"""Answers by the names of their carriers."""


class Answers:
    """Answers that wait to be written down, each for one turn more than it has to at most.

    The receipt of a message often follows its answer at once: both are one write when the answer
    waits for it.
    """

    def __init__(self) -> None:
        self._fresh: dict[str, list[Answer]] = {}
        self._left: dict[str, list[Answer]] = {}

    def __len__(self) -> int:
        return self.fresh + _size(self._left)

    @property
    def fresh(self) -> int:
        """How many may be left to a later turn."""
        return _size(self._fresh)

    def add(self, carrier: str, answers: Sequence[Answer]) -> None:
        """Keep what a carrier answered."""
        self._fresh.setdefault(carrier, []).extend(answers)

    def take(self) -> Answered:
        """Give all of them."""
        taken, self._left = self._left, {}
        fresh, self._fresh = self._fresh, {}
        for carrier, answers in fresh.items():
            taken.setdefault(carrier, []).extend(answers)
        return taken

    def take_due(self, receipts: Mapping[str, Sequence[Receipt]]) -> Answered:
        """Give those whose receipt is here or never comes, and those that were left once."""
        fresh = self._fresh
        taken, self._left, self._fresh = self._left, {}, {}
        for carrier, answers in fresh.items():
            known = {receipt.reference for receipt in receipts.get(carrier, ())}
            due = taken.setdefault(carrier, [])
            left = self._left.setdefault(carrier, [])
            for one in answers:
                waits = one.verdict is Verdict.ACCEPTED and known.isdisjoint(one.references)
                (left if waits else due).append(one)
        return taken

    def give_back(self, taken: Answered) -> None:
        """Keep what was taken and could not be written down, in front of what came since."""
        for carrier, answers in taken.items():
            self._left[carrier] = [*answers, *self._left.get(carrier, ())]


def _size(answers: Answered) -> int:
    return sum(map(len, answers.values()))
