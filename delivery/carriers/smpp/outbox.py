"""Messages on their way to a carrier: in parts, over its binds, one answer for each."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from delivery.carriers.base import Answered
from delivery.carriers.smpp.bind import Bind
from delivery.carriers.smpp.command import Command, Status
from delivery.carriers.smpp.pdu import MessageResp
from delivery.carriers.smpp.session import Failure, Response
from delivery.carriers.smpp.settings import SmppSettings
from delivery.carriers.smpp.submission import Submission, refusal
from delivery.carriers.smpp.throttle import Rate, Throughput
from delivery.carriers.smpp.timing import Timer, Timing
from domain.carrier import Answer, Outgoing, Verdict

HORIZON: Final = 2.0
"""Seconds of work that are asked for ahead."""
PATIENCE: Final = 10.0
"""Seconds a message may wait here before its first part is sent."""
TOO_FAST: Final = frozenset({Status.ESME_RTHROTTLED, Status.ESME_RMSGQFUL})

Compose = Callable[[Outgoing], Sequence[bytes]]


class Batch:
    """Messages that were submitted together; their answers leave together where they can."""

    def __init__(self, size: int, answered: Answered) -> None:
        self._left = size
        self._answered = answered
        self._answers: list[Answer] = []
        self.done = asyncio.Event()

    def answer(self, answer: Answer) -> None:
        """Give one message's answer; those of one turn of the event loop leave together."""
        if not self._answers:
            asyncio.get_running_loop().call_soon(self._hand_over)
        self._answers.append(answer)

    def abandon(self) -> None:
        """Hand over the answers there are; nobody waits for the others."""
        self._hand_over()
        self._answered = _nobody

    def _hand_over(self) -> None:
        answers, self._answers = self._answers, []
        self._left -= len(answers)
        if not self._left:
            self.done.set()
        if answers:
            self._answered(answers)


def _nobody(_answers: Sequence[Answer]) -> None:
    """Take answers nobody waits for."""


class Outbox:
    """Gives each message to one bind, part by part, as window and throughput allow.

    A bind works on one new message at a time, so that the parts of a message follow each other.
    """

    def __init__(
        self,
        binds: Sequence[Bind],
        compose: Compose,
        settings: SmppSettings,
        timing: Timing,
    ) -> None:
        self._binds = [bind for bind in binds if bind.transmits]
        self._compose = compose
        self._settings = settings
        self._timing = timing
        self._throughput = Throughput(settings.throughput, timing.monotonic)
        self._rate = Rate(timing.monotonic)
        self._waiting: deque[tuple[float, Outgoing, Batch]] = deque()
        self._begun: dict[Bind, deque[Submission]] = {bind: deque() for bind in self._binds}
        self._token: Timer | None = None
        self._patience: Timer | None = None
        self._pumping = False
        self._segments_each = 1.0
        self._open = True
        self._idle = asyncio.Event()
        self._idle.set()
        self._held = 0

    @property
    def rate(self) -> float:
        """Parts submitted per second, over the last seconds."""
        return self._rate.per_second()

    @property
    def in_flight(self) -> int:
        """Parts submitted and not answered."""
        return sum(bind.in_flight for bind in self._binds)

    def room(self) -> int:
        """Give how many messages can be taken, about as many as leave within the horizon."""
        ready = sum(bind.ready for bind in self._binds)
        if not ready or not self._open:
            return 0
        parts = max(2.0 * self._settings.window * ready, self._rate.per_second() * HORIZON)
        if self._settings.throughput is not None:
            parts = min(parts, self._settings.throughput * HORIZON)
        # A message of more parts than leave within the horizon leaves all the same.
        return max(0, max(1, int(parts / self._segments_each)) - self._held)

    async def submit(self, messages: Sequence[Outgoing], answered: Answered) -> None:
        """Submit messages; returns when all are answered.

        Cancelled, it gives back what is not sent, and answers nothing more.
        """
        if not messages:
            return
        batch = Batch(len(messages), answered)
        self._segments_each = max(1.0, sum(one.segments for one in messages) / len(messages))
        self._held += len(messages)
        self._idle.clear()
        due = self._timing.monotonic() + PATIENCE
        self._waiting.extend((due, message, batch) for message in messages)
        self._await_patience()
        self._pump()
        try:
            await batch.done.wait()
        except asyncio.CancelledError:
            self._withdraw(batch)
            raise

    async def close(self) -> None:
        """Take nothing more; returns when everything taken has its answer."""
        self._open = False
        self._pump()
        await self._idle.wait()

    def changed(self) -> None:
        """Hear that something may be sent that could not be before."""
        if not self._pumping:
            self._pumping = True
            asyncio.get_running_loop().call_soon(self._pump)

    def lost(self, bind: Bind) -> None:
        """Hear that a bind's connection ended: what it has begun cannot go on elsewhere."""
        begun = self._begun.get(bind, ())
        while begun:
            submission = begun.popleft()
            submission.lost()
            submission.settle()
        self.changed()

    def _pump(self) -> None:
        self._pumping = False
        if not self._open or not any(bind.bound for bind in self._binds):
            self._give_back(math.inf)
        ready = [bind for bind in self._binds if bind.free()]
        while ready:
            for bind in tuple(ready):
                submission = self._next(bind)
                if submission is None:
                    ready.remove(bind)
                    continue
                if not self._throughput.take():
                    self._await_token()
                    return
                self._send(bind, submission)
                if not bind.free():
                    ready.remove(bind)

    def _next(self, bind: Bind) -> Submission | None:
        """Give the message the bind works on, or the one that waits longest."""
        begun = self._begun[bind]
        while begun and not begun[0].unsent:
            begun.popleft()
        while not begun and self._waiting:
            _, message, batch = self._waiting.popleft()
            try:
                parts = self._compose(message)
            except ValueError:
                code = refusal(Status.ESME_RSUBMITFAIL)
                self._answer(batch, Answer(message.message_id, Verdict.REFUSED, code=code))
                continue
            begun.append(Submission(message.message_id, parts, partial(self._answer, batch)))
        return begun[0] if begun else None

    def _send(self, bind: Bind, submission: Submission) -> None:
        index = submission.take()
        self._rate.count()
        heard = partial(self._heard, bind, submission, index)
        bind.submit(submission.parts[index], heard)

    def _heard(
        self, bind: Bind, submission: Submission, index: int, response: Response | Failure
    ) -> None:
        if isinstance(response, Failure):
            submission.failed(response)
        elif response.status in TOO_FAST:
            bind.throttle()
            if submission.throttled(index):
                # In front of the next message: its other parts are at the carrier already.
                self._begun[bind].appendleft(submission)
        elif response.status != Status.ESME_ROK:
            submission.refused(response.status)
        elif isinstance(response, MessageResp) and response.command == Command.SUBMIT_SM_RESP:
            bind.accepted()
            submission.accepted(index, response.message_id)
        else:
            submission.failed(Failure.UNANSWERED)
        submission.settle()
        self.changed()

    def _answer(self, batch: Batch, answer: Answer) -> None:
        batch.answer(answer)
        self._held -= 1
        if not self._held:
            self._idle.set()

    def _give_back(self, until: float) -> None:
        """Give back what waits, up to what was due at a time."""
        while self._waiting and self._waiting[0][0] <= until:
            _, message, batch = self._waiting.popleft()
            self._answer(batch, Answer(message.message_id, Verdict.UNAVAILABLE))

    def _withdraw(self, batch: Batch) -> None:
        waiting, self._waiting = self._waiting, deque()
        for one in waiting:
            if one[2] is batch:
                self._answer(batch, Answer(one[1].message_id, Verdict.UNAVAILABLE))
            else:
                self._waiting.append(one)
        batch.abandon()

    def _await_token(self) -> None:
        if self._token is None:
            self._token = self._timing.later(self._throughput.wait(), self._token_due)

    def _token_due(self) -> None:
        self._token = None
        self._pump()

    def _await_patience(self) -> None:
        if self._patience is None and self._waiting:
            wait = self._waiting[0][0] - self._timing.monotonic()
            self._patience = self._timing.later(max(0.0, wait), self._impatient)

    def _impatient(self) -> None:
        self._patience = None
        self._give_back(self._timing.monotonic())
        self._await_patience()
