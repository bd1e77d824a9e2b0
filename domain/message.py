"""Messages: the states one recipient's text goes through, from the queue to the receipt (BLK-8)."""

from enum import StrEnum
from typing import Final

from domain.state import advance


class MessageStatus(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    """It waits to be submitted."""
    WAITING = "waiting"
    """It is queued for one carrier, which has no room or no connection now."""
    CLAIMED = "claimed"
    """A worker holds it and may be submitting it."""
    UNKNOWN = "unknown"
    """It was sent to the carrier, and whether the carrier took it was never heard."""
    SUBMITTED = "submitted"
    """The carrier took it; the receipt is awaited."""
    DELIVERED = "delivered"
    """A receipt says it arrived."""
    FAILED = "failed"
    """A receipt says it did not arrive."""
    EXPIRED = "expired"
    """No receipt came in the time receipts are waited for."""
    REFUSED = "refused"
    """A rule or the carrier turned it down; it was not sent."""
    CANCELLED = "cancelled"
    """Its task was stopped before it was submitted."""

    @property
    def is_final(self) -> bool:
        """Nothing changes a final state."""
        return self in FINAL


class MessageEvent(StrEnum):
    """What moves a message."""

    CLAIM = "claim"
    """A worker takes it from the queue."""
    PARK = "park"
    """The carrier its route names takes nothing now."""
    REROUTE = "reroute"
    """Routes or carriers changed: another carrier may take it."""
    RELEASE = "release"
    """The worker gives it back, certain that the carrier has not got it."""
    ACCEPT = "accept"
    """The carrier answers that it took the message."""
    REFUSE = "refuse"
    """A rule or the carrier's answer turns it down."""
    LOSE = "lose"
    """The connection or the worker died between sending and answer."""
    RESEND = "resend"
    """The task's policy, or the carrier when asked, says to send an unknown one again."""
    DELIVER = "deliver"
    """A receipt reports success."""
    FAIL = "fail"
    """A receipt reports failure."""
    EXPIRE = "expire"
    """The time to wait for a receipt is over."""
    CANCEL = "cancel"
    """Its task was stopped."""


_RECEIPTS: Final = {
    MessageEvent.DELIVER: MessageStatus.DELIVERED,
    MessageEvent.FAIL: MessageStatus.FAILED,
}
_S, _E = MessageStatus, MessageEvent
# A receipt may overtake the carrier's answer, and may come for a message that was given back or
# never answered: it is proof wherever the message stands.
TRANSITIONS: Final = {
    (_S.QUEUED, _E.CLAIM): _S.CLAIMED,
    (_S.QUEUED, _E.REFUSE): _S.REFUSED,
    (_S.QUEUED, _E.CANCEL): _S.CANCELLED,
    (_S.QUEUED, _E.PARK): _S.WAITING,
    (_S.WAITING, _E.PARK): _S.WAITING,
    (_S.WAITING, _E.CLAIM): _S.CLAIMED,
    (_S.WAITING, _E.REROUTE): _S.QUEUED,
    (_S.WAITING, _E.REFUSE): _S.REFUSED,
    (_S.WAITING, _E.CANCEL): _S.CANCELLED,
    (_S.CLAIMED, _E.RELEASE): _S.QUEUED,
    (_S.CLAIMED, _E.ACCEPT): _S.SUBMITTED,
    (_S.CLAIMED, _E.REFUSE): _S.REFUSED,
    (_S.CLAIMED, _E.LOSE): _S.UNKNOWN,
    (_S.CLAIMED, _E.CANCEL): _S.CANCELLED,
    (_S.UNKNOWN, _E.ACCEPT): _S.SUBMITTED,
    (_S.UNKNOWN, _E.REFUSE): _S.REFUSED,
    (_S.UNKNOWN, _E.RESEND): _S.QUEUED,
    (_S.UNKNOWN, _E.EXPIRE): _S.EXPIRED,
    (_S.SUBMITTED, _E.EXPIRE): _S.EXPIRED,
    **{
        (current, receipt): outcome
        for current in (_S.QUEUED, _S.WAITING, _S.CLAIMED, _S.UNKNOWN, _S.SUBMITTED)
        for receipt, outcome in _RECEIPTS.items()
    },
}
FINAL: Final = frozenset(_S) - {current for current, _ in TRANSITIONS}
# Carriers repeat receipts, and answers arrive after what they announce.
_HEARSAY: Final = frozenset({_E.ACCEPT, _E.DELIVER, _E.FAIL, _E.EXPIRE})


def step(current: MessageStatus, event: MessageEvent) -> MessageStatus:
    """Return the state after an event; raise Refused (WRONG_STATE) for an illegal one.

    What a carrier says of a message in a final state changes nothing: the first receipt stands.
    """
    if current in FINAL and event in _HEARSAY:
        return current
    if current is MessageStatus.SUBMITTED and event is MessageEvent.ACCEPT:
        return current
    return advance("message", TRANSITIONS, current, event)
