"""What delivery counts; the edge publishes it.

The labels are names of carriers and words of this code, so that there are never many.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter

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
