"""What a carrier is to the rest of delivery."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.carrier import Answer, Outgoing, Receipt, Reply


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a carrier has to tell: receipts, then replies."""

    receipts: Sequence[Receipt] = ()
    replies: Sequence[Reply] = ()


class Sink(Protocol):
    """Where a carrier brings receipts and replies."""

    async def __call__(self, carrier: str, inbound: Inbound, /) -> None:
        """Return once everything is committed; the carrier acknowledges no earlier.

        A receipt no message is known for is kept, too: it may have overtaken the answer to the
        submission. Raises when nothing was kept.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState:
    """How a carrier does in this process."""

    binds: int
    """Connections that are bound."""
    binds_wanted: int
    window: int
    """Parts submitted and not answered."""
    rate: float
    """Parts submitted per second, over the last seconds."""
    error: str = ""
    """What last went wrong, without secrets and without anything of a message."""
    error_at: datetime | None = None


Answered = Callable[[Sequence[Answer]], None]


class Carrier(Protocol):
    """Takes messages, and brings receipts and replies to a sink between `start` and `stop`."""

    @property
    def name(self) -> str:
        """The name messages are marked with; never changed, at most 40 characters."""

    async def start(self, sink: Sink, /) -> None:
        """Begin to bring receipts to `sink`; what an earlier process was owed is brought too."""

    def room(self) -> int:
        """Say how many more messages it can take now; 0 while it is not connected."""

    async def submit(self, batch: Sequence[Outgoing], answered: Answered, /) -> None:
        """Submit messages and hand over one answer for each, as answers come; raises nothing.

        Returns when all are answered. Batches may be submitted side by side.
        """

    async def query(self, references: Sequence[str], /) -> Sequence[Receipt]:
        """Ask what became of parts (query_sm); gives those whose fate is final."""

    def state(self) -> LiveState:
        """Say how it does, for the operator."""

    async def stop(self) -> None:
        """Bring nothing more, after what is under way."""
