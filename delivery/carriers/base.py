"""What a carrier is to the rest of delivery."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.carrier import Answer, Outgoing, Receipt, Reply


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a carrier has to tell: receipts, then replies."""

    receipts: Sequence[Receipt] = ()
    replies: Sequence[Reply] = ()


class Sink(Protocol):
    """Where a carrier brings receipts and replies."""

    async def __call__(self, carrier: str, inbound: Inbound, /) -> frozenset[str]:
        """Return once everything is committed; the carrier acknowledges no earlier.

        Gives the references that no message has: not committed, and to be brought again later,
        because a receipt may overtake the answer to the submission. Raises when nothing was kept.
        """


class Carrier(Protocol):
    """Takes messages, and brings receipts and replies to a sink between `start` and `stop`."""

    @property
    def name(self) -> str:
        """The name messages are marked with; never changed, at most 40 characters."""

    async def start(self, sink: Sink) -> None:
        """Begin to bring receipts to `sink`; what an earlier process was owed is brought too."""

    async def submit(self, batch: Sequence[Outgoing]) -> Sequence[Answer]:
        """Submit messages and give one answer for each; raises when their fate is not known."""

    async def stop(self) -> None:
        """Bring nothing more, after what is under way."""
