"""One connection to a carrier: octets in and out, requests and their responses (SMPP 3.4)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from struct import Struct
from typing import Final, cast

from delivery.carriers.smpp.command import RESPONSE, Command, Status
from delivery.carriers.smpp.field import LAST_SEQUENCE
from delivery.carriers.smpp.pdu import (
    BindResp,
    DeliverSm,
    MessageResp,
    Pdu,
    Plain,
    QuerySmResp,
    Unknown,
)
from delivery.carriers.smpp.reading import FramingError, MalformedError, frames
from delivery.carriers.smpp.timing import Timer, Timing

_SEQUENCE: Final = Struct(">I")
_ENQUIRE_LINK: Final = Plain(command=Command.ENQUIRE_LINK, sequence=1).encode()
_UNBIND: Final = Plain(command=Command.UNBIND, sequence=1).encode()
_UNBOUND: Final = "it was unbound"
LEAVE: Final = 2.0
"""Seconds a carrier has to answer unbind, and to read what is still to be read at the end."""
IDLE_MOST: Final = 2_000
"""PDUs of one read that bring no message: a whole window of responses, and as many again. Whoever
sends more keeps this process from everything else."""
UNREAD_MOST: Final = 1024 * 1024
"""Octets of answers that may wait for a carrier that asks and does not read."""


class Failure(Enum):
    """Why a request has no response."""

    UNSENT = "unsent"
    """The connection ended before it was handed to it."""
    UNANSWERED = "unanswered"
    """Time ran out, or the connection ended, after it was sent."""


Response = BindResp | MessageResp | QuerySmResp | Plain | Unknown
Answer = Callable[[Response | Failure], None]


def into(future: asyncio.Future[Response | Failure]) -> Answer:
    """Give the answer to who waits for a future, if anybody still does."""

    def answer(response: Response | Failure) -> None:
        if not future.done():
            future.set_result(response)

    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who is told what happens on a session; none of these may raise."""

    delivered: Callable[["Session", Sequence[DeliverSm]], None]
    """The deliver_sm of one read, to be answered."""
    writable: Callable[[], None]
    """The connection takes more again."""
    lost: Callable[["Session", str], None]
    """It ended; every request has had its answer. The text says why, for the operator."""


class Session(asyncio.Protocol):
    """Numbers requests, finds the request of a response, and answers what needs no thought.

    Everything written in one turn of the event loop leaves in one piece: that, and answering
    the receipts of one read together, is where the speed is. Requests whose response is overdue
    are given up; when nothing at all was answered since such a request was sent, the connection is
    given up, too. While reading is paused no time runs out, because it is not the carrier's fault.
    """

    def __init__(self, owner: Owner, timing: Timing, timeout: float) -> None:
        self._owner = owner
        self._timing = timing
        self._timeout = timeout
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._out: list[bytes] = []
        self._unsent: set[int] = set()
        self._pending: dict[int, tuple[float, Answer]] = {}
        self._sequence = 0
        self._heard_at = timing.monotonic()
        self._timers: dict[str, Timer] = {}
        self._reading = True
        self._problem = ""
        self.usable = False
        """Whether requests may be made: it is connected, writable and not about to end."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection into use."""
        self._transport = cast(asyncio.Transport, transport)  # that of TCP and of TLS is one
        self.usable = True

    def keep_alive(self, interval: float) -> None:
        """Send enquire_link from now on."""

        def tick() -> None:
            self._request(_ENQUIRE_LINK, lambda _: None)
            self._timers["enquire_link"] = self._timing.later(interval, tick)

        self._timers["enquire_link"] = self._timing.later(interval, tick)

    def request(self, wire: bytes, answer: Answer) -> None:
        """Send a request under the next free number; the one it was written with is replaced."""
        if not self.usable:
            answer(Failure.UNSENT)
            return
        self._request(wire, answer)

    def respond(self, wire: bytes) -> None:
        """Send responses; after the connection's end they are dropped."""
        if self._transport is None or self._transport.is_closing():
            return
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out.append(wire)

    def unbind(self) -> None:
        """Take leave; the connection ends with the carrier's response, or when none comes."""
        if not self.usable:
            self.close(_UNBOUND)
            return
        self.usable, self._problem = False, _UNBOUND
        self._request(_UNBIND, lambda _: self.close(_UNBOUND))
        self._timers["unbind"] = self._timing.later(LEAVE, lambda: self.close(_UNBOUND))

    def close(self, problem: str) -> None:
        """End the connection, after what is written; gives the owner `problem` as the reason."""
        self.usable = False
        self._problem = self._problem or problem
        if self._transport is None or self._transport.is_closing():
            return
        self._flush()
        self._transport.close()
        # A carrier that reads nothing would keep what is written, and the connection, for ever.
        self._timers["abort"] = self._timing.later(LEAVE, self._transport.abort)

    def read(self, *, reading: bool) -> None:
        """Read nothing for a while, or go on."""
        if self._transport is None or self._transport.is_closing() or self._reading == reading:
            return
        self._reading = reading
        if not reading:
            self._transport.pause_reading()
            self._stop_timer("expiry")
            return
        self._transport.resume_reading()
        deadline = self._timing.monotonic() + self._timeout
        self._pending = {
            number: (deadline, answer) for number, (_, answer) in self._pending.items()
        }
        self._await_expiry()

    def data_received(self, data: bytes) -> None:
        """Act on the PDUs that are whole."""
        broken = ""
        try:
            found, self._buffer = frames(self._buffer + data if self._buffer else data)
        except FramingError as error:
            found, self._buffer, broken = error.before, b"", str(error)
        delivered: list[DeliverSm] = []
        for one in found:
            if isinstance(one, DeliverSm):
                delivered.append(one)
            elif isinstance(one, MalformedError):
                self._malformed(one)
            elif isinstance(one, Response) and one.command & RESPONSE:
                self._answered(one.sequence, one)
            else:
                self._requested(one)
        if delivered:
            self._owner.delivered(self, delivered)
        if len(found) - len(delivered) > IDLE_MOST:
            self.close(f"the carrier sent more than {IDLE_MOST} PDUs at once that are no messages")
        if broken:
            self._nack(0, Status.ESME_RINVCMDLEN)
            self.close(f"the carrier sent no SMPP: {broken}")

    def pause_writing(self) -> None:
        """Make no requests while the carrier does not read."""
        self.usable = False

    def resume_writing(self) -> None:
        """Go on, unless the end has begun."""
        if not self._problem and self._transport is not None:
            self.usable = not self._transport.is_closing()
            self._owner.writable()

    def connection_lost(self, exc: Exception | None) -> None:
        """Answer every request, then tell the owner."""
        self.usable, self._out = False, []
        for name in tuple(self._timers):
            self._stop_timer(name)
        pending, self._pending = self._pending, {}
        for number, (_, answer) in pending.items():
            answer(Failure.UNSENT if number in self._unsent else Failure.UNANSWERED)
        reason = f": {type(exc).__name__}" if exc else ""
        self._owner.lost(self, self._problem or f"the carrier ended the connection{reason}")

    def _request(self, wire: bytes, answer: Answer) -> None:
        self._sequence = number = self._sequence % LAST_SEQUENCE + 1
        self._unsent.add(number)
        self._pending[number] = (self._timing.monotonic() + self._timeout, answer)
        self.respond(wire[:12] + _SEQUENCE.pack(number) + wire[16:])
        if len(self._pending) == 1:
            self._await_expiry()

    def _flush(self) -> None:
        if self._out and self._transport is not None and not self._transport.is_closing():
            data, self._out = b"".join(self._out), []
            self._unsent.clear()
            self._transport.write(data)
            if self._transport.get_write_buffer_size() > UNREAD_MOST:
                self.close("the carrier does not read what it is answered")

    def _requested(self, pdu: Pdu) -> None:
        if pdu.command == Command.ENQUIRE_LINK:
            self.respond(Plain(command=Command.ENQUIRE_LINK_RESP, sequence=pdu.sequence).encode())
        elif pdu.command == Command.UNBIND:
            self.respond(Plain(command=Command.UNBIND_RESP, sequence=pdu.sequence).encode())
            self.close("the carrier unbound")
        else:
            self._nack(pdu.sequence, Status.ESME_RINVCMDID)

    def _answered(self, number: int, answer: Response | Failure) -> None:
        self._heard_at = self._timing.monotonic()
        found = self._pending.pop(number, None)
        # A response nobody waits for is late, or its number is wrong: its request has its answer.
        if found is not None:
            found[1](answer)

    def _malformed(self, error: MalformedError) -> None:
        if error.command & RESPONSE:
            self._answered(error.sequence, Failure.UNANSWERED)
        else:
            self._nack(error.sequence, Status.ESME_RINVCMDLEN)

    def _nack(self, number: int, status: Status) -> None:
        nack = Plain(command=Command.GENERIC_NACK, sequence=number, status=status)
        self.respond(nack.encode())

    def _await_expiry(self) -> None:
        self._stop_timer("expiry")
        if self._pending and self._reading:
            deadline, _ = next(iter(self._pending.values()))
            wait = max(0.0, deadline - self._timing.monotonic())
            self._timers["expiry"] = self._timing.later(wait, self._expire)

    def _expire(self) -> None:
        now = self._timing.monotonic()
        silent = False
        for number, (deadline, answer) in tuple(self._pending.items()):
            if deadline > now:
                break
            del self._pending[number]
            silent = silent or self._heard_at <= deadline - self._timeout
            answer(Failure.UNANSWERED)
        if silent:
            self.close(f"the carrier answered nothing for {self._timeout:g} s")
        else:
            self._await_expiry()

    def _stop_timer(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
