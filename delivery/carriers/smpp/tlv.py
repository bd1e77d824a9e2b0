"""Optional parameters of SMPP 3.4 (section 5.3): a tag and its octets, known or not."""

from collections.abc import Sequence
from enum import IntEnum
from struct import Struct
from typing import Final

Tlv = tuple[int, bytes]

_HEAD: Final = Struct(">2H")
_MOST: Final = 0xFFFF


class Tag(IntEnum):
    """The tags this console reads or writes."""

    RECEIPTED_MESSAGE_ID = 0x001E
    SOURCE_PORT = 0x020A
    SAR_MSG_REF_NUM = 0x020C
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    USER_MESSAGE_REFERENCE = 0x0204
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    DELIVERY_FAILURE_REASON = 0x0425
    MORE_MESSAGES_TO_SEND = 0x0426
    MESSAGE_STATE = 0x0427


def encode(tlvs: Sequence[Tlv]) -> bytes:
    """Write parameters one after the other.

    Raises ValueError for a tag above 65535 and a value longer than 65535 octets.
    """
    if not tlvs:
        return b""
    out = bytearray()
    for tag, value in tlvs:
        if not 0 <= tag <= _MOST:
            raise ValueError(f'the tag of an optional parameter must be 0 to {_MOST}, not "{tag}"')
        if len(value) > _MOST:
            raise ValueError(
                f'the optional parameter "0x{tag:04X}" has {len(value)} octets, at most {_MOST}'
            )
        out += _HEAD.pack(tag, len(value))
        out += value
    return bytes(out)


def decode(body: bytes, start: int) -> tuple[Tlv, ...]:
    """Read the parameters that begin at `start`; one that is cut short at the end is ignored."""
    end = len(body)
    if start + _HEAD.size > end:
        return ()
    found: list[Tlv] = []
    while start + _HEAD.size <= end:
        tag, size = _HEAD.unpack_from(body, start)
        start += _HEAD.size
        if start + size > end:
            break
        found.append((tag, body[start : start + size]))
        start += size
    return tuple(found)


def find(tlvs: Sequence[Tlv], tag: int) -> bytes | None:
    """Give the value of the first parameter with a tag."""
    for each, value in tlvs:
        if each == tag:
            return value
    return None


def number(tlvs: Sequence[Tlv], tag: int) -> int | None:
    """Give a parameter as a number of however many octets it has; one without any is absent."""
    value = find(tlvs, tag)
    return int.from_bytes(value) if value else None


def text(tlvs: Sequence[Tlv], tag: int) -> str | None:
    """Give a parameter as text up to its NUL, which may be missing; an empty one is absent."""
    value = find(tlvs, tag)
    if value is None:
        return None
    return value.partition(b"\0")[0].decode("latin-1") or None
