"""ZIP archives put together from members that were compressed before.

Each member of a dump is a stored object of raw deflate data, so that a dump taken up after a crash
keeps those that are whole; `zipfile` can only compress anew. Sizes stay below what ZIP's 64-bit
form is for (APPNOTE.TXT 6.3, sections 4.3.7 to 4.3.16); domain/dump.py bounds them.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END: Final = struct.Struct("<4sHHHHIIH")
_VERSION: Final = 20
_UTF8: Final = 0x0800
_DEFLATED: Final = 8


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive: `crc` and `size` of what it holds, `packed` of its deflate data."""

    name: str
    crc: int
    size: int
    packed: int


def local_header(member: Member, at: datetime) -> bytes:
    """Give what stands before a member's data; `at` is a local time."""
    name = member.name.encode()
    fixed = _LOCAL.pack(b"PK\x03\x04", _VERSION, *_facts(member, at), len(name), 0)
    return fixed + name


def directory(members: Sequence[Member], at: datetime) -> bytes:
    """Give what stands behind the data of the last member."""
    offset, entries = 0, []
    for member in members:
        name = member.name.encode()
        facts = _facts(member, at)
        rest = (len(name), 0, 0, 0, 0, 0, offset)
        entries.append(_CENTRAL.pack(b"PK\x01\x02", _VERSION, _VERSION, *facts, *rest) + name)
        offset += len(local_header(member, at)) + member.packed
    whole = b"".join(entries)
    count = len(members)
    return whole + _END.pack(b"PK\x05\x06", 0, 0, count, count, len(whole), offset, 0)


def _facts(member: Member, at: datetime) -> tuple[int, ...]:
    day = (at.year - 1980) << 9 | at.month << 5 | at.day
    moment = at.hour << 11 | at.minute << 5 | at.second // 2
    return (_UTF8, _DEFLATED, moment, day, member.crc, member.packed, member.size)
