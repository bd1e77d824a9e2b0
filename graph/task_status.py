"""The states of a bulk task, as the schema shows them."""

from domain.task import TaskStatus, UnknownPolicy
from graph.enums import publish

__all__ = ["TaskStatus", "UnknownPolicy"]

publish(
    TaskStatus,
    name="BulkTaskStatus",
    description="Where a bulk task stands.",
    values={
        "DRAFT": "It waits for recipients; `problem` says why those given were not taken.",
        "CHECKING": "Its recipients are being checked; `progress` tells how far that is.",
        "READY": "Its recipients are checked: review the fee, consent, send.",
        "SCHEDULED": "It is paid for and begins at its time.",
        "SENDING": "It sends; `progress` tells how far that is.",
        "STOPPED": "A user stopped it; what was not submitted by then is not sent.",
        "CANCELLED": "A user gave it up before it began.",
        "SENT": "Every recipient's message was submitted or refused.",
        "FAILED": "It could not go on; `problem` says why.",
    },
)

publish(
    UnknownPolicy,
    name="UnknownMessages",
    description="What becomes of messages that were sent to a carrier and never answered, because "
    "a connection or a process ended.",
    values={
        "RESEND": "They are sent again at once; some of their recipients may get them twice.",
        "WAIT": "They wait for a receipt and are never sent twice; those that were lost on the "
        "way stay unsent, and end as expired.",
    },
)
