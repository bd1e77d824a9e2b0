"""One bind of a carrier: connected, bound, kept alive, and connected again when it is lost."""

import asyncio
import logging
import os
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from delivery.carriers.smpp.command import Command, Status, status_name
from delivery.carriers.smpp.pdu import Bind as BindRequest
from delivery.carriers.smpp.pdu import BindResp, DeliverSm
from delivery.carriers.smpp.session import Answer, Failure, Owner, Response, Session, into
from delivery.carriers.smpp.settings import SmppSettings, Tls
from delivery.carriers.smpp.throttle import Backoff
from delivery.carriers.smpp.timing import Timing

RECONNECT: Final = (1.0, 60.0)
"""The first and the longest pause, in seconds, before a lost bind is tried again."""
REFUSED: Final = (60.0, 600.0)
"""The same when the carrier refused the credentials: it may lock who tries too often."""
THROTTLED: Final = (0.25, 4.0)
"""The same before a bind goes on that was told it is too fast."""
PROVEN: Final = 60.0
"""Seconds a bind has to last before its next loss counts as the first."""
_KINDS: Final = {
    Command.BIND_TRANSCEIVER: "transceiver",
    Command.BIND_TRANSMITTER: "transmitter",
    Command.BIND_RECEIVER: "receiver",
}
_STOPPED: Final = "it was stopped"
_CREDENTIALS: Final[dict[int, str]] = {
    Status.ESME_RINVPASWD: "wrong password",
    Status.ESME_RINVSYSID: "wrong system_id",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Who is told what happens on the binds of a carrier."""

    name: str
    """The carrier's, for the log."""
    delivered: Callable[[Session, Sequence[DeliverSm]], None]
    changed: Callable[[], None]
    """Something may be submitted that could not be before."""
    lost: Callable[["Bind"], None]
    problem: Callable[[str], None]
    """Something went wrong; the text is for the operator."""


class Bind:
    """Keeps one bind up until it is stopped, and says how many requests fit into its window."""

    def __init__(
        self,
        number: int,
        command: Command,
        settings: SmppSettings,
        watcher: Watcher,
        timing: Timing,
    ) -> None:
        self._label = f"bind {number} ({_KINDS[command]})"
        self._command = command
        self._settings = settings
        self._watcher = watcher
        self._timing = timing
        self._reconnect = Backoff(*RECONNECT, timing.chance)
        self._refused = Backoff(*REFUSED, timing.chance)
        self._throttled = Backoff(*THROTTLED, timing.chance)
        self._session: Session | None = None
        self._lost = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._connecting = False
        self._heard = False
        self._paused_until: float | None = None
        self._unanswered = 0
        self.in_flight = 0
        """Requests that have no answer."""
        self.bound = False
        self.transmits = command != Command.BIND_RECEIVER

    def start(self) -> None:
        """Connect, and go on until `stop`."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Unbind and end."""
        self._stopping.set()
        if self._session is not None and self.bound:
            self._session.unbind()
        elif self._session is not None:
            self._session.close(_STOPPED)
        elif self._connecting and self._task is not None:
            self._task.cancel()
        if self._task is not None:
            await self._task

    @property
    def ready(self) -> bool:
        """Whether it takes submissions now, but for its window."""
        return (
            self.bound
            and self._paused_until is None
            and self._session is not None
            and self._session.usable
        )

    def free(self) -> int:
        """Give how many requests it takes now."""
        return max(0, self._settings.window - self.in_flight) if self.ready else 0

    def submit(self, wire: bytes, answer: Answer) -> None:
        """Send a submit_sm, within the window."""
        self.in_flight += 1

        def answered(response: Response | Failure) -> None:
            self.in_flight -= 1
            self._note(response)
            answer(response)

        self.ask(wire, answered)

    def ask(self, wire: bytes, answer: Answer) -> None:
        """Send any other request."""
        if self._session is None:
            answer(Failure.UNSENT)
        else:
            self._session.request(wire, answer)

    def throttle(self) -> None:
        """Pause: the carrier said it is too much; answers of the same moment pause it once."""
        if self._paused_until is None:
            pause = self._throttled.pause()
            self._paused_until = self._timing.monotonic() + pause
            self._timing.later(pause, self._go_on)

    def accepted(self) -> None:
        """Hear that the carrier takes messages: the next pause is the first again."""
        if self._paused_until is None:
            self._throttled.reset()

    def read(self, *, reading: bool) -> None:
        """Read nothing for a while, or go on."""
        if self._session is not None:
            self._session.read(reading=reading)

    def _go_on(self) -> None:
        self._paused_until = None
        self._watcher.changed()

    def _note(self, response: Response | Failure) -> None:
        if response is not Failure.UNANSWERED:
            self._unanswered = 0
            return
        self._unanswered += 1
        if self._unanswered == self._settings.window and self._session is not None:
            self._session.close("the carrier answers enquire_link, but no submission")

    async def _run(self) -> None:
        while not self._stopping.is_set():
            began = self._timing.monotonic()
            pause = await self._attempt()
            if self._timing.monotonic() - began >= PROVEN:
                self._reconnect.reset()
            if not self._stopping.is_set():
                seconds = self._reconnect.pause() if pause is None else pause
                await self._timing.pause(seconds, self._stopping)

    async def _attempt(self) -> float | None:
        """Be bound once, until it is over; gives the seconds to wait if they are special."""
        settings = self._settings
        self._lost.clear()
        self._heard = False
        owner = Owner(
            delivered=self._watcher.delivered, writable=self._watcher.changed, lost=self._on_lost
        )
        timeout = settings.response_timeout.total_seconds()
        session = Session(owner, self._timing, timeout)
        self._connecting = True
        try:
            request = self._request()
            await self._timing.within(timeout, self._connect(session))
        except (OSError, ValueError) as error:
            reason = _reason(error, settings.tls)
            self._report(f'no connection to "{settings.host}:{settings.port}": {reason}')
            return None
        except asyncio.CancelledError:
            session.close(_STOPPED)
            if self._stopping.is_set():
                return None
            raise
        finally:
            self._connecting = False
        self._session = session
        answer: asyncio.Future[Response | Failure] = asyncio.get_running_loop().create_future()
        session.request(request, into(answer))
        try:
            pause = self._bind_answered(session, await answer)
            await self._lost.wait()
        finally:
            session.close(_STOPPED)
        return pause

    async def _connect(self, session: Session) -> None:
        settings = self._settings
        context = None if settings.tls is None else _context(settings.tls)
        name = None if settings.tls is None else settings.tls.name or settings.host
        loop = asyncio.get_running_loop()
        await loop.create_connection(
            lambda: session, settings.host, settings.port, ssl=context, server_hostname=name
        )

    def _request(self) -> bytes:
        settings = self._settings
        return BindRequest(
            command=self._command,
            sequence=1,
            system_id=settings.system_id,
            password=settings.password,
            system_type=settings.system_type,
        ).encode()

    def _bind_answered(self, session: Session, answer: Response | Failure) -> float | None:
        if isinstance(answer, Failure):
            return None  # why is told when the connection is lost
        self._heard = True
        if isinstance(answer, BindResp) and answer.status == Status.ESME_ROK:
            session.keep_alive(self._settings.enquire_link.total_seconds())
            self.bound = True
            self._unanswered = 0
            self._refused.reset()
            log.info("the carrier %s, %s: bound", self._watcher.name, self._label)
            self._watcher.changed()
            return None
        if answer.status == Status.ESME_ROK:
            session.close("the carrier answered the bind with something else")
            return None
        said = _CREDENTIALS.get(answer.status)
        detail = f" ({said})" if said else ""
        session.close(f"the carrier refused the bind: {status_name(answer.status)}{detail}")
        return self._refused.pause() if said else None

    def _on_lost(self, _session: Session, problem: str) -> None:
        self._session, self.bound = None, False
        if not self._stopping.is_set():
            self._report(problem if self._heard else f"{problem} {self._unheard()}")
        self._watcher.lost(self)
        self._lost.set()

    def _unheard(self) -> str:
        hint = "" if self._settings.tls else "; this port may want TLS"
        return f"(the bind was not answered{hint})"

    def _report(self, problem: str) -> None:
        log.warning("the carrier %s, %s: %s", self._watcher.name, self._label, problem)
        self._watcher.problem(f"{self._label}: {problem}")


def _context(tls: Tls) -> ssl.SSLContext:
    """Trust what was entered, or what the machine trusts; ssl.SSLError is an OSError."""
    context = ssl.create_default_context(cadata=tls.ca or None)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _reason(error: OSError | ValueError, tls: Tls | None) -> str:
    """Say what went wrong, in one line."""
    if not isinstance(error, OSError):
        return str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "it took too long" + ("; this port may not speak TLS" if tls else "")
    if isinstance(error, ssl.SSLError):
        detail = (error.reason or error.strerror or "").partition(" (_ssl")[0]
        return f"TLS failed ({detail.lower().replace('_', ' ')})"
    if error.errno and error.errno > 0:
        return os.strerror(error.errno).lower()
    return (error.strerror or type(error).__name__).replace("\n", " ").lower()
