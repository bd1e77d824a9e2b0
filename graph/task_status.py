"""The states of a bulk task, as the schema shows them."""

from domain.task import TaskStatus
from graph.enums import publish

__all__ = ["TaskStatus"]

publish(
    TaskStatus,
    name="BulkTaskStatus",
    description="Where a bulk task stands.",
    values={
        "DRAFT": "It waits for recipients; `problem` says why an uploaded file was not taken.",
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
