"""The end of a process, from the signal on: balancers are told first, then work is let go."""

from collections.abc import Callable


class Ending:
    """Whether this process was told to end, and who has to know at once."""

    def __init__(self) -> None:
        self._begun = False
        self._calls: list[Callable[[], None]] = []

    @property
    def begun(self) -> bool:
        """Whether it was told."""
        return self._begun

    def on_begin(self, call: Callable[[], None]) -> None:
        """Call something as soon as the end begins."""
        self._calls.append(call)

    def begin(self) -> None:
        """End: once, however often it is asked for."""
        if not self._begun:
            self._begun = True
            for call in self._calls:
                call()
