"""The states of a message, as the schema shows them."""

from domain.message import MessageStatus
from graph.enums import publish

__all__ = ["MessageStatus"]

publish(
    MessageStatus,
    name="MessageStatus",
    description="Where one message stands.",
    values={
        "QUEUED": "It waits to be submitted.",
        "CLAIMED": "A worker is submitting it.",
        "UNKNOWN": "It was sent to the carrier, which has not answered.",
        "SUBMITTED": "The carrier took it; its receipt is awaited.",
        "DELIVERED": "A receipt says it arrived.",
        "FAILED": "A receipt says it did not arrive.",
        "EXPIRED": "No receipt came in the time they are waited for.",
        "REFUSED": "A rule or the carrier turned it down; it was not sent.",
        "CANCELLED": "Its task was stopped or cancelled before it was submitted.",
    },
    hidden={"WAITING"},  # shown as queued
)
