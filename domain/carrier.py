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


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to submit: `phone` in E.164, `text` whole, with its signature (submit_sm)."""

    message_id: int
    phone: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a carrier said of one message; `reference` comes with ACCEPTED, `code` with REFUSED."""

    message_id: int
    verdict: Verdict
    reference: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A final receipt (deliver_sm with a delivery receipt); `at` is the carrier's done time."""

    reference: str
    delivered: bool
    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """A recipient's answer (MO) to the message the carrier knows as `reference`."""

    reference: str
    phone: str
    text: str
    at: datetime
