"""Records of messages: what is said of one beside its figures (STA-2)."""

from typing import Final

from domain import outcome
from domain.message import MessageStatus

_S: Final = MessageStatus
FAILURES: Final = frozenset({_S.FAILED, _S.REFUSED})
"""States of messages that have no initiation, answering and end time (the guide, STA-2)."""
_ANSWERS: Final = {
    _S.UNKNOWN: "the carrier has not answered",
    _S.SUBMITTED: "the carrier took it; its receipt is awaited",
    _S.DELIVERED: "a receipt says it arrived",
    _S.EXPIRED: "the carrier took it; no receipt came in time",
}


def remarks(state: MessageStatus, code: str | None) -> str:
    """Give the answering status of a message that was sent, and of another why it failed."""
    if state in FAILURES:
        return outcome.lookup(code).reason if code else "no cause was given"
    return _ANSWERS.get(state, "")
