"""An honest SMSC on real sockets, for those with bad habits to be made of (tests/smsc.py).

It writes and reads SMPP with struct alone: what the product's codec gets wrong, it does not.
"""

import asyncio
import ssl
import struct
from dataclasses import dataclass, field
from typing import Final

HEADER: Final = struct.Struct(">4I")
BINDS: Final = {1: "receiver", 2: "transmitter", 9: "transceiver"}
NACK, QUERY, SUBMIT, DELIVER, UNBIND, ENQUIRE = 0x80000000, 3, 4, 5, 6, 0x15
RESPONSE: Final = 0x80000000
OK, INVALID_NUMBER, QUEUE_FULL, THROTTLED = 0, 0x0B, 0x14, 0x58
WRONG_PASSWORD, WRONG_SYSTEM_ID = 0x0E, 0x0F


def pdu(command: int, status: int, sequence: int, body: bytes = b"") -> bytes:
    """Write a PDU."""
    return HEADER.pack(16 + len(body), command, status, sequence) + body


@dataclass(frozen=True)
class Submitted:
    """A submit_sm as it came."""

    link: "Link"
    sequence: int
    source: tuple[int, int, str]
    destination: tuple[int, int, str]
    esm_class: int
    registered_delivery: int
    data_coding: int
    octets: bytes
    tlvs: dict[int, bytes]

    @property
    def message(self) -> int:
        """The low 16 bits of the message's id, from user_message_reference."""
        return int.from_bytes(self.tlvs[0x0204])


def submitted(link: "Link", sequence: int, body: bytes) -> Submitted:
    """Read the body of a submit_sm."""
    _service, rest = body.split(b"\0", 1)
    source, after = rest[2:].split(b"\0", 1)
    destination, last = after[2:].split(b"\0", 1)
    assert last[3:5] == b"\0\0", "no schedule and no validity is expected"
    registered, _replace, coding, _default, size = last[5:10]
    octets, tail, tlvs = last[10 : 10 + size], last[10 + size :], {}
    while tail:
        tag, length = struct.unpack_from(">2H", tail)
        tlvs[tag], tail = tail[4 : 4 + length], tail[4 + length :]
    return Submitted(
        link,
        sequence,
        (rest[0], rest[1], source.decode()),
        (after[0], after[1], destination.decode()),
        last[0],
        registered,
        coding,
        octets,
        tlvs,
    )


def receipt(message_id: str, phone: str = "8613800138000", state: str = "DELIVRD") -> bytes:
    """Write the body of a deliver_sm with a receipt."""
    text = f"id:{message_id} sub:001 dlvrd:001 submit date:2501010000 done date:2501010001 "
    return mobile_originated(f"{text}stat:{state} err:000 text:".encode(), phone, esm_class=4)


def mobile_originated(
    octets: bytes, phone: str = "8613800138000", *, esm_class: int = 0, service: bytes = b""
) -> bytes:
    """Write the body of a deliver_sm with a recipient's message."""
    addresses = b"\1\1" + phone.encode() + b"\0\0\x0010690\0"
    return (
        service
        + b"\0"
        + addresses
        + bytes((esm_class, 0, 0, 0, 0, 0, 0, 0, 0, len(octets)))
        + octets
    )


class Link(asyncio.Protocol):
    """One connection as the SMSC sees it."""

    def __init__(self, smsc: "Smsc") -> None:
        self.smsc = smsc
        self.bound = ""
        self.password = ""
        self.window = 0
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.smsc.links.append(self)
        self.smsc.attempts += 1

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget it."""
        self.smsc.links.remove(self)

    def data_received(self, data: bytes) -> None:
        """Act on whole PDUs."""
        self._buffer += data
        while len(self._buffer) >= 16:
            length, command, status, sequence = HEADER.unpack_from(self._buffer)
            if len(self._buffer) < length or self.transport.is_closing():
                return
            body, self._buffer = self._buffer[16:length], self._buffer[length:]
            self._act(command, status, sequence, body)

    def send(self, *pdus: bytes) -> None:
        """Write PDUs as they are."""
        if not self.transport.is_closing():
            self.smsc.write(self.transport, b"".join(pdus))

    def _act(self, command: int, status: int, sequence: int, body: bytes) -> None:
        smsc = self.smsc
        if command in BINDS:
            self.bound = BINDS[command]
            self.password = body.split(b"\0")[1].decode()
            smsc.on_bind(self, command, sequence)
        elif command == SUBMIT:
            self.window += 1
            smsc.window = max(smsc.window, self.window)
            one = submitted(self, sequence, body)
            smsc.submitted.append(one)
            smsc.on_submit(one)
        elif command == ENQUIRE:
            smsc.enquired += 1
            smsc.on_enquire_link(self, sequence)
        elif command == UNBIND:
            smsc.unbound += 1
            self.send(pdu(UNBIND | RESPONSE, OK, sequence))
            self.transport.close()
        elif command == QUERY:
            smsc.on_query(self, sequence, body.split(b"\0")[0].decode())
        else:
            smsc.answers.append((command, status, sequence))


@dataclass
class Smsc:
    """The honest one: accepts everything and says so at once."""

    password: str = ""
    """The password it wants; any, when empty."""
    submitted: list[Submitted] = field(default_factory=list)
    accepted: list[tuple[Submitted, str]] = field(default_factory=list)
    """What it has said yes to, with the id it gave."""
    answers: list[tuple[int, int, int]] = field(default_factory=list)
    """Command, status and sequence number of every response that came."""
    links: list[Link] = field(default_factory=list)
    attempts: int = 0
    enquired: int = 0
    unbound: int = 0
    window: int = 0
    """The most submissions of one connection that were unanswered."""
    port: int = 0
    _server: asyncio.Server | None = None

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen, on the port it had before."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Link(self), "127.0.0.1", self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End, with every connection."""
        if self._server is not None:
            self._server.close()
        for link in tuple(self.links):
            link.transport.abort()

    def write(self, transport: asyncio.Transport, data: bytes) -> None:
        """Write, as this SMSC does."""
        transport.write(data)

    def on_bind(self, link: Link, command: int, sequence: int) -> None:
        """Take a bind with the right password."""
        right = self.password in {"", link.password}
        status = OK if right else WRONG_PASSWORD
        link.send(pdu(command | RESPONSE, status, sequence, b"smsc\0"))

    def on_submit(self, one: Submitted) -> None:
        """Accept."""
        self.accept(one)

    def on_enquire_link(self, link: Link, sequence: int) -> None:
        """Answer."""
        link.send(pdu(ENQUIRE | RESPONSE, OK, sequence))

    def on_query(self, link: Link, sequence: int, message_id: str) -> None:
        """Say that it is delivered."""
        body = message_id.encode() + b"\x00250101000000000+\0\2\0"
        link.send(pdu(QUERY | RESPONSE, OK, sequence, body))

    def accept(self, one: Submitted) -> str:
        """Say yes, with the next id."""
        message_id = f"id-{len(self.accepted) + 1}"
        self.accepted.append((one, message_id))
        self.answer(one, OK, message_id)
        return message_id

    def answer(self, one: Submitted, status: int, message_id: str = "") -> None:
        """Answer a submission."""
        one.link.window -= 1
        body = b"" if status else message_id.encode() + b"\0"
        one.link.send(pdu(SUBMIT | RESPONSE, status, one.sequence, body))

    def deliver(self, *bodies: bytes, first: int = 1, link: Link | None = None) -> None:
        """Send deliver_sm to one connection that receives, in one piece."""
        to = link or next(one for one in self.links if one.bound in {"receiver", "transceiver"})
        to.send(*(pdu(DELIVER, 0, first + place, body) for place, body in enumerate(bodies)))

    def acknowledged(self, status: int = OK) -> list[int]:
        """Give the sequence numbers of the deliver_sm that were answered so, in order."""
        return [
            sequence
            for command, given, sequence in self.answers
            if command == DELIVER | RESPONSE and given == status
        ]
