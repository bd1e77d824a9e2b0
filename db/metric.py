"""What storage measures of itself; the edge publishes it."""

from typing import Final

from prometheus_client import CollectorRegistry, Histogram

REGISTRY: Final = CollectorRegistry()
TRANSACTION: Final = Histogram(
    "sms_console_transaction_seconds",
    "From asking for a write transaction to its commit, the wait for its turn included.",
    registry=REGISTRY,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
