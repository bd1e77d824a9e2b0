"""Recipients' long texts: parts gather here until they are whole (3GPP TS 23.040, 9.2.3.24).

Bounded in texts, octets and age. What gives way is brought incomplete rather than lost: half an
opt-out is still one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from delivery.carriers.smpp import alphabet
from delivery.carriers.smpp.pdu import DeliverSm
from delivery.carriers.smpp.user_data import placed
from domain.smpp import Alphabet

TEXTS_MOST: Final = 1_000
OCTETS_MOST: Final = 4 * 1024 * 1024
AGE_MOST: Final = timedelta(minutes=15)
GAP: Final = "\N{HORIZONTAL ELLIPSIS}"
"""Stands where parts did not come."""
_HELD_BESIDES: Final = 100  # octets a part takes besides its own, about


@dataclass(frozen=True, slots=True)
class Incoming:
    """A recipient's text: the addresses of its parts, and when the last of them came."""

    source: str
    source_ton: int
    destination: str
    text: str
    at: datetime


_Key = tuple[str, str, int, int]


@dataclass(slots=True)
class _Gathering:
    first: DeliverSm
    began: datetime
    at: datetime
    total: int
    octets: int = 0
    parts: dict[int, tuple[bytes, int]] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return len(self.parts) == self.total


class Reassembly:
    """Gathers the parts that come over one carrier.

    A whole text stays for a while: when its last part is brought again, because what was made of
    it could not be kept, the text is whole again.
    """

    def __init__(
        self,
        default: Alphabet,
        *,
        texts: int = TEXTS_MOST,
        octets: int = OCTETS_MOST,
        age: timedelta = AGE_MOST,
    ) -> None:
        self._default = default
        self._texts_most = texts
        self._octets_most = octets
        self._age = age
        self._gathered: dict[_Key, _Gathering] = {}
        self._octets = 0

    def add(self, pdu: DeliverSm, now: datetime) -> list[Incoming]:
        """Take a recipient's message; gives the texts that are whole now, and what gave way."""
        place, octets = placed(pdu)
        if place is None:
            return [self._incoming(pdu, [(octets, pdu.data_coding)], now)]
        given = self.expire(now)
        key = (pdu.source, pdu.destination, place.reference, place.total)
        held = self._gathered.get(key)
        part = (octets, pdu.data_coding)
        if held is not None and held.parts.get(place.number, part) != part:
            # The phone has come round to this reference: it is another text.
            given += self._drop([key])
            held = None
        if held is None:
            held = self._gathered[key] = _Gathering(pdu, now, now, place.total)
        if place.number not in held.parts:
            held.parts[place.number] = part
            held.octets += len(octets) + _HELD_BESIDES
            self._octets += len(octets) + _HELD_BESIDES
            held.at = now
        if held.whole:
            given.append(self._text(held))
        return given + self._make_room()

    def expire(self, now: datetime) -> list[Incoming]:
        """Give up texts that began too long ago; gives what came of those that are not whole."""
        # Those that began first stand first.
        old = []
        for key, held in self._gathered.items():
            if now - held.began < self._age:
                break
            old.append(key)
        return self._drop(old)

    def flush(self) -> list[Incoming]:
        """Give up everything, at the end."""
        return self._drop(list(self._gathered))

    def _make_room(self) -> list[Incoming]:
        given: list[Incoming] = []
        while len(self._gathered) > self._texts_most or self._octets > self._octets_most:
            given += self._drop([next(iter(self._gathered))])
        return given

    def _drop(self, keys: Iterable[_Key]) -> list[Incoming]:
        given = []
        for key in keys:
            held = self._gathered.pop(key)
            self._octets -= held.octets
            if not held.whole:
                given.append(self._text(held))
        return given

    def _text(self, held: _Gathering) -> Incoming:
        parts = [held.parts.get(number) for number in range(1, held.total + 1)]
        return self._incoming(held.first, parts, held.at)

    def _incoming(
        self, pdu: DeliverSm, parts: Iterable[tuple[bytes, int] | None], at: datetime
    ) -> Incoming:
        text = self._decoded(parts)
        return Incoming(pdu.source, pdu.source_ton, pdu.destination, text, at)

    def _decoded(self, parts: Iterable[tuple[bytes, int] | None]) -> str:
        """Decode runs of parts in one alphabet together: some phones divide a surrogate pair."""
        text: list[str] = []
        run, coding = b"", 0
        for part in parts:
            if part is not None and part[1] == coding:
                run += part[0]
                continue
            if run:
                text.append(alphabet.decode(run, coding, self._default))
            if part is not None:
                run, coding = part
                continue
            run = b""
            if text[-1:] != [GAP]:
                text.append(GAP)
        return "".join((*text, alphabet.decode(run, coding, self._default)))
