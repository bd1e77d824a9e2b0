"""Carrying a console's messages to the simulator and back, step by step, for stories."""

from collections.abc import Sequence
from datetime import timedelta

from delivery.carriers.simulator import Simulator
from delivery.dispatcher import Dispatcher
from delivery.receipts import Receipts
from delivery.settings import DeliverySettings
from domain.sandbox import Odds
from domain.unsubscription import OptOut
from tests.bulk import Found
from tests.console import Console
from tests.laning import lanes, turn

SETTINGS = DeliverySettings(odds=Odds(success_rate=1, delay=timedelta(0), seed=1))


class Carriage:
    """A dispatcher, the simulator, and the sink behind them."""

    def __init__(self, console: Console) -> None:
        self._clock = console.clock
        self._simulator = Simulator(console.database, console.clock, SETTINGS)
        self._lanes = lanes(console.clock, SETTINGS, self._simulator)
        self._dispatcher = Dispatcher(console.database, self._lanes, console.clock, SETTINGS, "one")
        terms = console.terms
        opt_out = OptOut.of(terms.opt_out_words, terms.opt_out_window)
        self._sink = Receipts(console.database, opt_out, console.clock)

    async def run(self) -> None:
        """Submit whatever is queued; its receipts and replies come a minute later."""
        while await turn(self._dispatcher, self._lanes) == 0:
            pass
        await self._dispatcher.finish()
        self._clock.advance(timedelta(minutes=1))
        for _ in range(2):  # what arrived is acknowledged with what comes next
            await self._simulator.push(self._sink)


def to(phones: Sequence[str], *, segments: int = 1) -> Found:
    """Give a batch of one recipient a number, as the check of a file does."""
    return Found(
        [
            (row, phone, "CN", [f"A{row}", "Monday"], 21, segments)
            for row, phone in enumerate(phones, 2)
        ]
    )
