"""Sinks for carriers under test."""

import asyncio
from collections.abc import Sequence

from delivery.carriers.base import Carrier, Inbound
from domain.carrier import Answer, Outgoing, Receipt, Reply


class RecordingSink:
    """Keeps what a carrier brings; fails as often as told."""

    def __init__(self) -> None:
        self.receipts: list[Receipt] = []
        self.replies: list[Reply] = []
        self.failures = 0
        self.calls = 0
        self._brought = asyncio.Condition()

    async def __call__(self, _carrier: str, inbound: Inbound) -> None:
        """Take what a carrier brings."""
        async with self._brought:
            self.calls += 1
            self._brought.notify_all()
            if self.failures:
                self.failures -= 1
                raise ConnectionError("the database is away")
            self.receipts += inbound.receipts
            self.replies += inbound.replies

    async def until(self, calls: int) -> None:
        """Wait until a carrier has come this often."""
        async with asyncio.timeout(5), self._brought:
            await self._brought.wait_for(lambda: self.calls >= calls)


class SlowSink(RecordingSink):
    """Keeps nothing before it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.let = asyncio.Event()

    async def handed_over(self, groups: int) -> None:
        """Wait until so many groups have come, kept or not."""
        async with asyncio.timeout(5), self._brought:
            await self._brought.wait_for(lambda: len(self.sizes) >= groups)

    async def __call__(self, carrier: str, inbound: Inbound) -> None:
        """Wait, then take what a carrier brings."""
        async with self._brought:
            self.sizes.append(len(inbound.receipts) + len(inbound.replies))
            self._brought.notify_all()
        await self.let.wait()
        await super().__call__(carrier, inbound)


async def answers(carrier: Carrier, *batch: Outgoing) -> Sequence[Answer]:
    """Submit messages and give the answers in the order of the messages."""
    found: list[Answer] = []
    await carrier.submit(batch, found.extend)
    places = [message.message_id for message in batch]
    return sorted(found, key=lambda answer: places.index(answer.message_id))
