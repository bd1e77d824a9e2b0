"""What recipients of bulk tasks sending will leave out, remembered while nothing changes it.

Counting them reads every message of a task, seconds for a million, and a review page asks again
and again. What decides is the task's recipients and the entries that are in force for it; as long
as both stay, so does the answer.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

REMEMBERED: Final = 1_000

Counts = tuple[int, int]
"""Recipients on the blocklist, and unsubscribed ones."""


class SkipMemory:
    """The last answers, one a task; the process's requests share it."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, tuple[Hashable, Counts]] = OrderedDict()

    def recall(self, task_id: int, state: Hashable) -> Counts | None:
        """Give the answer for a task in this very state."""
        known = self._known.get(task_id)
        if known is None or known[0] != state:
            return None
        self._known.move_to_end(task_id)
        return known[1]

    def keep(self, task_id: int, state: Hashable, counts: Counts) -> None:
        """Remember an answer, and forget the one asked for longest ago when there are too many."""
        self._known[task_id] = (state, counts)
        self._known.move_to_end(task_id)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
