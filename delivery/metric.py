"""What delivery counts; the edge publishes it.

The labels are names of carriers and words of this code, so that there are never many.
"""

from collections import Counter as Counting
from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter

from domain.carrier import Answer, Receipt, Reply

REGISTRY: Final = CollectorRegistry()
SUBMITTED: Final = Counter(
    "sms_console_submitted",
    "Messages a carrier was asked to take, by its answer.",
    ["carrier", "answer"],
    registry=REGISTRY,
)
REFUSED: Final = Counter(
    "sms_console_refused",
    "Messages that a rule refused before any carrier was asked.",
    registry=REGISTRY,
)
RECEIPTS: Final = Counter(
    "sms_console_receipts",
    "Delivery receipts that carriers brought, repeated ones included.",
    ["carrier", "outcome"],
    registry=REGISTRY,
)
REPLIES: Final = Counter(
    "sms_console_replies",
    "Replies of recipients that carriers brought.",
    ["carrier"],
    registry=REGISTRY,
)
SHORT_URL_REQUESTS: Final = Counter(
    "sms_console_short_url_requests",
    "Requests for short URLs, by what they were answered; `busy` asks to come again.",
    ["answer"],
    registry=REGISTRY,
)


def answered(carrier: str, answers: Sequence[Answer]) -> None:
    """Count what a carrier said to messages it was asked to take."""
    for verdict, number in Counting(answer.verdict for answer in answers).items():
        SUBMITTED.labels(carrier, verdict.value).inc(number)


def brought(carrier: str, receipts: Sequence[Receipt], replies: Sequence[Reply]) -> None:
    """Count what a carrier brought, once it is committed."""
    for delivered, number in Counting(receipt.delivered for receipt in receipts).items():
        RECEIPTS.labels(carrier, "delivered" if delivered else "failed").inc(number)
    if replies:
        REPLIES.labels(carrier).inc(len(replies))
