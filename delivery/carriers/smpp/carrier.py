"""A carrier that speaks SMPP: its binds, what goes out over them and what comes in."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from delivery.carriers.base import Answered, LiveState, Sink
from delivery.carriers.smpp.bind import Bind, Watcher
from delivery.carriers.smpp.command import Command
from delivery.carriers.smpp.inbox import Inbox
from delivery.carriers.smpp.inquiry import AT_ONCE, fate, question
from delivery.carriers.smpp.outbox import Outbox
from delivery.carriers.smpp.session import Failure, Response, into
from delivery.carriers.smpp.settings import SmppSettings
from delivery.carriers.smpp.submission import compose
from delivery.carriers.smpp.timing import Timing
from domain.carrier import Outgoing, Receipt
from domain.smpp import BindMode

_COMMANDS = {
    BindMode.TRANSCEIVER: (Command.BIND_TRANSCEIVER,),
    BindMode.SEPARATE: (Command.BIND_TRANSMITTER, Command.BIND_RECEIVER),
}


class SmppCarrier:
    """Holds the binds of one carrier in this process; made and used in one event loop."""

    def __init__(
        self,
        name: str,
        settings: SmppSettings,
        clock: Callable[[], datetime],
        timing: Timing | None = None,
    ) -> None:
        timing = timing or Timing.of_loop()
        self.name = name
        self._settings = settings
        self._clock = clock
        self._error = ""
        self._error_at: datetime | None = None
        self._inbox = Inbox(name, settings, clock, timing, self._read)
        watcher = Watcher(
            name=name,
            delivered=self._inbox.received,
            changed=self._changed,
            lost=self._lost,
            problem=self._problem,
        )
        commands = _COMMANDS[settings.bind_mode]
        self._binds = [
            Bind(number, command, settings, watcher, timing)
            for number in range(1, settings.binds + 1)
            for command in commands
        ]
        self._outbox = Outbox(self._binds, partial(compose, settings=settings), settings, timing)

    async def start(self, sink: Sink) -> None:
        """Bind, now and whenever a bind is lost; returns at once."""
        self._inbox.start(sink)
        for bind in self._binds:
            bind.start()

    def room(self) -> int:
        """Say how many more messages it can take: about two seconds' work, and 0 when not bound."""
        return self._outbox.room()

    async def submit(self, batch: Sequence[Outgoing], answered: Answered) -> None:
        """Submit messages and hand over one answer for each, as answers come; raises nothing."""
        await self._outbox.submit(batch, answered)

    async def query(self, references: Sequence[str]) -> Sequence[Receipt]:
        """Ask what became of parts; gives those whose fate is final."""
        found: list[Receipt] = []
        for start in range(0, len(references), AT_ONCE):
            some = references[start : start + AT_ONCE]
            answers = await asyncio.gather(*map(self._ask, some))
            fates = map(fate, some, answers, [self._clock()] * len(some))
            found += [one for one in fates if one is not None]
        return found

    def state(self) -> LiveState:
        """Say how it does, for the operator."""
        return LiveState(
            binds=sum(bind.bound for bind in self._binds),
            binds_wanted=len(self._binds),
            window=self._outbox.in_flight,
            rate=self._outbox.rate,
            error=self._error,
            error_at=self._error_at,
        )

    async def stop(self) -> None:
        """Wait for the answers that are owed, keep what has come, and unbind.

        Takes no longer than a submission may stay unanswered, the retries of those that came too
        fast, and one transaction.
        """
        # Cancelled or not, no bind stays open: carriers allow only so many.
        try:
            await self._outbox.close()
        finally:
            try:
                await self._inbox.stop()
            finally:
                await asyncio.gather(*(bind.stop() for bind in self._binds))

    async def _ask(self, reference: str) -> Response | Failure:
        ready = [bind for bind in self._binds if bind.ready and bind.transmits]
        bind = max(ready, key=Bind.free, default=None)
        if bind is None:
            return Failure.UNSENT
        answer: asyncio.Future[Response | Failure] = asyncio.get_running_loop().create_future()
        bind.ask(question(reference, self._settings), into(answer))
        return await answer

    def _changed(self) -> None:
        self._outbox.changed()

    def _lost(self, bind: Bind) -> None:
        self._outbox.lost(bind)

    def _read(self, *, reading: bool) -> None:
        for bind in self._binds:
            bind.read(reading=reading)

    def _problem(self, text: str) -> None:
        self._error, self._error_at = text, self._clock()
