"""Carriers that do as told, and a dispatcher to step by hand."""

import asyncio
from collections.abc import Sequence
from typing import Any

from db.session import Database
from delivery.carriers.base import Answered, Carrier, LiveState, Sink
from delivery.dispatcher import Dispatcher
from delivery.settings import DeliverySettings
from domain.carrier import Answer, Outgoing, Receipt, Verdict
from tests.console import Clock
from tests.laning import lanes, turn


class ScriptedCarrier:
    """Answers each batch as the next of `verdicts` says, then accepts; keeps what it was given."""

    def __init__(self, *verdicts: Verdict | type[Exception], name: str = "scripted") -> None:
        self.name = name
        self.verdicts = list(verdicts)
        self.batches: list[Sequence[Outgoing]] = []
        self.most = 1_000
        self.parts = 1
        self.binds = 1
        self.events: list[str] = []
        self.fates: list[Receipt] = []
        self.answering = asyncio.Event()
        self.answering.set()

    @property
    def phones(self) -> list[str]:
        """Whom it was given messages to, in order."""
        return [one.phone for batch in self.batches for one in batch]

    async def start(self, _sink: Sink, /) -> None:
        """Note it."""
        self.events.append("start")

    async def stop(self) -> None:
        """Note it."""
        self.events.append("stop")

    def room(self) -> int:
        """Take as many as told, while it is bound."""
        return self.most if self.binds else 0

    async def query(self, references: Sequence[str], /) -> Sequence[Receipt]:
        """Know what it was told."""
        self.events.append(f"query {' '.join(references)}")
        return [fate for fate in self.fates if fate.reference in references]

    def state(self) -> LiveState:
        """Be bound as often as told."""
        return LiveState(binds=self.binds, binds_wanted=1, window=0, rate=0)

    async def submit(self, batch: Sequence[Outgoing], answered: Answered, /) -> None:
        """Answer all alike, once it may."""
        self.batches.append(batch)
        await self.answering.wait()
        verdict = self.verdicts.pop(0) if self.verdicts else Verdict.ACCEPTED
        if not isinstance(verdict, Verdict):
            raise verdict
        heard = verdict is Verdict.ACCEPTED
        answered(
            [
                Answer(one.message_id, verdict, self._references(one) if heard else ())
                for one in batch
            ]
        )

    def _references(self, one: Outgoing) -> tuple[str, ...]:
        whole = f"{self.name}-{one.message_id}"
        if self.parts == 1:
            return (whole,)
        return tuple(f"{whole}-{number}" for number in range(1, self.parts + 1))


class Stepped:
    """A dispatcher whose turns a test takes one by one."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: DeliverySettings,
        *carriers: Carrier,
        worker: str = "one",
        **how: Any,
    ) -> None:
        self.lanes = lanes(clock, settings, *carriers, **how)
        self.dispatcher = Dispatcher(database, self.lanes, clock, settings, worker)

    async def turn(self) -> float:
        """Take a turn, and let carriers answer what they answer at all."""
        return await turn(self.dispatcher, self.lanes)

    async def turns(self, count: int) -> list[float]:
        """Take turns, and give the pauses after each."""
        return [await self.turn() for _ in range(count)]

    async def finish(self) -> None:
        """Record what was answered."""
        await self.dispatcher.finish()
