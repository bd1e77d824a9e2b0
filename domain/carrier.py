"""What passes between the console and a carrier; SMPP calls it what stands in brackets."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """A carrier's answer to one submission."""

    ACCEPTED = "accepted"
    """The carrier has it and will send a receipt (submit_sm_resp with ESME_ROK)."""
    REFUSED = "refused"
    """The carrier will never take it (an error of the message, such as ESME_RINVDSTADR)."""
    THROTTLED = "throttled"
    """Too fast: the same message may be submitted again (ESME_RTHROTTLED, ESME_RMSGQFUL)."""
    UNAVAILABLE = "unavailable"
    """The message certainly never reached the carrier: it may be submitted again (no bind)."""
    UNKNOWN = "unknown"
    """It was sent, and the connection ended or time ran out before the carrier answered."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to submit: `phone` in E.164, `text` whole, with its signature (submit_sm).

    `segments` is what it is billed as; a carrier's throughput limit counts the parts it makes.
    `sender_id` is what a program asked it to be sent from, empty for the carrier's own.
    """

    message_id: int
    phone: str
    text: str
    segments: int = 1
    sender_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a carrier said of one message.

    `references` are the carrier's ids of its parts, in their order: all of them with ACCEPTED, and
    with UNKNOWN those that were heard of before the connection ended. `code` comes with REFUSED.
    """

    message_id: int
    verdict: Verdict
    references: tuple[str, ...] = ()
    code: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A final receipt of one part (deliver_sm with a delivery receipt).

    `at` is the carrier's done time. `phone` is whom it is about in E.164, empty when it is not
    said: what was never answered is recognized by it.
    """

    reference: str
    delivered: bool
    code: str
    at: datetime
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A recipient's message to us (MO), whole.

    `reference` is the carrier's id of the message it answers, where the carrier says so; over SMPP
    it does not, and the last message to `phone` is the one that is answered. `sender_id` is the
    number or name it was sent to.
    """

    phone: str
    text: str
    at: datetime
    reference: str = ""
    sender_id: str = ""
