"""Messages of several parts: what the receipts of the parts come to (STA-1)."""

from collections.abc import Iterable

from domain.message import MessageEvent


def fate(parts: Iterable[bool | None]) -> MessageEvent | None:
    """Say what becomes of a message whose parts were delivered, failed or, None, not heard of.

    It fails with its first part that fails, and is delivered with the last that is delivered: a
    handset shows nothing before. None while neither is the case.
    """
    heard = tuple(parts)
    if False in heard:
        return MessageEvent.FAIL
    return None if None in heard else MessageEvent.DELIVER
