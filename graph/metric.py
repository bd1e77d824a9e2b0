"""What the schema measures of itself; the edge publishes it."""

from typing import Final

from prometheus_client import CollectorRegistry, Histogram

REGISTRY: Final = CollectorRegistry()
DECISION: Final = Histogram(
    "sms_console_decision_seconds",
    "Deciding whether a caller may use a root field, with reading what its policies are.",
    registry=REGISTRY,
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5),
)
