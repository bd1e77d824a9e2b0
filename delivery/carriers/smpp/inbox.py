"""What a carrier brings: kept first, acknowledged then."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from delivery.carriers.base import Inbound, Sink
from delivery.carriers.smpp import receipt_text
from delivery.carriers.smpp.address import phone
from delivery.carriers.smpp.command import RESPONSE, Status
from delivery.carriers.smpp.pdu import DeliverSm, MessageResp
from delivery.carriers.smpp.reassembly import Incoming, Reassembly
from delivery.carriers.smpp.session import Session
from delivery.carriers.smpp.settings import SmppSettings
from delivery.carriers.smpp.throttle import Backoff
from delivery.carriers.smpp.timing import Timer, Timing
from domain.carrier import Receipt, Reply

HELD_MOST: Final = 5_000
"""PDUs that may wait for their acknowledgement over all binds; then nothing more is read."""
KEPT_AT_ONCE: Final = 1_000
GROUPS_AT_ONCE: Final = 16
"""Groups that are handed over and not kept: what comes meanwhile can share their commit."""
ATTEMPTS: Final = 4
"""How often it is tried to keep something before the carrier is told to bring it again."""
PAUSES: Final = (0.25, 2.0)
PART_WAITS: Final = 1.0
"""Seconds for which a part of a long text waits for the others with its acknowledgement. A carrier
that brings one part at a time waits for us meanwhile, so that it is given then."""
TIDIED_EVERY: Final = 60.0


log = logging.getLogger(__name__)


class Read(Protocol):
    """Has the binds read, or not."""

    def __call__(self, *, reading: bool) -> None:
        """Go on, or stop."""


@dataclass(frozen=True, slots=True)
class _Acknowledgement:
    """Where and how a PDU is answered."""

    session: Session
    command: int
    sequence: int

    def wire(self, status: Status) -> bytes:
        command = self.command | RESPONSE
        return MessageResp(command=command, sequence=self.sequence, status=status).encode()


@dataclass(frozen=True, slots=True)
class _Brought:
    """What is to be kept, and what is to be acknowledged thereafter."""

    acknowledgement: _Acknowledgement | None
    receipt: Receipt | None = None
    replies: Sequence[Reply] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a text that is not whole."""

    due: float
    key: tuple[str, str]
    acknowledgement: _Acknowledgement


class Inbox:
    """Reads deliver_sm, has what is in it kept by the sink, and acknowledges it thereafter.

    What is brought is handed over at once, in groups that may share a transaction. More than is
    bounded is not read, rather than answered with ESME_RMSGQFUL: carriers bring such a receipt
    again after minutes, or never, and a connection that is not read loses nothing. When something
    cannot be kept, smaller groups are tried, one at a time, until one PDU alone fails and the
    carrier is told to bring it again.
    """

    def __init__(
        self,
        name: str,
        settings: SmppSettings,
        clock: Callable[[], datetime],
        timing: Timing,
        read: Read,
    ) -> None:
        """Take what the binds bring; `read` is told whether they are to be read."""
        self._name = name
        self._settings = settings
        self._clock = clock
        self._timing = timing
        self._read = read
        self._reading = True
        self._reassembly = Reassembly(settings.alphabet)
        self._queue: deque[_Brought] = deque()
        self._parts: deque[_Part] = deque()
        self._part_timer: Timer | None = None
        self._tidy_timer: Timer | None = None
        self._under_way: dict[asyncio.Task[None], int] = {}
        self._group = KEPT_AT_ONCE
        self._failures = 0
        self._backoff = Backoff(*PAUSES, timing.chance)
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, sink: Sink) -> None:
        """Bring everything to `sink` from now on."""
        self._task = asyncio.create_task(self._run(sink))
        self._tidy()

    async def stop(self) -> None:
        """End after what has come; texts that are not whole are brought as they are."""
        for timer in (self._part_timer, self._tidy_timer):
            if timer is not None:
                timer.cancel()
        self._stopping.set()
        self._take_texts(None, self._reassembly.flush())
        self._release(lambda _: True)
        self._woken.set()
        if self._task is not None:
            await self._task

    def received(self, session: Session, pdus: Sequence[DeliverSm]) -> None:
        """Take the deliver_sm and data_sm of one read; after `stop`, they are for the next bind."""
        if self._stopping.is_set():
            return
        now = self._clock()
        for pdu in pdus:
            acknowledgement = _Acknowledgement(session, pdu.command, pdu.sequence)
            try:
                self._take(pdu, acknowledgement, now)
            except Exception as error:  # noqa: BLE001 - whatever a carrier sends, the session goes on
                log.error(  # noqa: TRY400 - a traceback may show what the PDU holds
                    "%s brought what cannot be read: %s", self._name, type(error).__name__
                )
                session.respond(acknowledgement.wire(Status.ESME_RX_R_APPN))
        self._woken.set()
        self._bound()

    def _take(self, pdu: DeliverSm, acknowledgement: _Acknowledgement, now: datetime) -> None:
        settings = self._settings
        if receipt_text.is_receipt(pdu):
            about = phone(pdu.source, pdu.source_ton)
            receipt = receipt_text.read(
                pdu, settings.receipt_ids, settings.receipt_zone, about, now
            )
            self._queue.append(_Brought(acknowledgement, receipt))
            return
        key = (pdu.source, pdu.destination)
        texts = self._reassembly.add(pdu, now)
        if texts:
            self._take_texts(acknowledgement, texts)
            self._release(lambda part: part.key == key)
        else:
            due = self._timing.monotonic() + PART_WAITS
            self._parts.append(_Part(due, key, acknowledgement))
            self._await_parts()

    def _take_texts(
        self, acknowledgement: _Acknowledgement | None, texts: Sequence[Incoming]
    ) -> None:
        """Have texts kept; those of names are no replies, because nothing is sent to a name."""
        replies = []
        for text in texts:
            sender = phone(text.source, text.source_ton)
            if sender:
                replies.append(Reply(sender, text.text, text.at, sender_id=text.destination))
        if replies or acknowledgement is not None:
            self._queue.append(_Brought(acknowledgement, None, replies))

    def _release(self, ready: Callable[[_Part], bool]) -> None:
        """Acknowledge parts together with what is kept next."""
        kept: deque[_Part] = deque()
        for part in self._parts:
            if ready(part):
                self._queue.append(_Brought(part.acknowledgement))
            else:
                kept.append(part)
        self._parts = kept

    def _await_parts(self) -> None:
        if self._part_timer is None and self._parts:
            wait = self._parts[0].due - self._timing.monotonic()
            self._part_timer = self._timing.later(max(0.0, wait), self._parts_due)

    def _parts_due(self) -> None:
        self._part_timer = None
        now = self._timing.monotonic()
        self._release(lambda part: part.due <= now)
        self._woken.set()
        self._await_parts()

    def _tidy(self) -> None:
        self._take_texts(None, self._reassembly.expire(self._clock()))
        self._woken.set()
        self._tidy_timer = self._timing.later(TIDIED_EVERY, self._tidy)

    def _bound(self) -> None:
        """Stop reading when too much waits, and go on when half of it is done."""
        held = len(self._queue) + len(self._parts) + sum(self._under_way.values())
        if held > HELD_MOST or (not self._reading and held <= HELD_MOST // 2):
            self._reading = held <= HELD_MOST
            self._read(reading=self._reading)

    async def _run(self, sink: Sink) -> None:
        async with asyncio.TaskGroup() as tasks:
            while self._queue or self._under_way or not self._stopping.is_set():
                most = GROUPS_AT_ONCE if self._group == KEPT_AT_ONCE else 1
                if not self._queue or len(self._under_way) >= most:
                    await self._woken.wait()
                    self._woken.clear()
                    continue
                size = min(self._group, len(self._queue))
                group = [self._queue.popleft() for _ in range(size)]
                task = tasks.create_task(self._bring(sink, group))
                self._under_way[task] = size
                task.add_done_callback(self._brought)

    async def _bring(self, sink: Sink, group: Sequence[_Brought]) -> None:
        if await self._keep(sink, group):
            self._group, self._failures = min(2 * self._group, KEPT_AT_ONCE), 0
            self._backoff.reset()
            self._acknowledge(group, Status.ESME_ROK)
        elif self._stopping.is_set():
            self._queue.clear()  # not acknowledged, it is brought again
        else:
            self._retry(group, alone=len(self._under_way) == 1)
            await self._timing.pause(self._backoff.pause(), self._stopping)

    def _brought(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self._woken.set()
        self._bound()

    async def _keep(self, sink: Sink, group: Sequence[_Brought]) -> bool:
        receipts = [one.receipt for one in group if one.receipt is not None]
        replies = [reply for one in group for reply in one.replies]
        try:
            if receipts or replies:
                await sink(self._name, Inbound(receipts, replies))
        except Exception as error:  # noqa: BLE001 - whatever it is, the carrier has to bring it again
            log.error(  # noqa: TRY400 - a traceback would show the error's text, which may hold numbers
                "%d receipts and %d replies of the carrier %s could not be kept: %s",
                len(receipts),
                len(replies),
                self._name,
                type(error).__name__,
            )
            return False
        return True

    def _retry(self, group: Sequence[_Brought], *, alone: bool) -> None:
        """Try a smaller group next; put one that failed alone off, here or at the carrier."""
        self._failures = self._failures + 1 if alone and len(group) == 1 else 0
        self._group = max(1, len(group) // 2)
        if self._failures < ATTEMPTS:
            self._queue.extendleft(reversed(group))
            return
        self._failures = 0
        if group[0].acknowledgement is None:
            self._queue.extend(group)
        self._acknowledge(group, Status.ESME_RX_T_APPN)

    def _acknowledge(self, group: Sequence[_Brought], status: Status) -> None:
        """Answer the PDUs of a group, those of one session in one write."""
        wires = defaultdict(list)
        for one in group:
            if one.acknowledgement is not None:
                wires[one.acknowledgement.session].append(one.acknowledgement.wire(status))
        for session, answers in wires.items():
            session.respond(b"".join(answers))
