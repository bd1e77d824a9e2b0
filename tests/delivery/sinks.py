"""Sinks for carriers under test."""

import asyncio

from delivery.carriers.base import Inbound
from domain.carrier import Receipt, Reply


class RecordingSink:
    """Keeps what a carrier brings; fails or knows no reference as often as told."""

    def __init__(self) -> None:
        self.receipts: list[Receipt] = []
        self.replies: list[Reply] = []
        self.failures = 0
        self.unknown: frozenset[str] = frozenset()
        self.calls = 0
        self._brought = asyncio.Condition()

    async def __call__(self, _carrier: str, inbound: Inbound) -> frozenset[str]:
        """Take what a carrier brings."""
        async with self._brought:
            self.calls += 1
            self._brought.notify_all()
            if self.failures:
                self.failures -= 1
                raise ConnectionError("the database is away")
            self.receipts += inbound.receipts
            self.replies += inbound.replies
            return self.unknown & {receipt.reference for receipt in inbound.receipts}

    async def until(self, calls: int) -> None:
        """Wait until a carrier has come this often."""
        async with asyncio.timeout(5), self._brought:
            await self._brought.wait_for(lambda: self.calls >= calls)
