"""Texts as the parts of submit_sm: one, several with a header each, or one message_payload."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from delivery.carriers.smpp.alphabet import ESCAPE, UCS2, encode, from_gsm, gsm
from delivery.carriers.smpp.command import UDHI
from delivery.carriers.smpp.tlv import Tag, Tlv
from domain.smpp import Alphabet, LongMessage

_SEPTETS, _SEPTETS_OF_PART = 160, 153
_OCTETS, _OCTETS_OF_PART = 140, 134
_PARTS_MOST: Final = 255
_PAYLOAD_MOST: Final = 0xFFFF
# A user data header of five octets with one element: concatenation with a reference of one octet.
_HEADER: Final = b"\x05\x00\x03"
_FIRST_HALF: Final = range(0xD8, 0xDC)  # leading octet of the first unit of a surrogate pair


@dataclass(frozen=True, slots=True)
class Part:
    """What one submit_sm carries of a text."""

    data_coding: int
    short_message: bytes
    esm_class: int = 0
    tlvs: tuple[Tlv, ...] = ()


def split(text: str, default: Alphabet, method: LongMessage, reference: int) -> list[Part]:
    """Make the parts of a text; `reference` (0 to 255) tells it from others to the same phone.

    A part has 153 septets or 134 octets, a text alone 160 or 140; an extended character or a
    surrogate pair is never divided. Raises ValueError for more than 255 parts or 65535 octets.
    """
    encoded = encode(text, default)
    septets = _septets(text, encoded.octets, default) if encoded.data_coding != UCS2 else None
    alone = len(encoded.octets) <= _OCTETS if septets is None else len(septets) <= _SEPTETS
    if alone:
        return [Part(encoded.data_coding, encoded.octets)]
    if method is LongMessage.PAYLOAD:
        if len(encoded.octets) > _PAYLOAD_MOST:
            raise ValueError(
                f"the text has {len(encoded.octets)} octets, at most {_PAYLOAD_MOST} are submitted"
            )
        return [Part(encoded.data_coding, b"", 0, ((Tag.MESSAGE_PAYLOAD, encoded.octets),))]
    if septets is None:
        pieces = list(_pieces_of_octets(encoded.octets, pairs=encoded.data_coding == UCS2))
    else:
        pieces = list(_pieces_of_septets(septets))
        if default is Alphabet.LATIN1:
            pieces = [from_gsm(piece).encode("latin-1") for piece in pieces]
    if len(pieces) > _PARTS_MOST:
        raise ValueError(f"the text has {len(pieces)} parts, at most {_PARTS_MOST} are submitted")
    head = _HEADER + bytes((reference, len(pieces)))
    return [
        Part(encoded.data_coding, head + bytes((number,)) + piece, UDHI)
        for number, piece in enumerate(pieces, 1)
    ]


def _septets(text: str, octets: bytes, default: Alphabet) -> bytes | None:
    """Give the septets it is on the air; None for a text that goes as octets.

    A carrier whose default is Latin-1 makes GSM 03.38 of it where that holds the text.
    """
    return octets if default is Alphabet.GSM else gsm(text)


def _pieces_of_septets(septets: bytes) -> Iterator[bytes]:
    start, size = 0, len(septets)
    while start < size:
        end = start + _SEPTETS_OF_PART
        if end < size and septets[end - 1] == ESCAPE:
            end -= 1
        yield septets[start:end]
        start = end


def _pieces_of_octets(octets: bytes, *, pairs: bool) -> Iterator[bytes]:
    start, size = 0, len(octets)
    while start < size:
        end = start + _OCTETS_OF_PART
        if pairs and end < size and octets[end - 2] in _FIRST_HALF:
            end -= 2
        yield octets[start:end]
        start = end
