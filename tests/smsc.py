"""A cast of SMSCs on real sockets, each with one bad habit."""

import asyncio
from dataclasses import dataclass, field

from tests.smsc_honest import (
    INVALID_NUMBER,
    OK,
    RESPONSE,
    SUBMIT,
    THROTTLED,
    WRONG_PASSWORD,
    Link,
    Smsc,
    Submitted,
    pdu,
    receipt,
)


class NeverAnswers(Smsc):
    """Answers binds and enquire_link, and no submission."""

    def on_submit(self, one: Submitted) -> None:
        """Keep silent."""


@dataclass
class AnswersLate(Smsc):
    """Answers when it is told to."""

    def on_submit(self, one: Submitted) -> None:
        """Keep silent for now."""

    def catch_up(self) -> None:
        """Accept whatever is not accepted."""
        for one in self.submitted[len(self.accepted) :]:
            self.accept(one)


@dataclass
class Throttles(Smsc):
    """Finds each part too fast so many times."""

    times: int = 1
    status: int = THROTTLED
    spares: frozenset[int] = frozenset()
    """Parts (from 1) that are taken at once."""
    _seen: dict[tuple[str, bytes], int] = field(default_factory=dict)

    def on_submit(self, one: Submitted) -> None:
        """Throttle or accept."""
        key = (one.destination[2], one.octets)
        self._seen[key] = self._seen.get(key, 0) + 1
        part = one.octets[5] if one.esm_class & 0x40 else 1
        if part not in self.spares and self._seen[key] <= self.times:
            self.answer(one, self.status)
        else:
            self.accept(one)


@dataclass
class Drops(Smsc):
    """Ends the connection when a number of submissions came, having answered some of them."""

    after: int = 10
    having_answered: int = 5

    def on_submit(self, one: Submitted) -> None:
        """Answer the first ones, and go."""
        if len(self.submitted) <= self.having_answered:
            self.accept(one)
        if len(self.submitted) == self.after:
            one.link.transport.close()


class Refuses(Smsc):
    """Refuses the second of any parts, and messages of one part altogether."""

    def on_submit(self, one: Submitted) -> None:
        """Refuse or accept."""
        if one.esm_class & 0x40 and one.octets[5] != 2:
            self.accept(one)
        else:
            self.answer(one, INVALID_NUMBER)


@dataclass
class Garbage(Smsc):
    """Answers submissions with octets that are no SMPP."""

    octets: bytes = b"HTTP/1.1 400 Bad Request\r\n\r\n"

    def on_submit(self, one: Submitted) -> None:
        """Send them."""
        one.link.send(self.octets)


class WrongIds(Smsc):
    """Answers with sequence numbers nobody used."""

    def on_submit(self, one: Submitted) -> None:
        """Answer somebody else."""
        one.link.send(pdu(SUBMIT | RESPONSE, OK, one.sequence + 1_000_000, b"wrong\0"))


class ReceiptFirst(Smsc):
    """Sends the receipt before the answer, and then once more."""

    def on_submit(self, one: Submitted) -> None:
        """Deliver, accept, deliver."""
        message_id = f"id-{len(self.accepted) + 1}"
        body = receipt(message_id, one.destination[2])
        self.deliver(body, first=len(self.accepted) * 2 + 1, link=one.link)
        self.accept(one)
        self.deliver(body, first=len(self.accepted) * 2, link=one.link)


class SlowBind(Smsc):
    """Takes the connection and says nothing."""

    def on_bind(self, link: Link, command: int, sequence: int) -> None:
        """Keep silent."""


@dataclass
class RefusesBind(Smsc):
    """Refuses every bind."""

    status: int = WRONG_PASSWORD

    def on_bind(self, link: Link, command: int, sequence: int) -> None:
        """Refuse, without the body that others send."""
        link.send(pdu(command | RESPONSE, self.status, sequence))


class Peculiar(Smsc):
    """Sends a service_type of seven characters and sequence numbers of 32 bits."""

    def on_submit(self, one: Submitted) -> None:
        """Accept, and send such a receipt."""
        body = receipt(self.accept(one), one.destination[2])
        self.deliver(b"smscsim" + body, first=0xFFFFFF00 + len(self.accepted), link=one.link)


class ByteByByte(Smsc):
    """Writes one octet at a time."""

    def write(self, transport: asyncio.Transport, data: bytes) -> None:
        """Write, but slowly."""
        loop = asyncio.get_running_loop()
        self._ready = getattr(self, "_ready", loop.time())
        for place in range(len(data)):
            self._ready = max(self._ready + 0.0001, loop.time())
            loop.call_at(self._ready, transport.write, data[place : place + 1])


class StopsReading(Smsc):
    """Reads nothing any more once it was bound to."""

    def on_bind(self, link: Link, command: int, sequence: int) -> None:
        """Take the bind, and nothing else."""
        super().on_bind(link, command, sequence)
        link.transport.pause_reading()


class Deaf(NeverAnswers):
    """Does not even answer enquire_link."""

    def on_enquire_link(self, link: Link, sequence: int) -> None:
        """Keep silent."""
