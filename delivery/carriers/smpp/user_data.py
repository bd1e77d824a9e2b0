"""What stands in front of a text, or beside it: the place of a part among others.

Two ways to say it are in use: a user data header (3GPP TS 23.040, section 9.2.3.24) and the
optional parameters sar_*.
"""

from dataclasses import dataclass
from typing import Final

from delivery.carriers.smpp import tlv
from delivery.carriers.smpp.command import UDHI
from delivery.carriers.smpp.pdu import DeliverSm
from delivery.carriers.smpp.tlv import Tag

_PARTS_MOST: Final = 255
_ONE_OCTET, _TWO_OCTETS = (0x00, 3), (0x08, 4)  # concatenation: element and its length


@dataclass(frozen=True, slots=True)
class Place:
    """Part `number` of `total`, of the text a phone calls `reference`."""

    reference: int
    total: int
    number: int


def placed(pdu: DeliverSm) -> tuple[Place | None, bytes]:
    """Say which part of which text it is, and give its octets without their header."""
    octets = pdu.octets
    place = None
    if pdu.esm_class & UDHI and octets and octets[0] < len(octets):
        end = 1 + octets[0]
        place = _in_header(octets[1:end])
        octets = octets[end:]
    if place is None and pdu.tlvs:
        place = _in_tlvs(pdu)
    if place is not None and 1 <= place.number <= place.total <= _PARTS_MOST and place.total > 1:
        return place, octets
    return None, octets


def _in_header(header: bytes) -> Place | None:
    while len(header) > 1:
        element, size = header[0], header[1]
        value = header[2 : 2 + size]
        if (element, len(value)) in {_ONE_OCTET, _TWO_OCTETS}:
            return Place(int.from_bytes(value[:-2]), value[-2], value[-1])
        header = header[2 + size :]
    return None


def _in_tlvs(pdu: DeliverSm) -> Place | None:
    reference = tlv.number(pdu.tlvs, Tag.SAR_MSG_REF_NUM)
    total = tlv.number(pdu.tlvs, Tag.SAR_TOTAL_SEGMENTS)
    number = tlv.number(pdu.tlvs, Tag.SAR_SEGMENT_SEQNUM)
    if reference is None or total is None or number is None:
        return None
    return Place(reference, total, number)
