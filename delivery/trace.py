"""Spans around what takes time: nothing at all until the edge has a place to send them to.

A span's attributes are numbers and words of this code. No phone number, no content, no name that
a person gave, and no text of an exception, which may quote any of them.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final, Protocol

Value = str | int


class Span(Protocol):
    """What goes on, while it does."""

    def set_attribute(self, key: str, value: Value) -> None:
        """Add what is known only now."""


class _NoSpan:
    def set_attribute(self, key: str, value: Value) -> None:
        """Forget it."""


Start = Callable[[str, dict[str, Value]], AbstractContextManager[Span]]
_NOTHING: Final = nullcontext(_NoSpan())
_start: list[Start] = []


def span(name: str, **attributes: Value) -> AbstractContextManager[Span]:
    """Open a span for a `with` block; one that is opened within another is its child."""
    return _start[0](name, attributes) if _start else _NOTHING


@contextmanager
def sent_by(start: Start) -> Iterator[None]:
    """Let `start` open every span of this process while the block lasts."""
    _start.append(start)
    try:
        yield
    finally:
        _start.remove(start)
